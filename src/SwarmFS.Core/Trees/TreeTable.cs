namespace SwarmFS.Core;

/// <summary>One entry of a tree as the mount needs it: fixed size, no heap objects.</summary>
public struct TreeRow
{
    /// <summary>File: the block or top file node. Directory: its node. Symlink: none.</summary>
    public Cid Content;

    /// <summary>File: bytes. Directory: total bytes of the files below it. Symlink: length of the target.</summary>
    public long Size;

    /// <summary>Seconds since 1970, before the split of <see cref="MtimeNanoseconds"/>.</summary>
    public long MtimeSeconds;

    public int MtimeNanoseconds;

    public EntryKind Kind;

    /// <summary>Permission bits 0777.</summary>
    public ushort Permissions;

    /// <summary>Setuid 4, setgid 2, sticky 1: recorded, applied only where the mount was told to.</summary>
    public byte SpecialBits;

    public uint Uid;

    public uint Gid;

    /// <summary>The row of the directory that holds it; the root's is 0, itself.</summary>
    public int Parent;

    /// <summary>Rows below this one, itself not counted: 0 unless it is a directory. The next sibling in canonical order is at row + 1 + Descendants.</summary>
    public int Descendants;

    /// <summary>The first row of its hard-link group (its own row when it has no other link). Rows of a group share one inode.</summary>
    public int Leader;

    /// <summary>st_nlink: links within the tree for files; 2 + subdirectories for directories.</summary>
    public int LinkCount;
}

/// <summary>
/// A package tree's directory structure in memory: the rows in canonical order, which is depth first with the entries of a directory ascending by the bytes of
/// their names, the root being row 0. So a row number is stable for ever: it is a function of the tree alone, and an inode number can be made of it.
/// Immutable once built; safe from any thread.
/// </summary>
public sealed class TreeTable
{
    private readonly TreeRow[] _rows;
    private readonly byte[] _text;
    private readonly int[] _nameStarts;
    private readonly int[] _targetStarts;
    private readonly int[] _childStarts;
    private readonly int[] _children;
    private readonly Dictionary<int, Xattr[]> _xattrs;

    /// <param name="rows">In canonical order; row 0 is the root.</param>
    /// <param name="text">All names and symlink targets: the name of row r is text[nameStarts[r]..targetStarts[r]], its target text[targetStarts[r]..nameStarts[r + 1]].</param>
    /// <param name="nameStarts">One per row, and one more: the length of the text.</param>
    /// <param name="targetStarts">One per row.</param>
    /// <param name="childStarts">The entries of row r are children[childStarts[r]..childStarts[r + 1]]; one per row, and one more.</param>
    /// <param name="children">Row numbers, ascending by name within a directory.</param>
    /// <param name="xattrs">For the rows that have any.</param>
    internal TreeTable(
        Cid root, TreeRow[] rows, byte[] text, int[] nameStarts, int[] targetStarts, int[] childStarts, int[] children,
        Dictionary<int, Xattr[]> xattrs, IReadOnlyList<Cid> directoryNodes)
    {
        Root = root;
        _rows = rows;
        _text = text;
        _nameStarts = nameStarts;
        _targetStarts = targetStarts;
        _childStarts = childStarts;
        _children = children;
        _xattrs = xattrs;
        DirectoryNodes = directoryNodes;
        MemoryBytes = ((long)rows.Length * (System.Runtime.CompilerServices.Unsafe.SizeOf<TreeRow>() + 16)) + text.Length
            + ((long)directoryNodes.Count * System.Runtime.CompilerServices.Unsafe.SizeOf<Cid>());
    }

    public Cid Root { get; }

    /// <summary>Rows, the root included.</summary>
    public int Count => _rows.Length;

    /// <summary>About how many bytes of memory it holds, for a cache's bound.</summary>
    public long MemoryBytes { get; }

    /// <summary>True when any entry has extended attributes of its own.</summary>
    public bool HasXattrs => _xattrs.Count > 0;

    /// <summary>The CIDs of all directory nodes and shards of the tree, parents first (needed for completeness, pins and holdings).</summary>
    public IReadOnlyList<Cid> DirectoryNodes { get; }

    public ref readonly TreeRow this[int row] => ref _rows[row];

    /// <summary>The entry's name; empty for the root.</summary>
    public ReadOnlySpan<byte> Name(int row) => _text.AsSpan(_nameStarts[row].._targetStarts[row]);

    /// <summary>A symlink's target; empty for anything else.</summary>
    public ReadOnlySpan<byte> SymlinkTarget(int row) => _text.AsSpan(_targetStarts[row].._nameStarts[row + 1]);

    public ReadOnlySpan<Xattr> Xattrs(int row) => _xattrs.TryGetValue(row, out var xattrs) ? xattrs : [];

    /// <summary>The rows of a directory's entries, ascending by name; empty for anything else.</summary>
    public ReadOnlySpan<int> Children(int row) => _children.AsSpan(_childStarts[row].._childStarts[row + 1]);

    /// <summary>Looks a name up in a directory; O(log entries), allocates nothing.</summary>
    public bool TryFind(int directory, ReadOnlySpan<byte> name, out int row)
    {
        var children = Children(directory);
        var (low, high) = (0, children.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var order = Name(children[middle]).SequenceCompareTo(name);
            if (order == 0)
            {
                row = children[middle];
                return true;
            }
            if (order < 0) low = middle + 1;
            else high = middle - 1;
        }
        row = -1;
        return false;
    }

    /// <summary>Follows names separated by '/' from the root; symlinks are not followed, empty names are skipped.</summary>
    public bool TryFindPath(ReadOnlySpan<byte> path, out int row)
    {
        row = 0;
        foreach (var part in path.Split((byte)'/'))
        {
            var name = path[part];
            if (!name.IsEmpty && !TryFind(row, name, out row)) return false;
        }
        return true;
    }
}
