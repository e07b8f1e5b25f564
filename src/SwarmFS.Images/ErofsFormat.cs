using System.Buffers.Binary;
using SwarmFS.Core;

namespace SwarmFS.Images;

/// <summary>
/// The on-disk structures of EROFS that an image of ours has: uncompressed, blocks of 4 KiB, extended inodes, content as whole blocks (EROFS_INODE_FLAT_PLAIN). All numbers are
/// little-endian. Source: Documentation/filesystems/erofs.rst and fs/erofs/erofs_fs.h of Linux.
/// </summary>
internal static class ErofsFormat
{
    public const int BlockBits = 12;
    public const int BlockSize = 1 << BlockBits;

    /// <summary>Where the superblock begins; what is before it belongs to boot loaders.</summary>
    public const int SuperblockOffset = 1024;

    /// <summary>Inode numbers count in these from the beginning of the image (EROFS_ISLOTBITS).</summary>
    public const int SlotSize = 32;

    public const int InodeSize = 64;
    public const int DirentSize = 12;

    private const int SuperblockSize = 128;
    private const uint Magic = 0xE0F5E1E2;

    /// <summary>EROFS_FEATURE_COMPAT_MTIME: the inodes' time is that of the last modification.</summary>
    private const uint HasMtime = 2;

    private const ushort ExtendedFlatPlain = 1;
    private const byte RegularType = 1;
    private const byte DirectoryType = 2;
    private const byte SymlinkType = 7;

    private static ReadOnlySpan<byte> VolumeName => "swarmfs"u8;

    /// <param name="rootSlot">The root's inode number, at most 65,535.</param>
    /// <param name="uuid">16 bytes that tell this image from others.</param>
    public static void WriteSuperblock(Span<byte> block, ushort rootSlot, long inodes, uint blocks, long time, ReadOnlySpan<byte> uuid)
    {
        block.Clear();
        var superblock = block.Slice(SuperblockOffset, SuperblockSize);
        BinaryPrimitives.WriteUInt32LittleEndian(superblock, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(superblock[8..], HasMtime);
        superblock[12] = BlockBits;
        BinaryPrimitives.WriteUInt16LittleEndian(superblock[14..], rootSlot);
        BinaryPrimitives.WriteInt64LittleEndian(superblock[16..], inodes);
        BinaryPrimitives.WriteInt64LittleEndian(superblock[24..], time);
        BinaryPrimitives.WriteUInt32LittleEndian(superblock[36..], blocks);
        uuid.CopyTo(superblock.Slice(48, 16));
        VolumeName.CopyTo(superblock[64..]);
    }

    /// <param name="size">Bytes of its content.</param>
    /// <param name="block">Where its content begins.</param>
    /// <param name="xattrBytes">Bytes of the extended attributes that follow, 0 for none.</param>
    public static void WriteInode(Span<byte> inode, in TreeRow row, uint mode, long size, uint block, uint slot, int xattrBytes)
    {
        inode[..InodeSize].Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(inode, ExtendedFlatPlain);
        BinaryPrimitives.WriteUInt16LittleEndian(inode[2..], (ushort)ErofsXattrs.Count(xattrBytes));
        BinaryPrimitives.WriteUInt16LittleEndian(inode[4..], (ushort)mode);
        BinaryPrimitives.WriteInt64LittleEndian(inode[8..], size);
        BinaryPrimitives.WriteUInt32LittleEndian(inode[16..], block);
        BinaryPrimitives.WriteUInt32LittleEndian(inode[20..], slot);
        BinaryPrimitives.WriteUInt32LittleEndian(inode[24..], row.Uid);
        BinaryPrimitives.WriteUInt32LittleEndian(inode[28..], row.Gid);
        BinaryPrimitives.WriteInt64LittleEndian(inode[32..], row.MtimeSeconds);
        BinaryPrimitives.WriteInt32LittleEndian(inode[40..], row.MtimeNanoseconds);
        BinaryPrimitives.WriteInt32LittleEndian(inode[44..], row.LinkCount);
    }

    public static void WriteDirent(Span<byte> dirent, uint slot, int nameOffset, EntryKind kind)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(dirent, slot);
        BinaryPrimitives.WriteUInt16LittleEndian(dirent[8..], (ushort)nameOffset);
        dirent[10] = kind switch { EntryKind.Directory => DirectoryType, EntryKind.Symlink => SymlinkType, _ => RegularType };
        dirent[11] = 0;
    }
}
