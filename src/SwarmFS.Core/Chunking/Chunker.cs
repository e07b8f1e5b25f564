using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SwarmFS.Core;

/// <summary>
/// Content-defined chunking: FastCDC with normalised chunking of level 2 (Xia et al., "FastCDC: a Fast and Efficient Content-Defined Chunking Approach for Data
/// Deduplication", USENIX ATC 2016; the two bytes per step of "The Design of Fast Content-Defined Chunking", IEEE TPDS 2020, do not change where it cuts).
/// A gear hash rolls over the bytes from the minimum on: hash = (hash &lt;&lt; 1) + gear[byte]. A chunk ends after the byte at which the hash's upper bits are zero:
/// two bits more than log2(average) before the average size, two bits less after it, at the maximum in any case.
/// </summary>
public sealed class Chunker
{
    /// <summary>Normalisation level of the paper: how many bits the two masks differ from log2(average).</summary>
    private const int Normalisation = 2;

    private readonly ChunkSizes _sizes;
    private readonly ulong _strictMask;
    private readonly ulong _easyMask;

    /// <exception cref="ArgumentException">Sizes that do not ascend, an average that is no power of two, or a maximum above <see cref="Block.MaxLength"/>.</exception>
    public Chunker(ChunkSizes sizes)
    {
        if (sizes.Minimum < 64 || sizes.Minimum >= sizes.Average || sizes.Average >= sizes.Maximum || sizes.Maximum > Block.MaxLength || !BitOperations.IsPow2(sizes.Average))
            throw new ArgumentException($"{sizes} is not 64 <= minimum < average < maximum <= {Block.MaxLength} with a power of two as average.", nameof(sizes));
        _sizes = sizes;
        var bits = BitOperations.Log2((uint)sizes.Average);
        _strictMask = UpperBits(bits + Normalisation);
        _easyMask = UpperBits(bits - Normalisation);
    }

    /// <summary>Cuts with the sizes of the format.</summary>
    public static Chunker Default { get; } = new(ChunkSizes.Default);

    public ChunkSizes Sizes => _sizes;

    /// <summary>The length of the first chunk.</summary>
    /// <param name="data">From the chunk's start on: at least <see cref="ChunkSizes.Maximum"/> bytes, or all that the file has left. Not empty.</param>
    public int FirstChunk(ReadOnlySpan<byte> data)
    {
        var end = Math.Min(data.Length, _sizes.Maximum);
        if (end <= _sizes.Minimum) return end;
        var middle = Math.Min(end, _sizes.Average);
        ulong hash = 0;
        var cut = Scan(data[..middle], _sizes.Minimum, _strictMask, ref hash);
        if (cut == 0) cut = Scan(data[..end], middle, _easyMask, ref hash);
        return cut != 0 ? cut : end;
    }

    /// <summary>The upper bits depend on the last 64 bytes, the lower ones on few.</summary>
    private static ulong UpperBits(int count) => ~0UL << (64 - count);

    /// <summary>The length up to and including the byte at which the hash matches, or 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Scan(ReadOnlySpan<byte> data, int from, ulong mask, ref ulong rolling)
    {
        ref var gear = ref MemoryMarshal.GetArrayDataReference(GearTable.Entries);
        ref var bytes = ref MemoryMarshal.GetReference(data);
        var hash = rolling;
        for (var i = from; i < data.Length; i++)
        {
            hash = (hash << 1) + Unsafe.Add(ref gear, Unsafe.Add(ref bytes, i));
            if ((hash & mask) == 0) return i + 1;
        }
        rolling = hash;
        return 0;
    }
}
