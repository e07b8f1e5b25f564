using SwarmFS.Core;
using SwarmFS.Fuse;

namespace SwarmFS.Mount;

/// <summary>Attributes of what is in no package tree: owned by root, readable by all.</summary>
internal static class VirtualEntries
{
    /// <summary>Bytes a directory claims to have, as on ext4: scripts ask <c>test -s</c> of directories too.</summary>
    public const ulong DirectorySize = 4096;

    public static FuseEntry Directory(NodeNumber node, uint links, DateTimeOffset modified, TimeSpan timeout) =>
        Entry(node, FileModes.Directory | 0x16D, DirectorySize, links, modified, timeout);

    public static FuseEntry Symlink(NodeNumber node, int targetLength, DateTimeOffset modified, TimeSpan timeout) =>
        Entry(node, FileModes.Symlink | 0x1FF, (ulong)targetLength, 1, modified, timeout);

    public static FuseEntry File(NodeNumber node, long size, DateTimeOffset modified, TimeSpan timeout) =>
        Entry(node, FileModes.Regular | 0x124, (ulong)size, 1, modified, timeout);

    /// <summary>A name that is listed and not looked up: just its number and type.</summary>
    public static FuseEntry Listed(NodeNumber node, uint type)
    {
        var entry = default(FuseEntry);
        entry.Attributes.Inode = node.Value;
        entry.Attributes.Mode = type;
        return entry;
    }

    /// <summary>"Does not exist", which the kernel may remember.</summary>
    public static FuseEntry Absent(TimeSpan timeout) => new() { Timeout = timeout };

    private static FuseEntry Entry(NodeNumber node, uint mode, ulong size, uint links, DateTimeOffset modified, TimeSpan timeout)
    {
        var seconds = modified.ToUnixTimeSeconds();
        return new FuseEntry
        {
            NodeId = node.Value,
            Timeout = timeout,
            Attributes = new FuseAttributes
            {
                Inode = node.Value,
                Size = size,
                Blocks = FileModes.Blocks((long)size),
                MtimeSeconds = seconds,
                MtimeNanoseconds = (uint)((modified - DateTimeOffset.FromUnixTimeSeconds(seconds)).Ticks * 100),
                Mode = mode,
                LinkCount = links,
                Timeout = timeout,
            },
        };
    }
}
