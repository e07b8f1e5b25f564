using System.Runtime.CompilerServices;
using SwarmFS.Core;

namespace SwarmFS.Store;

/// <summary>
/// One open-addressed table of the index, linear probing, removal by shifting back (Knuth, The Art of Computer Programming 3, 6.4, algorithm R), so that no
/// tombstones gather under constant eviction. Not synchronised: the caller holds <see cref="Gate"/>.
/// </summary>
/// <remarks>
/// Slots of 48 bytes, filled between 64 % and 80 %: 60 to 75 bytes of memory for a block. A small table doubles, so it may be filled to 40 % only: to grow by little takes memory again and again
/// while a first package comes.
/// </remarks>
internal sealed class BlockTable
{
    internal delegate ulong HashFunction(in Sha256Digest digest);

    private const int InitialSlots = 64;

    /// <summary>From here on a table grows by a quarter.</summary>
    private const int LargeSlots = 4096;

    private Slot[] _slots = new Slot[InitialSlots];
    private int _count;

    public Lock Gate { get; } = new();

    /// <summary>Bytes of memory that the slots take.</summary>
    public long MemoryBytes => (long)_slots.Length * Unsafe.SizeOf<Slot>();

    private struct Slot
    {
        public Sha256Digest Digest;
        public BlockPlace Place;

        public readonly bool IsFree => Place.Container == 0;
    }

    public bool TryFind(in Sha256Digest digest, ulong hash, out BlockPlace place)
    {
        ref var slot = ref _slots[Probe(digest, hash)];
        place = slot.Place;
        return !slot.IsFree;
    }

    /// <summary>The digest is in the table.</summary>
    public void Replace(in Sha256Digest digest, ulong hash, BlockPlace place) => _slots[Probe(digest, hash)].Place = place;

    /// <summary>The digest is not in the table.</summary>
    public void Add(in Sha256Digest digest, ulong hash, BlockPlace place, HashFunction hashOf)
    {
        if ((_count + 1) * 5L > _slots.Length * 4L) Grow(hashOf);
        ref var slot = ref _slots[Probe(digest, hash)];
        slot.Digest = digest;
        slot.Place = place;
        _count++;
    }

    /// <summary>The digest is in the table.</summary>
    public void Remove(in Sha256Digest digest, ulong hash, HashFunction hashOf)
    {
        var hole = Probe(digest, hash);
        for (var next = After(hole); !_slots[next].IsFree; next = After(next))
        {
            var home = Home(hashOf(_slots[next].Digest));
            if (Distance(home, next) < Distance(hole, next)) continue;
            _slots[hole] = _slots[next];
            hole = next;
        }
        _slots[hole] = default;
        _count--;
    }

    public void ClearFlag(BlockFlags flag)
    {
        foreach (ref var slot in _slots.AsSpan())
        {
            if (!slot.IsFree) slot.Place = slot.Place.Without(flag);
        }
    }

    private int Probe(in Sha256Digest digest, ulong hash)
    {
        var at = Home(hash);
        while (!_slots[at].IsFree && _slots[at].Digest != digest) at = After(at);
        return at;
    }

    private int After(int slot) => slot + 1 == _slots.Length ? 0 : slot + 1;

    private int Distance(int from, int to) => to >= from ? to - from : to - from + _slots.Length;

    // The top bits of the hash chose the table; the 32 below them choose the slot, scaled to the table's length (Lemire 2019, "Fast random integer
    // generation in an interval").
    private int Home(ulong hash) => (int)(((hash >> 24) & uint.MaxValue) * (ulong)_slots.Length >> 32);

    private void Grow(HashFunction hashOf)
    {
        var old = _slots;
        _slots = new Slot[checked(old.Length + old.Length / (old.Length < LargeSlots ? 1 : 4))];
        foreach (ref var slot in old.AsSpan())
        {
            if (!slot.IsFree) _slots[Probe(slot.Digest, hashOf(slot.Digest))] = slot;
        }
    }
}
