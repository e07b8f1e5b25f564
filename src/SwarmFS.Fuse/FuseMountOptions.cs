namespace SwarmFS.Fuse;

/// <summary>How requests come from the kernel.</summary>
public enum FuseTransport
{
    /// <summary>Through io_uring where root mounts on Linux 6.18 or newer, or the machine has it switched on; otherwise through the device.</summary>
    Automatic,

    /// <summary>Through /dev/fuse.</summary>
    Device,

    /// <summary>Through io_uring, or not at all (Linux 6.14; root, or a machine that has it switched on).</summary>
    Uring,
}

/// <summary>How a filesystem is mounted. The defaults are those of an immutable, read-only tree with data from elsewhere in it.</summary>
public sealed record FuseMountOptions
{
    /// <summary>An existing directory, as an absolute path.</summary>
    public required string MountPoint
    {
        get;
        init => field = Path.IsPathRooted(value) ? Path.TrimEndingDirectorySeparator(value) : throw new ArgumentException($"mount point '{value}' is not an absolute path", nameof(value));
    }

    /// <summary>What mount(8) shows as the source.</summary>
    public string FsName { get; init => field = Plain(value); } = "swarmfs";

    /// <summary>The type is "fuse." and this.</summary>
    public string Subtype { get; init => field = Plain(value); } = "swarmfs";

    public bool ReadOnly { get; init; } = true;
    public bool NoSuid { get; init; } = true;
    public bool NoDev { get; init; } = true;
    public bool NoAtime { get; init; } = true;

    /// <summary>Lets users other than the one who mounts in. Without privilege this needs user_allow_other in /etc/fuse.conf.</summary>
    public bool AllowOther { get; init; }

    /// <summary>The kernel checks permissions by mode, owner and group; without it, nobody does.</summary>
    public bool DefaultPermissions { get; init; } = true;

    /// <summary>
    /// Nodes may have POSIX ACLs or other extended attributes. False lets the kernel remember that there are none (the handler answers ENOSYS), which makes the path walk of whoever
    /// does not own the directories cheaper.
    /// </summary>
    public bool HasAcls { get; init; } = true;

    /// <summary>Requests of read-ahead that the kernel keeps in flight; its own default of 12 costs a third of the rate when a read takes 20 ms.</summary>
    public int MaxBackground { get; init => field = InRange(value, 1, ushort.MaxValue, nameof(MaxBackground)); } = 64;

    /// <summary>The largest READ in pages of 4 KiB.</summary>
    public int MaxPages { get; init => field = InRange(value, 1, 4096, nameof(MaxPages)); } = 256;

    /// <summary>Threads that read requests. Two beat one in rate and latency; more than four gain nothing.</summary>
    public int ReaderThreads { get; init => field = InRange(value, 1, 16, nameof(ReaderThreads)); } = Math.Clamp(Environment.ProcessorCount, 2, 4);

    /// <summary>
    /// With io_uring (Linux 6.14) a request is answered on the processor that it comes from. A READ has 128 KiB at most then, and while 64 requests of one processor are parked, others
    /// from there wait for one of them.
    /// </summary>
    public FuseTransport Transport { get; init; }

    /// <summary>Asks for kernel passthrough, which needs a handler that answers OPEN, and CAP_SYS_ADMIN; <see cref="FuseSession.OpenBacking"/> says whether it is there.</summary>
    public bool Passthrough { get; init; }

    /// <summary>Capabilities to do without although the kernel offers them: how an older kernel looks from here.</summary>
    public FuseInitFlags Without { get; init; }

    /// <summary>The newest minor version of the protocol to speak; the kernel follows.</summary>
    public int LatestMinor { get; init => field = InRange(value, 31, 45, nameof(LatestMinor)); } = 45;

    /// <summary>Lists directories with attributes (READDIRPLUS) always; false for a handler that has only <see cref="FuseHandler.ReadDirectory"/>.</summary>
    public bool ReadDirectoryPlus { get; init; } = true;

    /// <summary>Read-ahead window in KiB; null leaves the kernel's 128.</summary>
    public int? ReadAheadKiB { get; init; } = 1024;

    private static string Plain(string value) =>
        value.Length > 0 && value.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
            ? value
            : throw new ArgumentException($"'{value}' may hold letters, digits, '-', '_' and '.' only", nameof(value));

    private static int InRange(int value, int least, int most, string name) =>
        value >= least && value <= most ? value : throw new ArgumentOutOfRangeException(name, value, $"must lie in {least}..{most}");
}
