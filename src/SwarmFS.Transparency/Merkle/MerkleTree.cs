using System.Numerics;
using SwarmFS.Core;

namespace SwarmFS.Transparency;

/// <summary>
/// The hashes of a log that only grows (RFC 6962, section 2.1), every complete subtree kept: 64 bytes an entry, roots and proofs of all sizes up to <see cref="Size"/> in O(log n) hashes.
/// Not safe while it grows: whoever appends keeps readers out.
/// </summary>
public sealed class MerkleTree
{
    // _levels[h][i] is the hash over the entries i·2^h up to (i+1)·2^h, for every such range that is full.
    private readonly List<List<Sha256Digest>> _levels = [[]];

    /// <summary>Entries in the tree.</summary>
    public long Size => _levels[0].Count;

    /// <returns>The entry's index, from 0.</returns>
    public long Append(ReadOnlySpan<byte> entry) => Append(MerkleHash.OfLeaf(entry));

    /// <inheritdoc cref="Append(ReadOnlySpan{byte})"/>
    /// <param name="leafHash">Of the entry (<see cref="MerkleHash.OfLeaf"/>).</param>
    public long Append(in Sha256Digest leafHash)
    {
        var index = Size;
        _levels[0].Add(leafHash);
        for (var height = 0; _levels[height].Count % 2 == 0; height++)
        {
            if (_levels.Count == height + 1) _levels.Add([]);
            var level = _levels[height];
            _levels[height + 1].Add(MerkleHash.OfNode(level[^2], level[^1]));
        }
        return index;
    }

    /// <summary>Takes back the entries from <paramref name="size"/> on: they were tried and did not lead to the root that they should.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The tree is not so large.</exception>
    public void Truncate(long size)
    {
        CheckRange(size, Size);
        for (var height = 0; height < _levels.Count; height++)
        {
            var kept = (int)(size >> height);
            _levels[height].RemoveRange(kept, _levels[height].Count - kept);
        }
    }

    /// <exception cref="ArgumentOutOfRangeException">There is no such entry.</exception>
    public Sha256Digest LeafHash(long index)
    {
        CheckRange(index, Size - 1);
        return _levels[0][(int)index];
    }

    /// <summary>Root of the tree as it was at a size.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It has not been that large.</exception>
    public Sha256Digest RootAt(long size)
    {
        CheckRange(size, Size);
        return size == 0 ? MerkleHash.EmptyRoot : Over(0, size);
    }

    /// <summary>The hashes that lead from an entry to the root at a size (RFC 6962, section 2.1.1), the entry's sibling first.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The tree has not been that large, or was without that entry.</exception>
    public Sha256Digest[] ProveInclusion(long index, long size)
    {
        CheckRange(size, Size);
        CheckRange(index, size - 1);
        var path = new List<Sha256Digest>(MerkleProof.MaxLength);
        for (long start = 0, end = size; end - start > 1;)
        {
            var middle = start + LargestPowerBelow(end - start);
            var goesLeft = index < middle;
            path.Add(goesLeft ? Over(middle, end) : Over(start, middle));
            (start, end) = goesLeft ? (start, middle) : (middle, end);
        }
        path.Reverse();
        return [.. path];
    }

    /// <summary>The hashes that show the tree at one size to be the beginning of the tree at another (RFC 6962, section 2.1.2). Empty when the sizes are equal, and from size 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The tree has not been that large, or the old size is above the new one.</exception>
    public Sha256Digest[] ProveConsistency(long oldSize, long newSize)
    {
        CheckRange(newSize, Size);
        CheckRange(oldSize, newSize);
        if (oldSize == 0) return [];
        var path = new List<Sha256Digest>(MerkleProof.MaxLength);
        long start = 0, end = newSize;
        while (end != oldSize)
        {
            var middle = start + LargestPowerBelow(end - start);
            var goesLeft = oldSize <= middle;
            path.Add(goesLeft ? Over(middle, end) : Over(start, middle));
            (start, end) = goesLeft ? (start, middle) : (middle, end);
        }
        // The verifier knows the old root already; any other subtree that ends at the old size it must be told.
        if (start != 0) path.Add(Over(start, end));
        path.Reverse();
        return [.. path];
    }

    /// <summary>The bytes of a tile (C2SP tlog-tiles): consecutive hashes over 256^<paramref name="level"/> entries each.</summary>
    /// <param name="width">Hashes in it, 1 to 256.</param>
    /// <exception cref="ArgumentOutOfRangeException">The tree does not reach so far.</exception>
    public byte[] Tile(int level, long index, int width)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(level);
        CheckRange(width - 1, LogTile.FullWidth - 1);
        var height = (long)level * LogTile.Height;
        if (height >= _levels.Count) throw new ArgumentOutOfRangeException(nameof(level), level, "The tree is not so high.");
        var hashes = _levels[(int)height];
        CheckRange(index, (hashes.Count - width) / LogTile.FullWidth);
        var first = (int)index * LogTile.FullWidth;
        CheckRange(first + width, hashes.Count);
        var tile = new byte[width * Sha256Digest.Length];
        for (var i = 0; i < width; i++) hashes[first + i].CopyTo(tile.AsSpan(i * Sha256Digest.Length));
        return tile;
    }

    /// <summary>The hash over a range that begins at a multiple of the least power of two that is not below its length.</summary>
    private Sha256Digest Over(long start, long end)
    {
        var rest = end - start;
        var height = BitOperations.TrailingZeroCount(rest);
        var hash = _levels[height][(int)(end >> height) - 1];
        for (rest &= rest - 1; rest != 0; rest &= rest - 1)
        {
            height = BitOperations.TrailingZeroCount(rest);
            hash = MerkleHash.OfNode(_levels[height][(int)(end >> height) - 1], hash);
        }
        return hash;
    }

    private static long LargestPowerBelow(long length) => 1L << BitOperations.Log2((ulong)length - 1);

    private static void CheckRange(long value, long most)
    {
        if (value < 0 || value > most) throw new ArgumentOutOfRangeException(nameof(value), value, $"It lies outside 0 to {most}.");
    }
}
