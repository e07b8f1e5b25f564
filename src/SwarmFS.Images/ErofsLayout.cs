using SwarmFS.Core;

namespace SwarmFS.Images;

/// <summary>
/// Where each part of an image lies, as a function of the tree alone:
/// <code>
/// block 0: superblock | inodes, in the order of the rows | directories | symlink targets | a gap | files, in the order of the rows
/// </code>
/// What is not content stands before all content, and so far from it that the kernel's read-ahead of directories ends in the gap: whoever only looks at names has no content fetched. Links of one file have one inode, that of the first.
/// Memory: about 16 bytes a row.
/// </summary>
internal sealed class ErofsLayout
{
    private const int FirstSlot = ErofsFormat.BlockSize / ErofsFormat.SlotSize;

    /// <summary>Blocks between names and content: EROFS reads 16 KiB of a directory ahead (dir_ra_bytes), which the page cache makes four times as much at most.</summary>
    private const int Gap = 32;

    private readonly TreeTable _tree;
    private readonly int[] _inodes;
    private readonly int[] _directories;
    private readonly int[] _symlinks;
    private readonly int[] _files;
    private readonly uint[] _slots;
    private readonly uint[] _blocks;
    private readonly int[] _firstEntries;

    /// <exception cref="ImageTooLargeException">The files fill more blocks than EROFS counts.</exception>
    public ErofsLayout(TreeTable tree)
    {
        _tree = tree;
        _slots = new uint[tree.Count];
        _blocks = new uint[tree.Count];
        _inodes = [.. Enumerable.Range(0, tree.Count).Where(row => tree[row].Leader == row)];
        _directories = [.. _inodes.Where(row => tree[row].Kind == EntryKind.Directory)];
        _symlinks = [.. _inodes.Where(row => tree[row].Kind == EntryKind.Symlink)];
        _files = [.. _inodes.Where(row => tree[row] is { Kind: EntryKind.File, Size: > 0 })];

        var slot = (long)FirstSlot;
        foreach (var row in _inodes)
        {
            _slots[row] = (uint)slot;
            slot += (InodeBytes(row) + ErofsFormat.SlotSize - 1) / ErofsFormat.SlotSize;
        }
        InodesEnd = slot * ErofsFormat.SlotSize;
        FirstDirectory = BlocksOf(InodesEnd);
        var firstEntries = new List<int>();
        FirstSymlink = Place(_directories, FirstDirectory, row => new ErofsDirectory(tree, row).AddBlocks(firstEntries));
        _firstEntries = [.. firstEntries];
        EndOfSymlinks = Place(_symlinks, FirstSymlink, _ => 1);
        FirstFile = EndOfSymlinks + (_files.Length > 0 ? Gap : 0);
        Blocks = Place(_files, FirstFile, row => BlocksOf(tree[row].Size));
    }

    /// <summary>The byte behind the last inode.</summary>
    public long InodesEnd { get; }

    public long FirstDirectory { get; }

    public long FirstSymlink { get; }

    public long EndOfSymlinks { get; }

    public long FirstFile { get; }

    /// <summary>Of the whole image.</summary>
    public long Blocks { get; }

    public int Inodes => _inodes.Length;

    private static long BlocksOf(long bytes) => (bytes / ErofsFormat.BlockSize) + (bytes % ErofsFormat.BlockSize == 0 ? 0 : 1);

    private long Place(int[] rows, long next, Func<int, long> count)
    {
        foreach (var row in rows)
        {
            _blocks[row] = (uint)next;
            next += count(row);
            if (next > uint.MaxValue) throw new ImageTooLargeException($"The tree {_tree.Root} has more than 16 TiB, which an image cannot hold.");
        }
        return next;
    }

    public uint InodeOf(int row) => _slots[_tree[row].Leader];

    /// <summary>The block with which an entry's content begins, in an image that has any of it.</summary>
    public uint BlockOf(int row) => _blocks[row];

    /// <summary>Bytes of an inode and what follows it.</summary>
    public int InodeBytes(int row) => ErofsFormat.InodeSize + ErofsXattrs.Size(_tree.Xattrs(row));

    /// <summary>Bytes of an entry's content as its inode tells them: a directory ends with a block.</summary>
    public long ContentBytes(int row)
    {
        if (_tree[row].Kind != EntryKind.Directory) return _tree[row].Size;
        var next = Array.BinarySearch(_directories, row) + 1;
        var end = next < _directories.Length ? _blocks[_directories[next]] : FirstSymlink;
        return (end - _blocks[row]) * ErofsFormat.BlockSize;
    }

    /// <summary>The entry of a directory with which this block of it begins.</summary>
    public int FirstEntryOf(uint block) => _firstEntries[block - FirstDirectory];

    /// <summary>The row whose inode, or padding behind it, lies at this byte.</summary>
    public int RowOfInodeAt(long offset) => FindLast(_inodes, _slots, (uint)(offset / ErofsFormat.SlotSize));

    /// <summary>The row whose content lies in this block.</summary>
    public int RowOfBlock(uint block) =>
        FindLast(block < FirstSymlink ? _directories : block < FirstFile ? _symlinks : _files, _blocks, block);

    /// <summary>The last of the rows that begins at or before a place.</summary>
    private static int FindLast(int[] rows, uint[] places, uint place)
    {
        var (low, high) = (0, rows.Length - 1);
        while (low < high)
        {
            var middle = (low + high + 1) >>> 1;
            if (places[rows[middle]] <= place) low = middle;
            else high = middle - 1;
        }
        return rows[low];
    }
}
