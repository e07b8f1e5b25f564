using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace SwarmFS.Core;

/// <summary>
/// The buffers that blocks travel in. Beside <see cref="ArrayPool{T}.Shared"/> it differs in two ways that decide how much memory a node takes: what lies idle is bounded for the whole
/// process (the shared pool keeps up to 32 arrays of each size for each processor: over 100 MB after a large file went through), and sizes go up in quarters of a power of two, so a
/// chunk of 130 KiB takes 160 KiB and not 256. Before an array is made, an idle one up to twice as large is handed out: small blocks come in all lengths, and each length would keep its own.
/// </summary>
public sealed class BlockBuffers : ArrayPool<byte>
{
    // A second of a 130 Mb/s line: enough that a busy node takes nothing new, little enough to leave idle.
    private const long IdleBytesMax = 16 << 20;

    // 256 bytes to 2 MiB: four classes to a doubling.
    private const int SmallestLog2 = 8;
    private const int LargestLog2 = 21;
    private const int ClassesPerDoubling = 4;
    private const int ClassCount = ((LargestLog2 - SmallestLog2) * ClassesPerDoubling) + 1;

    private readonly Stack<byte[]>[] _shelves = [.. Enumerable.Range(0, ClassCount).Select(_ => new Stack<byte[]>())];
    private long _idleBytes;

    internal BlockBuffers()
    {
    }

    /// <summary>The pool of this process.</summary>
    public static new BlockBuffers Shared { get; } = new();

    /// <summary>Bytes of arrays that nobody has.</summary>
    public long IdleBytes => Volatile.Read(ref _idleBytes);

    /// <param name="minimumLength">In bytes; above 2 MiB the array is not pooled.</param>
    public override byte[] Rent(int minimumLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(minimumLength);
        if (minimumLength == 0) return [];
        var size = ClassOf(minimumLength);
        if (size >= ClassCount) return GC.AllocateUninitializedArray<byte>(minimumLength);
        for (var larger = size; larger <= Math.Min(size + ClassesPerDoubling, ClassCount - 1); larger++)
            if (TryTake(larger, out var idle)) return idle;
        return GC.AllocateUninitializedArray<byte>(LengthOf(size));
    }

    public override void Return(byte[] array, bool clearArray = false)
    {
        if (clearArray) Array.Clear(array);
        if (array.Length == 0) return;
        var size = ClassOf(array.Length);
        if (size >= ClassCount || LengthOf(size) != array.Length) return;
        // What came last is wanted next: the bound is kept at the cost of larger arrays that lie idle, or else of this one.
        for (var larger = ClassCount - 1; larger > size && IdleBytes + array.Length > IdleBytesMax; larger--)
            while (IdleBytes + array.Length > IdleBytesMax && TryTake(larger, out _)) { }
        if (IdleBytes + array.Length > IdleBytesMax) return;
        var shelf = _shelves[size];
        Interlocked.Add(ref _idleBytes, array.Length);
        lock (shelf) shelf.Push(array);
    }

    private bool TryTake(int size, [NotNullWhen(true)] out byte[]? idle)
    {
        var shelf = _shelves[size];
        lock (shelf)
        {
            if (!shelf.TryPop(out idle)) return false;
        }
        Interlocked.Add(ref _idleBytes, -idle.Length);
        return true;
    }

    /// <summary>The smallest class that holds this many bytes; may be beyond the last.</summary>
    internal static int ClassOf(int length)
    {
        if (length <= 1 << SmallestLog2) return 0;
        var log2 = BitOperations.Log2((uint)length - 1);
        return ((log2 - SmallestLog2) * 4) + (((length - 1) >> (log2 - 2)) & 3) + 1;
    }

    internal static int LengthOf(int size) => (4 + (size & 3)) << (SmallestLog2 - 2 + (size >> 2));
}
