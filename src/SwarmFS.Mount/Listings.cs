using SwarmFS.Core;
using SwarmFS.Fuse;

namespace SwarmFS.Mount;

/// <summary>A directory reply being written, of whichever of the kernel's two kinds: each directory is listed by one piece of code.</summary>
internal interface IListing
{
    /// <returns>False when the reply is full.</returns>
    bool TryAdd(ReadOnlySpan<byte> name, in FuseEntry entry, ulong nextOffset);
}

internal ref struct PlusListing(FuseDirectoryPlusWriter writer) : IListing
{
    public FuseDirectoryPlusWriter Writer = writer;

    public bool TryAdd(ReadOnlySpan<byte> name, in FuseEntry entry, ulong nextOffset) => Writer.TryAdd(name, entry, nextOffset);
}

internal ref struct PlainListing(FuseDirectoryWriter writer) : IListing
{
    public FuseDirectoryWriter Writer = writer;

    public bool TryAdd(ReadOnlySpan<byte> name, in FuseEntry entry, ulong nextOffset) =>
        Writer.TryAdd(name, entry.Attributes.Inode, entry.Attributes.Mode, nextOffset);
}

/// <summary>Offsets in a directory: 0 is before ".", 1 before "..", and an entry's own offset is its index plus 2; the next one's is one more.</summary>
internal static class ListingOffsets
{
    public const ulong FirstEntry = 2;

    /// <summary>Writes "." and ".." as far as the offset asks for them.</summary>
    /// <returns>False when the reply is full.</returns>
    public static bool TryAddDots<T>(ref T listing, ref ulong offset, NodeNumber self, NodeNumber parent)
        where T : IListing, allows ref struct
    {
        if (offset == 0)
        {
            if (!listing.TryAdd("."u8, VirtualEntries.Listed(self, FileModes.Directory), 1)) return false;
            offset = 1;
        }
        if (offset == 1)
        {
            if (!listing.TryAdd(".."u8, VirtualEntries.Listed(parent, FileModes.Directory), 2)) return false;
            offset = 2;
        }
        return true;
    }
}
