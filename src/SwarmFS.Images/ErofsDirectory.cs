using SwarmFS.Core;

namespace SwarmFS.Images;

/// <summary>
/// A directory's content: blocks that each hold a table of entries and behind it their names. All names of a directory ascend by their bytes, "." and ".." among them, because the
/// kernel looks a name up by halving.
/// </summary>
internal readonly ref struct ErofsDirectory
{
    private readonly TreeTable _tree;
    private readonly int _row;
    private readonly ReadOnlySpan<int> _children;
    private readonly int _self;
    private readonly int _parent;

    public ErofsDirectory(TreeTable tree, int row)
    {
        _tree = tree;
        _row = row;
        _children = tree.Children(row);
        _self = Before("."u8);
        _parent = Before(".."u8) + 1;
    }

    private int Count => _children.Length + 2;

    /// <summary>Entries below the directory whose names come before this one.</summary>
    private int Before(ReadOnlySpan<byte> name)
    {
        var (low, high) = (0, _children.Length);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (_tree.Name(_children[middle]).SequenceCompareTo(name) < 0) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    private ReadOnlySpan<byte> Name(int entry) =>
        entry == _self ? "."u8 : entry == _parent ? ".."u8 : _tree.Name(Child(entry));

    private int Row(int entry) => entry == _self ? _row : entry == _parent ? _tree[_row].Parent : Child(entry);

    private int Child(int entry) => _children[entry - (entry > _self ? 1 : 0) - (entry > _parent ? 1 : 0)];

    /// <summary>The entry with which the next block begins.</summary>
    private int EndOfBlock(int first)
    {
        var used = 0;
        var entry = first;
        for (; entry < Count; entry++)
        {
            used += ErofsFormat.DirentSize + Name(entry).Length;
            if (used > ErofsFormat.BlockSize) break;
        }
        return entry;
    }

    /// <summary>Notes the entry with which each of its blocks begins.</summary>
    /// <returns>How many blocks it has.</returns>
    public int AddBlocks(List<int> firstEntries)
    {
        var before = firstEntries.Count;
        for (var entry = 0; entry < Count; entry = EndOfBlock(entry)) firstEntries.Add(entry);
        return firstEntries.Count - before;
    }

    /// <param name="first">The entry with which the block begins.</param>
    /// <param name="layout">Tells the entries' inode numbers.</param>
    public void WriteBlock(int first, ErofsLayout layout, Span<byte> block)
    {
        block.Clear();
        var end = EndOfBlock(first);
        var nameOffset = (end - first) * ErofsFormat.DirentSize;
        for (var entry = first; entry < end; entry++)
        {
            var row = Row(entry);
            ErofsFormat.WriteDirent(block[((entry - first) * ErofsFormat.DirentSize)..], layout.InodeOf(row), nameOffset, _tree[row].Kind);
            Name(entry).CopyTo(block[nameOffset..]);
            nameOffset += Name(entry).Length;
        }
    }
}
