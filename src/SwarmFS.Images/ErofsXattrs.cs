using System.Buffers.Binary;
using SwarmFS.Core;

namespace SwarmFS.Images;

/// <summary>
/// Extended attributes behind an inode: a header of 12 bytes, then for each attribute its name's length, its prefix's number, its value's length, and both; each on four bytes.
/// Names whose prefix EROFS does not know are left out (fs/erofs/erofs_fs.h).
/// </summary>
internal static class ErofsXattrs
{
    private const int HeaderSize = 12;
    private const int EntrySize = 4;
    private const int Alignment = 4;

    private static readonly (byte[] Prefix, byte Number, bool IsWhole)[] Prefixes =
    [
        ("user."u8.ToArray(), 1, false),
        ("system.posix_acl_access"u8.ToArray(), 2, true),
        ("system.posix_acl_default"u8.ToArray(), 3, true),
        ("trusted."u8.ToArray(), 4, false),
        ("security."u8.ToArray(), 6, false),
    ];

    /// <summary>What an inode says of so many bytes of attributes (i_xattr_icount).</summary>
    public static int Count(int bytes) => bytes == 0 ? 0 : ((bytes - HeaderSize) / Alignment) + 1;

    /// <summary>Bytes that the attributes take; 0 when there is none to be shown.</summary>
    public static int Size(ReadOnlySpan<Xattr> xattrs)
    {
        var size = 0;
        foreach (var xattr in xattrs)
        {
            if (TrySplit(xattr.Name.Span, out _, out var name)) size += SizeOf(name, xattr);
        }
        return size == 0 ? 0 : HeaderSize + size;
    }

    /// <param name="destination"><see cref="Size"/> bytes.</param>
    public static void Write(ReadOnlySpan<Xattr> xattrs, Span<byte> destination)
    {
        destination.Clear();
        var at = HeaderSize;
        foreach (var xattr in xattrs)
        {
            if (!TrySplit(xattr.Name.Span, out var number, out var name)) continue;
            var entry = destination[at..];
            entry[0] = (byte)name.Length;
            entry[1] = number;
            BinaryPrimitives.WriteUInt16LittleEndian(entry[2..], (ushort)xattr.Value.Length);
            name.CopyTo(entry[EntrySize..]);
            xattr.Value.Span.CopyTo(entry[(EntrySize + name.Length)..]);
            at += SizeOf(name, xattr);
        }
    }

    private static int SizeOf(ReadOnlySpan<byte> name, Xattr xattr) => (EntrySize + name.Length + xattr.Value.Length + Alignment - 1) / Alignment * Alignment;

    private static bool TrySplit(ReadOnlySpan<byte> whole, out byte number, out ReadOnlySpan<byte> name)
    {
        number = 0;
        name = default;
        foreach (var (prefix, known, isWhole) in Prefixes)
        {
            if (!whole.StartsWith(prefix) || isWhole != (whole.Length == prefix.Length)) continue;
            number = known;
            name = whole[prefix.Length..];
            return true;
        }
        return false;
    }
}
