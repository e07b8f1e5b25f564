namespace SwarmFS.Core;

/// <summary>Bounds of the formats. A decoder enforces each before it allocates; a builder refuses to make what a decoder would refuse.</summary>
public static class Limits
{
    /// <summary>Directories within each other, the root counted.</summary>
    public const int TreeDepth = 64;

    /// <summary>Links of one node: children of a directory shard, chunks of a file node.</summary>
    public const int LinksPerNode = 1024;

    /// <summary>Levels of index nodes in one directory or one file: 512^4 entries are far beyond <see cref="EntriesPerTree"/>, 1,024^3 chunks beyond any disk.</summary>
    public const int IndexLevels = 4;

    /// <summary>Nodes of a package tree.</summary>
    public const int NodesPerTree = 1 << 20;

    /// <summary>Distinct blocks of a package tree: 2 TiB of chunks of 128 KiB on average, and the bound of a walker's memory.</summary>
    public const int BlocksPerTree = 1 << 24;

    /// <summary>Chunks of one file: 256 GiB at the average of 128 KiB. The list takes 40 bytes of memory for each, 80 MiB in all, and few nodes can name many.</summary>
    public const int ChunksPerFile = 1 << 21;

    /// <summary>Entries of a package tree.</summary>
    public const int EntriesPerTree = 1 << 20;

    /// <summary>
    /// Bytes of all names, symlink targets and extended attributes of a package tree: 128 for each entry of the largest. A small DAG can name one node many times, so the
    /// number of entries alone does not bound the memory of a reader.
    /// </summary>
    public const long MetadataPerTree = 128L * EntriesPerTree;

    /// <summary>Bytes of a file name (NAME_MAX).</summary>
    public const int NameLength = 255;

    /// <summary>Bytes of a symlink target (PATH_MAX less the NUL).</summary>
    public const int SymlinkTargetLength = 4095;

    /// <summary>Bytes of a path below a root.</summary>
    public const int PathLength = 4096;

    /// <summary>Bytes of an extended attribute's name (XATTR_NAME_MAX) and value.</summary>
    public const int XattrNameLength = 255;

    /// <summary>See <see cref="XattrNameLength"/>. ext4 keeps them within one 4 KiB block; a package's are a capability or a label.</summary>
    public const int XattrValueLength = 4096;

    /// <summary>Extended attributes of one entry.</summary>
    public const int XattrsPerEntry = 32;
}
