using System.Runtime.CompilerServices;

namespace SwarmFS.Fuse;

/// <summary>Writes directory entries straight into a reply. Grammar: entry := u64 inode, u64 next offset, u32 name length, u32 type, name, zero padding to 8.</summary>
public ref struct FuseDirectoryWriter(Span<byte> buffer)
{
    private readonly Span<byte> _buffer = buffer;

    /// <summary>Bytes written so far.</summary>
    public int Written { get; private set; }

    /// <param name="name">1 to 255 bytes without '/' and NUL.</param>
    /// <param name="inode">What stat(2) shows as st_ino for this name.</param>
    /// <param name="type">The file type as in st_mode's upper bits (S_IFREG and so on), or as DT_* (0..15).</param>
    /// <param name="nextOffset">Where a later call goes on: the offset that is asked for to get the entry after this one.</param>
    /// <returns>False, with nothing written, when the reply is full.</returns>
    /// <exception cref="ArgumentException">The kernel would refuse the whole reply for this name.</exception>
    public bool TryAdd(ReadOnlySpan<byte> name, ulong inode, uint type, ulong nextOffset)
    {
        if (!DirectoryEntry.TryWrite(_buffer[Written..], name, inode, type, nextOffset, out var size)) return false;
        Written += size;
        return true;
    }
}

/// <summary>As <see cref="FuseDirectoryWriter"/>, each entry preceded by what a lookup of it would answer.</summary>
public ref struct FuseDirectoryPlusWriter(Span<byte> buffer)
{
    private readonly Span<byte> _buffer = buffer;

    /// <summary>Bytes written so far.</summary>
    public int Written { get; private set; }

    /// <param name="name">1 to 255 bytes without '/' and NUL.</param>
    /// <param name="entry">
    /// As a lookup would answer; a <see cref="FuseEntry.NodeId"/> of 0 lists the name with the inode number and type of its attributes and leaves the lookup for later.
    /// "." and ".." are always of that kind.
    /// </param>
    /// <param name="nextOffset">Where a later call goes on: the offset that is asked for to get the entry after this one.</param>
    /// <returns>False, with nothing written, when the reply is full.</returns>
    /// <exception cref="ArgumentException">The kernel would refuse the whole reply for this name.</exception>
    public bool TryAdd(ReadOnlySpan<byte> name, in FuseEntry entry, ulong nextOffset)
    {
        var head = Unsafe.SizeOf<FuseEntryOut>();
        var rest = _buffer[Written..];
        if (rest.Length < head) return false;
        if (!DirectoryEntry.TryWrite(rest[head..], name, entry.Attributes.Inode, entry.Attributes.Mode >> 12, nextOffset, out var size)) return false;
        KernelFormat.Entry(entry, rest);
        Written += head + size;
        return true;
    }
}
