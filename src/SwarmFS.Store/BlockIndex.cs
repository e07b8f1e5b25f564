using SwarmFS.Core;

namespace SwarmFS.Store;

/// <summary>
/// Where each present block is: digest → <see cref="BlockPlace"/>. The codec is not part of the key, because the same bytes are never kept twice.
/// Sixteen tables, each under its own lock that is held for a probe and never across disk work; a table that grows stops a sixteenth of the readers.
/// </summary>
internal sealed class BlockIndex
{
    private const int TableBits = 4;
    private readonly BlockTable[] _tables = new BlockTable[1 << TableBits];
    private readonly ulong _seed;
    private long _count;
    private long _bytes;
    private long _losses;

    /// <param name="seed">Unpredictable, so that nobody can choose blocks whose digests collide in the tables.</param>
    public BlockIndex(ulong seed)
    {
        _seed = seed;
        for (var i = 0; i < _tables.Length; i++) _tables[i] = new BlockTable();
    }

    public long Count => Interlocked.Read(ref _count);

    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Bytes of memory that the tables take.</summary>
    public long MemoryBytes => _tables.Sum(table => table.MemoryBytes);

    /// <summary>Blocks removed since start; counted before the block is gone.</summary>
    public long Losses => Interlocked.Read(ref _losses);

    public bool TryFind(in Sha256Digest digest, out BlockPlace place)
    {
        var table = TableOf(digest, out var hash);
        lock (table.Gate) return table.TryFind(digest, hash, out place);
    }

    /// <summary>As <see cref="TryFind"/>, and notes that the block was asked for.</summary>
    public bool TryUse(in Sha256Digest digest, out BlockPlace place)
    {
        var table = TableOf(digest, out var hash);
        lock (table.Gate)
        {
            if (!table.TryFind(digest, hash, out place)) return false;
            if ((place.Flags & BlockFlags.Used) == 0) table.Replace(digest, hash, place.With(BlockFlags.Used));
            return true;
        }
    }

    /// <summary>
    /// False when the block is already somewhere: it stays there. A new block is marked, so that a collection whose walk came too early for it leaves it alone.
    /// </summary>
    public bool TryAdd(in Sha256Digest digest, BlockPlace place)
    {
        var table = TableOf(digest, out var hash);
        lock (table.Gate)
        {
            if (table.TryFind(digest, hash, out _)) return false;
            table.Add(digest, hash, place.With(BlockFlags.Marked), Hash);
        }
        Interlocked.Increment(ref _count);
        Interlocked.Add(ref _bytes, place.Length);
        return true;
    }

    /// <summary>Adds the block, or points to this place from now on: of two copies found at start the one registered later counts.</summary>
    public void Set(in Sha256Digest digest, BlockPlace place)
    {
        if (TryFind(digest, out var seen)) Remove(digest, seen);
        TryAdd(digest, place);
    }

    /// <summary>Removes the block if it still is where the caller saw it.</summary>
    public bool Remove(in Sha256Digest digest, BlockPlace seen)
    {
        var table = TableOf(digest, out var hash);
        lock (table.Gate)
        {
            if (!table.TryFind(digest, hash, out var place) || !place.SameSpot(seen)) return false;
            Interlocked.Increment(ref _losses);
            table.Remove(digest, hash, Hash);
        }
        Interlocked.Decrement(ref _count);
        Interlocked.Add(ref _bytes, -seen.Length);
        return true;
    }

    /// <summary>Changes flags of the block if it still is where the caller saw it.</summary>
    public bool Flag(in Sha256Digest digest, BlockPlace seen, BlockFlags set, BlockFlags clear = BlockFlags.None)
    {
        var table = TableOf(digest, out var hash);
        lock (table.Gate)
        {
            if (!table.TryFind(digest, hash, out var place) || !place.SameSpot(seen)) return false;
            table.Replace(digest, hash, place.Without(clear).With(set));
            return true;
        }
    }

    /// <summary>Points to the copy at <paramref name="target"/> if the block still is where the caller saw it; what is known of the block stays known.</summary>
    public bool Move(in Sha256Digest digest, BlockPlace seen, int container, long offset)
    {
        var table = TableOf(digest, out var hash);
        lock (table.Gate)
        {
            if (!table.TryFind(digest, hash, out var place) || !place.SameSpot(seen)) return false;
            table.Replace(digest, hash, new BlockPlace(container, place.Meta, offset).Without(BlockFlags.Used));
            return true;
        }
    }

    /// <summary>Sets the mark of a present block; <paramref name="place"/> is the place as it was before.</summary>
    public bool TryMark(in Sha256Digest digest, out BlockPlace place)
    {
        var table = TableOf(digest, out var hash);
        lock (table.Gate)
        {
            if (!table.TryFind(digest, hash, out place)) return false;
            table.Replace(digest, hash, place.With(BlockFlags.Marked));
            return true;
        }
    }

    public void ClearMarks()
    {
        foreach (var table in _tables)
        {
            lock (table.Gate) table.ClearFlag(BlockFlags.Marked);
        }
    }

    private BlockTable TableOf(in Sha256Digest digest, out ulong hash)
    {
        hash = Hash(digest);
        return _tables[hash >> (64 - TableBits)];
    }

    // Fibonacci hashing (Knuth, The Art of Computer Programming 3, 6.4) of the seeded prefix: the tables and slots that it chooses cannot be foreseen.
    private ulong Hash(in Sha256Digest digest) => (digest.Prefix ^ _seed) * 0x9E3779B97F4A7C15UL;
}
