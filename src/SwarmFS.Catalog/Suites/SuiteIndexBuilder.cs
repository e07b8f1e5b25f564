using System.Text;
using SwarmFS.Core;

namespace SwarmFS.Catalog;

/// <summary>
/// Makes the index of a suite from its packages in any order, as a Packages file lists them. The index depends on the set of entries alone. A name and version that occurs more
/// than once counts once; where the occurrences contradict each other, the one whose target is the first by its bytes stands (the lowest digest, then size, then file name), so
/// that all who read the same list agree. Memory is about 180 bytes an entry. Not thread-safe; used for one index.
/// </summary>
public sealed class SuiteIndexBuilder
{
    /// <summary>Bytes of links and targets of one index: 256 for each entry of the largest; Debian's have 170 on average.</summary>
    public const long BytesMax = 256L * Limits.EntriesPerTree;

    /// <summary>Links and targets lie one behind the other in pages of this many bytes; the longest entry has 4.3 KiB.</summary>
    private const int PageLength = 1 << 20;

    private readonly List<byte[]> _pages = [];
    private readonly List<Slot> _slots = [];
    private int _used = PageLength;

    /// <summary>Where an entry lies: the link, and behind it the target.</summary>
    private readonly record struct Slot(int Page, int Start, int Link, int Target);

    /// <param name="error">Says what is wrong with it, as a clause.</param>
    /// <returns>False when it may not stand in an index, or the index is full; nothing was added.</returns>
    public bool TryAdd(SuiteIndexEntry entry, out string? error)
    {
        error = entry.Fault();
        if (error is not null) return false;
        var (link, target) = (entry.LinkName, entry.Target);
        if (_slots.Count == Limits.EntriesPerTree || (long)_pages.Count * PageLength >= BytesMax)
        {
            error = $"the index has more than {Limits.EntriesPerTree} entries or {BytesMax} bytes";
            return false;
        }
        if (_used + link.Length + target.Length > PageLength)
        {
            _pages.Add(new byte[PageLength]);
            _used = 0;
        }
        var slot = new Slot(_pages.Count - 1, _used, link.Length, target.Length);
        Encoding.ASCII.GetBytes(link, _pages[^1].AsSpan(_used));
        Encoding.ASCII.GetBytes(target, _pages[^1].AsSpan(_used + link.Length));
        _used += link.Length + target.Length;
        _slots.Add(slot);
        return true;
    }

    /// <summary>Puts the index into a store. The caller keeps it from eviction (<see cref="IBlockStore.HoldNew"/>) until its root is pinned.</summary>
    /// <exception cref="StoreFullException">The store has no space for it.</exception>
    public BuiltDirectory Build(IBlockStore store)
    {
        _slots.Sort(Compare);
        var directory = new LinkDirectoryBuilder(store);
        for (var i = 0; i < _slots.Count; i++)
            if (i == 0 || !Link(_slots[i]).SequenceEqual(Link(_slots[i - 1]))) directory.Add(Link(_slots[i]), Target(_slots[i]));
        return directory.Finish();
    }

    private int Compare(Slot left, Slot right)
    {
        var order = Link(left).SequenceCompareTo(Link(right));
        return order != 0 ? order : Target(left).SequenceCompareTo(Target(right));
    }

    private ReadOnlySpan<byte> Link(Slot slot) => _pages[slot.Page].AsSpan(slot.Start, slot.Link);

    private ReadOnlySpan<byte> Target(Slot slot) => _pages[slot.Page].AsSpan(slot.Start + slot.Link, slot.Target);
}
