using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SwarmFS.Fuse;

/// <summary>fuse_dirent: u64 inode, u64 next offset, u32 name length, u32 type, name, zeros up to a multiple of 8.</summary>
internal static class DirectoryEntry
{
    // NAME_MAX of linux/limits.h.
    private const int MaxNameLength = 255;
    private const uint MaxDirentType = 15;
    private static readonly SearchValues<byte> Forbidden = SearchValues.Create("/\0"u8);

    public static bool TryWrite(Span<byte> destination, ReadOnlySpan<byte> name, ulong inode, uint type, ulong nextOffset, out int size)
    {
        var head = Unsafe.SizeOf<FuseDirent>();
        size = (head + name.Length + 7) & ~7;
        if (name.Length is 0 or > MaxNameLength || name.ContainsAny(Forbidden)) throw new ArgumentException("a directory entry's name is 1 to 255 bytes without '/' and NUL", nameof(name));
        if (destination.Length < size) return false;
        MemoryMarshal.Write(destination, new FuseDirent
        {
            Ino = inode,
            Off = nextOffset,
            Namelen = (uint)name.Length,
            Type = type > MaxDirentType ? (type >> 12) & MaxDirentType : type,
        });
        name.CopyTo(destination[head..]);
        destination[(head + name.Length)..size].Clear();
        return true;
    }
}
