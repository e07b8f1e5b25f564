using System.Runtime.InteropServices;

namespace SwarmFS.Import;

/// <summary>z_stream of zlib 1's ABI (zlib.h). The tail that is not named here only has to be zero.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ZlibState
{
    public byte* NextIn;
    public uint AvailableIn;
    public nuint TotalIn;
    public byte* NextOut;
    public uint AvailableOut;
    public nuint TotalOut;
    public nint Message;
    public fixed long Reserved[7];
}

internal enum ZlibResult
{
    Ok = 0,
    StreamEnd = 1,
    BufferError = -5,
}

internal static unsafe partial class ZlibInterop
{
    /// <summary>The largest window, and gzip's frame alone around it.</summary>
    private const int GzipWindow = 15 + 16;

    public static ZlibResult InitDecoder(ZlibHandle state) => InitDecoder(state, GzipWindow, "1", sizeof(ZlibState));

    /// <param name="version">Its first character is that of the ABI.</param>
    [LibraryImport("libz.so.1", EntryPoint = "inflateInit2_", StringMarshalling = StringMarshalling.Utf8)]
    private static partial ZlibResult InitDecoder(ZlibHandle state, int windowBits, string version, int stateSize);

    /// <param name="flush">0: as much as goes.</param>
    [LibraryImport("libz.so.1", EntryPoint = "inflate")]
    public static partial ZlibResult Code(ZlibHandle state, int flush);

    [LibraryImport("libz.so.1", EntryPoint = "inflateReset")]
    public static partial ZlibResult Reset(ZlibHandle state);

    [LibraryImport("libz.so.1", EntryPoint = "inflateEnd")]
    public static partial ZlibResult End(ZlibState* state);
}

/// <summary>Owns a decoder's state, which zlib requires to stay at one address.</summary>
internal sealed unsafe class ZlibHandle : SafeHandle
{
    public ZlibHandle()
        : base(0, ownsHandle: true) => SetHandle((nint)NativeMemory.AllocZeroed((nuint)sizeof(ZlibState)));

    public override bool IsInvalid => handle == 0;

    public ZlibState* State => (ZlibState*)handle;

    protected override bool ReleaseHandle()
    {
        _ = ZlibInterop.End(State);
        NativeMemory.Free(State);
        return true;
    }
}
