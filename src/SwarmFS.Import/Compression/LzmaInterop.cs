using System.Runtime.InteropServices;

namespace SwarmFS.Import;

/// <summary>lzma_stream of liblzma 5's ABI (lzma/base.h); the reserved tail only has to be zero.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LzmaState
{
    public byte* NextIn;
    public nuint AvailableIn;
    public ulong TotalIn;
    public byte* NextOut;
    public nuint AvailableOut;
    public ulong TotalOut;
    public nint Allocator;
    public nint Internal;
    public fixed long Reserved[9];
}

internal enum LzmaResult
{
    Ok = 0,
    StreamEnd = 1,
    MemoryError = 5,
    MemoryLimit = 6,
    FormatError = 7,
    OptionsError = 8,
    DataError = 9,
    BufferError = 10,
}

internal static unsafe partial class LzmaInterop
{
    [LibraryImport("liblzma.so.5", EntryPoint = "lzma_stream_decoder")]
    public static partial LzmaResult InitDecoder(LzmaHandle state, ulong memoryLimit, uint flags);

    /// <param name="action">0: more input may follow; 3: the input ends here.</param>
    [LibraryImport("liblzma.so.5", EntryPoint = "lzma_code")]
    public static partial LzmaResult Code(LzmaHandle state, int action);

    [LibraryImport("liblzma.so.5", EntryPoint = "lzma_end")]
    public static partial void End(LzmaState* state);
}

/// <summary>Owns a decoder's state, which liblzma requires to stay at one address.</summary>
internal sealed unsafe class LzmaHandle : SafeHandle
{
    public LzmaHandle()
        : base(0, ownsHandle: true) => SetHandle((nint)NativeMemory.AllocZeroed((nuint)sizeof(LzmaState)));

    public override bool IsInvalid => handle == 0;

    public LzmaState* State => (LzmaState*)handle;

    protected override bool ReleaseHandle()
    {
        LzmaInterop.End(State);
        NativeMemory.Free(State);
        return true;
    }
}
