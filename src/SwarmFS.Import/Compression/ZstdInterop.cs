using System.Runtime.InteropServices;

namespace SwarmFS.Import;

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
    /// <summary>ZSTD_d_windowLogMax.</summary>
    public const int WindowLogMax = 100;

    [LibraryImport("libzstd.so.1", EntryPoint = "ZSTD_createDCtx")]
    public static partial ZstdHandle CreateDecoder();

    [LibraryImport("libzstd.so.1", EntryPoint = "ZSTD_freeDCtx")]
    public static partial nuint FreeDecoder(nint decoder);

    [LibraryImport("libzstd.so.1", EntryPoint = "ZSTD_DCtx_setParameter")]
    public static partial nuint SetParameter(ZstdHandle decoder, int parameter, int value);

    /// <summary>Zero when a frame has ended and is flushed; an error code; or a hint of how much comes next.</summary>
    [LibraryImport("libzstd.so.1", EntryPoint = "ZSTD_decompressStream")]
    public static partial nuint Decompress(ZstdHandle decoder, ref ZstdBuffer output, ref ZstdBuffer input);

    [LibraryImport("libzstd.so.1", EntryPoint = "ZSTD_isError")]
    public static partial uint IsError(nuint code);

    [LibraryImport("libzstd.so.1", EntryPoint = "ZSTD_getErrorName")]
    public static partial nint ErrorName(nuint code);
}

internal sealed class ZstdHandle() : SafeHandle(0, ownsHandle: true)
{
    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle() => ZstdInterop.FreeDecoder(handle) == 0;
}
