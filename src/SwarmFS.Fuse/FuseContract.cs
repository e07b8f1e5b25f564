namespace SwarmFS.Fuse;

/// <summary>Attributes of a node as stat(2) shows them; layout-free: the session writes the kernel's struct.</summary>
public struct FuseAttributes
{
    public ulong Inode;
    public ulong Size;

    /// <summary>Units of 512 bytes.</summary>
    public ulong Blocks;
    public long MtimeSeconds;
    public uint MtimeNanoseconds;

    /// <summary>File type and permission bits, as st_mode.</summary>
    public uint Mode;
    public uint LinkCount;
    public uint Uid;
    public uint Gid;

    /// <summary>Bytes a program should read at once (st_blksize), a power of two; 0 for a page.</summary>
    public uint BlockSize;

    /// <summary>How long the kernel may keep these attributes; <see cref="TimeSpan.MaxValue"/> for ever.</summary>
    public TimeSpan Timeout;
}

/// <summary>Answer to a lookup.</summary>
public struct FuseEntry
{
    /// <summary>0: does not exist, and the kernel may remember that for <see cref="Timeout"/>.</summary>
    public ulong NodeId;

    /// <summary>How long the kernel may keep the name.</summary>
    public TimeSpan Timeout;

    public FuseAttributes Attributes;
}

/// <summary>Answer to an open.</summary>
public struct FuseOpened
{
    public ulong Handle;
    public bool KeepCache;
    public bool CacheDirectory;

    /// <summary>A backing id from <see cref="FuseSession.OpenBacking"/> for kernel passthrough, or 0 for none. Excludes <see cref="KeepCache"/>.</summary>
    public int BackingId;
}

/// <summary>Answer to statfs(2); counts in units of <see cref="BlockSize"/>.</summary>
public struct FuseStatistics
{
    public ulong Blocks;
    public ulong BlocksFree;
    public ulong Files;
    public ulong FilesFree;
    public uint BlockSize;
    public uint NameLength;
}
