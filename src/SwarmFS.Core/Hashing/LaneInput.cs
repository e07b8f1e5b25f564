using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace SwarmFS.Core;

/// <summary>Where one of the messages stands.</summary>
internal struct LaneInput
{
    /// <summary>
    /// How far ahead bytes are called into the cache. Sixteen messages are more streams than the processor follows by itself: what lies beyond its second cache was hashed at 1,240 MB/s,
    /// with this at 1,960 (Emerald Rapids, AVX-512; 256 bytes ahead 1,870, 1,024 bytes 1,750).
    /// </summary>
    private const int CalledAhead = 512;

    /// <summary>At <see cref="At"/> it has 64 bytes for each round of the function to come, or 64 bytes at all where <see cref="Stride"/> is 0.</summary>
    public byte[] Source;

    public nuint At;

    /// <summary>64, or 0 for a lane without a message.</summary>
    public nuint Stride;

    /// <summary>The next 64 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe ref byte Take()
    {
        ref var bytes = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(Source), At);
        At += Stride;
        // A hint: an address behind the array, or one that the collector has just left, does no harm.
        if (Sse.IsSupported) Sse.Prefetch0((byte*)Unsafe.AsPointer(ref bytes) + CalledAhead);
        return ref bytes;
    }
}
