using System.Buffers;
using SwarmFS.Core;

namespace SwarmFS.Images;

/// <summary>Bytes of an image that belong together.</summary>
/// <param name="Length">At least one, unless the image is at its end.</param>
/// <param name="Row">The file that they are in, or -1 when they were written already.</param>
/// <param name="Offset">Their place in that file.</param>
public readonly record struct ImagePiece(int Length, int Row, long Offset);

/// <summary>
/// A package tree as an image of EROFS, the read-only filesystem of the kernel (Linux 5.4; as a file without a block device 6.12). Nothing of it is stored: what is not a file's
/// content is made when it is asked for, and the rest is content that its caller has or fetches. It is a function of the tree (and of whether special bits are shown), so every
/// node shows the same bytes. Immutable; safe from any thread; allocates nothing for a piece but where one entry has more extended attributes than a block holds.
/// </summary>
public sealed class ErofsImage
{
    private readonly TreeTable _tree;
    private readonly bool _applySpecialBits;
    private readonly ErofsLayout _layout;

    /// <exception cref="ImageTooLargeException">The files of the tree have more than 16 TiB.</exception>
    public ErofsImage(TreeTable tree, bool applySpecialBits)
    {
        _tree = tree;
        _applySpecialBits = applySpecialBits;
        _layout = new ErofsLayout(tree);
    }

    /// <summary>Bytes of the image.</summary>
    public long Size => _layout.Blocks * ErofsFormat.BlockSize;

    /// <summary>
    /// What lies at an offset: either it is a part of a file, which is left to the caller, or it is written to the destination.
    /// </summary>
    /// <param name="offset">Not negative.</param>
    /// <returns>A piece no longer than the destination; an empty one at the image's end.</returns>
    public ImagePiece Next(long offset, Span<byte> destination)
    {
        var block = offset / ErofsFormat.BlockSize;
        if (offset >= Size || destination.IsEmpty) return new ImagePiece(0, -1, 0);
        if (block >= _layout.FirstFile) return InFile(offset, (uint)block, destination);
        if (block >= _layout.EndOfSymlinks) return Zeros((_layout.FirstFile * ErofsFormat.BlockSize) - offset, destination);
        if (block >= _layout.FirstDirectory) return InLinks(offset, (uint)block, destination);
        if (block > 0) return InInodes(offset, destination);
        Span<byte> first = stackalloc byte[ErofsFormat.BlockSize];
        Span<byte> digest = stackalloc byte[Sha256Digest.Length];
        _tree.Root.Digest.CopyTo(digest);
        ErofsFormat.WriteSuperblock(first, (ushort)_layout.InodeOf(0), _layout.Inodes, (uint)_layout.Blocks, _tree[0].MtimeSeconds, digest[..16]);
        return Written(first, offset, destination);
    }

    private ImagePiece InFile(long offset, uint block, Span<byte> destination)
    {
        var row = _layout.RowOfBlock(block);
        var within = offset - ((long)_layout.BlockOf(row) * ErofsFormat.BlockSize);
        var left = _tree[row].Size - within;
        if (left > 0) return new ImagePiece((int)Math.Min(left, destination.Length), row, within);
        return Zeros((ErofsFormat.BlockSize - (offset % ErofsFormat.BlockSize)), destination);
    }

    /// <summary>In what leads to files: directories and symlinks.</summary>
    private ImagePiece InLinks(long offset, uint block, Span<byte> destination)
    {
        var row = _layout.RowOfBlock(block);
        Span<byte> whole = stackalloc byte[ErofsFormat.BlockSize];
        if (_tree[row].Kind == EntryKind.Directory)
        {
            new ErofsDirectory(_tree, row).WriteBlock(_layout.FirstEntryOf(block), _layout, whole);
        }
        else
        {
            whole.Clear();
            _tree.SymlinkTarget(row).CopyTo(whole);
        }
        return Written(whole, offset % ErofsFormat.BlockSize, destination);
    }

    private ImagePiece InInodes(long offset, Span<byte> destination)
    {
        if (offset >= _layout.InodesEnd) return Zeros((_layout.FirstDirectory * ErofsFormat.BlockSize) - offset, destination);
        var row = _layout.RowOfInodeAt(offset);
        var slot = _layout.InodeOf(row);
        var within = offset - ((long)slot * ErofsFormat.SlotSize);
        var length = _layout.InodeBytes(row);
        if (within >= length) return Zeros(ErofsFormat.SlotSize - (within % ErofsFormat.SlotSize), destination);
        if (length <= ErofsFormat.BlockSize)
        {
            Span<byte> inode = stackalloc byte[length];
            WriteInode(row, slot, inode);
            return Written(inode, within, destination);
        }
        var large = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            WriteInode(row, slot, large.AsSpan(0, length));
            return Written(large.AsSpan(0, length), within, destination);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(large);
        }
    }

    private void WriteInode(int row, uint slot, Span<byte> inode)
    {
        ref readonly var entry = ref _tree[row];
        var xattrBytes = inode.Length - ErofsFormat.InodeSize;
        ErofsFormat.WriteInode(inode, entry, FileModes.Of(entry, _applySpecialBits), _layout.ContentBytes(row), _layout.BlockOf(row), slot, xattrBytes);
        if (xattrBytes > 0) ErofsXattrs.Write(_tree.Xattrs(row), inode[ErofsFormat.InodeSize..]);
    }

    private static ImagePiece Written(ReadOnlySpan<byte> whole, long offset, Span<byte> destination)
    {
        var part = whole[(int)offset..];
        if (part.Length > destination.Length) part = part[..destination.Length];
        part.CopyTo(destination);
        return new ImagePiece(part.Length, -1, 0);
    }

    private static ImagePiece Zeros(long length, Span<byte> destination)
    {
        if (length < destination.Length) destination = destination[..(int)length];
        destination.Clear();
        return new ImagePiece(destination.Length, -1, 0);
    }
}
