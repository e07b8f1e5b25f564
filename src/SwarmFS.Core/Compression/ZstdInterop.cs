using System.Runtime.InteropServices;

namespace SwarmFS.Core;

/// <summary>ZSTD_inBuffer and ZSTD_outBuffer, which have the same layout (zstd.h).</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ZstdBuffer
{
    public byte* Data;
    public nuint Size;
    public nuint Position;
}

internal static unsafe partial class ZstdInterop
{
    public const string Library = "libzstd.so.1";

    /// <summary>ZSTD_d_windowLogMax.</summary>
    public const int WindowLogMax = 100;

    [LibraryImport(Library, EntryPoint = "ZSTD_createDCtx")]
    public static partial ZstdDecoderHandle CreateDecoder();

    [LibraryImport(Library, EntryPoint = "ZSTD_freeDCtx")]
    public static partial nuint FreeDecoder(nint decoder);

    [LibraryImport(Library, EntryPoint = "ZSTD_DCtx_setParameter")]
    public static partial nuint SetParameter(ZstdDecoderHandle decoder, int parameter, int value);

    /// <summary>Zero when a frame has ended and is flushed; an error code; or a hint of how much comes next.</summary>
    [LibraryImport(Library, EntryPoint = "ZSTD_decompressStream")]
    public static partial nuint Decompress(ZstdDecoderHandle decoder, ref ZstdBuffer output, ref ZstdBuffer input);

    /// <summary>Bytes written, or an error code; likewise the next.</summary>
    [LibraryImport(Library, EntryPoint = "ZSTD_compress")]
    public static partial nuint CompressFrame(byte* output, nuint capacity, byte* input, nuint length, int level);

    [LibraryImport(Library, EntryPoint = "ZSTD_decompress")]
    public static partial nuint DecompressFrame(byte* output, nuint capacity, byte* input, nuint length);

    /// <summary>Bytes of the first frame in <paramref name="input"/>, found without unpacking it; or an error code.</summary>
    [LibraryImport(Library, EntryPoint = "ZSTD_findFrameCompressedSize")]
    public static partial nuint FrameLength(byte* input, nuint length);

    [LibraryImport(Library, EntryPoint = "ZSTD_isError")]
    public static partial uint IsError(nuint code);

    [LibraryImport(Library, EntryPoint = "ZSTD_getErrorCode")]
    public static partial int ErrorCode(nuint code);

    [LibraryImport(Library, EntryPoint = "ZSTD_getErrorName")]
    private static partial nint ErrorName(nuint code);

    /// <summary>The library's words for an error code.</summary>
    public static string Describe(nuint code) => Marshal.PtrToStringAnsi(ErrorName(code)) ?? "unknown error";
}

internal sealed class ZstdDecoderHandle() : SafeHandle(0, ownsHandle: true)
{
    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle() => ZstdInterop.FreeDecoder(handle) == 0;
}
