namespace SwarmFS.Mount;

/// <summary>How the tree under the mount point behaves. Immutable; the defaults are the good choice.</summary>
public sealed record MountOptions
{
    /// <summary>
    /// How long the kernel may keep what can change: the names below <c>pkgs/</c>, absent ones too, and <c>latest</c>. What appears is announced to the kernel besides, so
    /// this bounds staleness only where an announcement was not possible. Inside a version nothing ever expires.
    /// </summary>
    public TimeSpan CatalogTimeout
    {
        get;
        init => field = value >= TimeSpan.Zero ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "A timeout is not negative.");
    } = TimeSpan.FromSeconds(1);

    /// <summary>Shows setuid, setgid and sticky bits as recorded. Off by default: the mount is <c>nosuid</c>, and a copy of a stranger's setuid file is worth a decision.</summary>
    public bool ApplySpecialBits { get; init; }

    /// <summary>
    /// Shows the trees' own extended attributes and <c>user.swarmfs.cid</c>. Off, the first question is answered ENOSYS and the kernel asks no second one.
    /// The price of on, measured over 5,000 files: 16 µs a file in <c>ls -lR</c> (0.13 s, against 0.05 without and on ext4), 8 µs in <c>cp -a</c>, nothing in <c>find</c>:
    /// the kernel keeps no answer to such a question. POSIX ACLs through the kernel would keep one of them, at the price of a question per inode for everyone but root.
    /// </summary>
    public bool Xattrs { get; init; } = true;

    /// <summary>Hands large complete files to the kernel, which then reads them without us; the price is a round trip on every open of any file.</summary>
    public bool Passthrough { get; init; }

    /// <summary>Gives the kernel the small files of a directory when it has been listed to its end.</summary>
    public bool PushSmallFiles { get; init; } = true;

    /// <summary>Memory for directory structures that are in use, in bytes: 48 MiB is a quarter of what the whole process may have, and some 350,000 entries.</summary>
    public long TreeMemory
    {
        get;
        init => field = value > 0 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "Trees need some memory: 48 MiB is usual.");
    } = 48L << 20;

    /// <summary>How long after its last request a package still counts as in use, and is kept from eviction.</summary>
    public TimeSpan UseGrace
    {
        get;
        init => field = value > TimeSpan.Zero ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "A package is in use for some time: 30 s is usual.");
    } = TimeSpan.FromSeconds(30);

    /// <summary>Read-ahead of the mount in KiB while everything read is local: the size of one request, more was measured to gain nothing.</summary>
    public int LocalReadAheadKiB { get; init; } = 1024;

    /// <summary>Read-ahead in KiB while something remote is read, as far as the mount can use it: at 20 ms a request 16 MiB reads 420 MB/s where 1 MiB reads 80.</summary>
    public int RemoteReadAheadKiB { get; init; } = 16 << 10;
}
