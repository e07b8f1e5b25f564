using SwarmFS.Core;
using SwarmFS.Fuse;

namespace SwarmFS.Mount;

/// <summary>What lies inside a version: answered from the tree alone, and true for ever.</summary>
internal sealed class PackageNodes(MountOptions options)
{
    private static readonly TimeSpan Forever = TimeSpan.MaxValue;

    /// <summary>The inode number of a row where the tree is shown under this view.</summary>
    public static NodeNumber Number(MountedPackage package, uint view, int row)
    {
        ref readonly var entry = ref package.Tree[row];
        return entry.Kind == EntryKind.Directory
            ? NodeNumber.Directory(package.Slot, view, row)
            : NodeNumber.Leaf(package.Slot, entry.Leader);
    }

    public FuseResult Lookup(MountedPackage package, NodeNumber directory, ReadOnlySpan<byte> name, ref FuseEntry entry)
    {
        if (package.Tree[directory.Row].Kind != EntryKind.Directory) return FuseResult.Error(Errno.ENOTDIR);
        if (name.Length > Limits.NameLength) return FuseResult.Error(Errno.ENAMETOOLONG);
        entry = package.Tree.TryFind(directory.Row, name, out var row) ? Entry(package, directory.View, row) : VirtualEntries.Absent(Forever);
        return FuseResult.Ok;
    }

    public FuseEntry Entry(MountedPackage package, uint view, int row)
    {
        var entry = new FuseEntry { Timeout = Forever };
        Fill(package, Number(package, view, row), ref entry.Attributes);
        entry.NodeId = entry.Attributes.Inode;
        return entry;
    }

    public void Fill(MountedPackage package, NodeNumber node, ref FuseAttributes attributes)
    {
        ref readonly var row = ref package.Tree[node.Row];
        var size = row.Kind == EntryKind.Directory ? (long)VirtualEntries.DirectorySize : row.Size;
        attributes.Inode = node.Value;
        attributes.Size = (ulong)size;
        attributes.Blocks = row.Kind == EntryKind.Symlink ? 0 : FileModes.Blocks(size);
        attributes.MtimeSeconds = row.MtimeSeconds;
        attributes.MtimeNanoseconds = (uint)row.MtimeNanoseconds;
        attributes.Mode = FileModes.Of(row, options.ApplySpecialBits);
        attributes.LinkCount = (uint)row.LinkCount;
        attributes.Uid = row.Uid;
        attributes.Gid = row.Gid;
        attributes.BlockSize = row.Kind == EntryKind.File ? BlockSize(node.Row) : 0;
        attributes.Timeout = Forever;
    }

    /// <summary>
    /// What a file's st_blksize asks to be read at once; 0 for a page. cp (coreutils 9) takes a buffer of that size from malloc for each file, but of at least 128 or 256 KiB, and gives it back,
    /// which glibc does by mmap and munmap unless a larger one was given back before (mallopt(3), M_MMAP_THRESHOLD); from then on buffers come from its heap. So the first file that asks for
    /// more spares those that follow the two calls and the page faults of a new mapping, up to half of what cp -a of small files costs. The few that ask for most still pay for it.
    /// </summary>
    private static uint BlockSize(int row) => row % 256 == 0 ? 1U << 20 : row % 16 == 0 ? 1U << 19 : 0;

    /// <param name="self">What "." is: the directory's own number, except for a root that the kernel knows by another.</param>
    /// <returns>True when there was nothing more to list: the kernel knows all entries.</returns>
    public bool List<T>(MountedPackage package, NodeNumber directory, NodeNumber self, NodeNumber parent, ulong offset, ref T listing)
        where T : IListing, allows ref struct
    {
        if (!ListingOffsets.TryAddDots(ref listing, ref offset, self, parent)) return false;
        var children = package.Tree.Children(directory.Row);
        if (offset - ListingOffsets.FirstEntry >= (ulong)children.Length) return true;
        for (var i = (int)(offset - ListingOffsets.FirstEntry); i < children.Length; i++)
        {
            var next = (ulong)i + 1 + ListingOffsets.FirstEntry;
            if (!listing.TryAdd(package.Tree.Name(children[i]), Entry(package, directory.View, children[i]), next)) return false;
        }
        return false;
    }

    public static FuseResult ReadLink(MountedPackage package, NodeNumber node, Span<byte> target)
    {
        var link = package.Tree.SymlinkTarget(node.Row);
        if (package.Tree[node.Row].Kind != EntryKind.Symlink) return FuseResult.Error(Errno.EINVAL);
        if (link.Length > target.Length) return FuseResult.Error(Errno.ENAMETOOLONG);
        link.CopyTo(target);
        return FuseResult.Bytes(link.Length);
    }
}
