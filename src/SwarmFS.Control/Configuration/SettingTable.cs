namespace SwarmFS.Control.Configuration;

/// <summary>Everything that can be configured. The default is the good choice for a machine that has nothing configured.</summary>
public static class SettingTable
{
    public const string DefaultConfigFile = "/etc/swarmfs/swarmfs.conf";

    /// <summary>The port that nodes listen on unless told otherwise.</summary>
    public const int DefaultPort = 7401;

    public static readonly SettingDefinition Mount = new(
        "mount.path", "--mount", "SWARMFS_MOUNT", "DIR|none", "/swarm", "Where the tree appears; none to serve without a mount", SettingValues.RefuseMount)
    { IsPath = true };

    public static readonly SettingDefinition Open = new(
        "mount.open", "--open", "SWARMFS_OPEN", "cache|passthrough", "cache",
        "How opens are served: out of the kernel's cache without a round trip, or by passthrough of complete large files", SettingValues.OneOf("cache", "passthrough"));

    public static readonly SettingDefinition Transport = new(
        "mount.transport", "--transport", "SWARMFS_TRANSPORT", "auto|dev|uring", "auto",
        "How requests come from the kernel: through /dev/fuse, or through io_uring (Linux 6.14), which copies cold trees faster; auto: io_uring where root mounts on Linux 6.18 or newer",
        SettingValues.OneOf("auto", "dev", "uring"));

    public static readonly SettingDefinition AllowOther = Switch(
        "mount.allow-other", "--allow-other", "SWARMFS_ALLOW_OTHER", "auto", "Whether other users may read the mount; auto: when root mounts it",
        SettingValues.OneOf("auto", "on", "off"));

    public static readonly SettingDefinition SpecialBits = Switch(
        "mount.special-bits", "--special-bits", "SWARMFS_SPECIAL_BITS", "off", "Whether setuid, setgid and sticky bits of packages are shown", SettingValues.RefuseSwitch);

    public static readonly SettingDefinition Xattrs = Switch(
        "mount.xattrs", "--xattrs", "SWARMFS_XATTRS", "off",
        "Whether extended attributes are shown (the packages' own, and user.swarmfs.cid); copies then take more than twice as long, since cp -a and ls -l ask for them file by file", SettingValues.RefuseSwitch);

    public static readonly SettingDefinition Push = Switch(
        "mount.push", "--push", "SWARMFS_PUSH", "on", "Whether small local files are handed to the kernel when their directory is listed", SettingValues.RefuseSwitch);

    public static readonly SettingDefinition Listen = new(
        "swarm.listen", "--listen", "SWARMFS_LISTEN", "ADDRESS:PORT", "*:7401", "Where peers connect to; * is every address, port 0 any free one", SettingValues.RefuseListen);

    public static readonly SettingDefinition Peers = new(
        "swarm.peers", "--peer", "SWARMFS_PEERS", "HOST:PORT", "", "A peer to stay connected with; may be given several times", SettingValues.RefusePeer)
    { IsList = true };

    public static readonly SettingDefinition Lan = Switch(
        "swarm.lan", "--lan", "SWARMFS_LAN", "on", "Whether peers on the local network are looked for", SettingValues.RefuseSwitch);

    public static readonly SettingDefinition MaxConnections = new(
        "swarm.max-connections", "--max-connections", "SWARMFS_MAX_CONNECTIONS", "N", "64", "How many peers may be connected at once", SettingValues.RefuseCount(1, 1024));

    public static readonly SettingDefinition Upload = new(
        "swarm.upload", "--upload", "SWARMFS_UPLOAD", "SIZE|unlimited", "unlimited", "Bytes a second sent to all peers together", SettingValues.RefuseRate);

    public static readonly SettingDefinition Compression = Switch(
        "swarm.compression", "--compression", "SWARMFS_COMPRESSION", "on", "Whether blocks are packed where the path to a peer is slow; packing 150 MB takes about a second of a processor", SettingValues.RefuseSwitch);

    public static readonly SettingDefinition Deadline = new(
        "retrieval.deadline", "--deadline", "SWARMFS_DEADLINE", "TIME", "15s", "How long a read waits while nothing of its package comes, before it fails with EIO", SettingValues.RefuseDeadline);

    public static readonly SettingDefinition Quota = new(
        "store.quota", "--quota", "SWARMFS_QUOTA", "SIZE", "20GiB", "The most that the store may take on disk", SettingValues.RefuseQuota);

    public static readonly SettingDefinition Sync = new(
        "catalog.sync", "--sync", "SWARMFS_SYNC", "TIME|off", "6h", "How often this node reads the system's apt sources into its own log", SettingValues.RefuseSync);

    public static readonly SettingDefinition AptEtc = new(
        "catalog.apt-etc", "--apt-etc", "SWARMFS_APT_ETC", "DIR", "/etc/apt", "Where apt's sources.list and sources.list.d are read", text => Path.IsPathRooted(text) ? null : "must be an absolute path")
    { IsPath = true };

    public static readonly SettingDefinition Trust = new(
        "catalog.trust", "--trust", "SWARMFS_TRUST", "KEY", "", "An importer whose word is believed besides this node's own (a key as swarmfs id prints it there), unless a policy says who is; may be given several times", SettingValues.RefuseVerifierKey)
    { IsList = true };

    public static readonly SettingDefinition Publishers = new(
        "catalog.publishers", "--publisher", "SWARMFS_PUBLISHERS", "KEY", "", "A publisher whose releases are believed when an importer of catalog.trust has them (a key as swarmfs key gen prints it), unless a policy says who is; may be given several times", SettingValues.RefuseVerifierKey)
    { IsList = true };

    public static readonly SettingDefinition Policy = new(
        "catalog.policy", "--policy", "SWARMFS_POLICY", "FILE|none", "none", "The first signed policy of a network: which importers and witnesses are believed, and how many must agree", SettingValues.RefusePolicy)
    { IsPath = true };

    public static readonly SettingDefinition Light = Switch(
        "catalog.light", "--light", "SWARMFS_LIGHT", "off", "Whether names are looked up one by one with a proof each, instead of holding the catalogue", SettingValues.RefuseSwitch);

    public static readonly SettingDefinition Http = new(
        "http.listen", "--http", "SWARMFS_HTTP", "ADDRESS:PORT|none", "none", "Where this node's log is served as static tiles over HTTP", text => text == "none" ? null : SettingValues.RefuseListen(text));

    public static readonly SettingDefinition LogLevel = new(
        "log.level", "--log-level", "SWARMFS_LOG_LEVEL", "LEVEL", "information", "The least level logged: trace, debug, information, warning, error, none",
        SettingValues.OneOf("trace", "debug", "information", "warning", "error", "none"));

    public static readonly SettingDefinition LogFormat = new(
        "log.format", "--log-format", "SWARMFS_LOG_FORMAT", "auto|text|json|journal", "auto", "How log lines look; auto: journal under systemd, text otherwise",
        SettingValues.OneOf("auto", "text", "json", "journal"));

    /// <summary>In the order in which they are shown.</summary>
    public static readonly IReadOnlyList<SettingDefinition> All =
        [Mount, Open, Transport, AllowOther, SpecialBits, Xattrs, Push, Listen, Peers, Lan, MaxConnections, Upload, Compression, Deadline, Quota, Sync, AptEtc, Trust, Publishers, Policy, Light, Http, LogLevel, LogFormat];

    private static SettingDefinition Switch(string key, string option, string variable, string standard, string help, Func<string, string?> refuse) =>
        new(key, option, variable, "on|off", standard, help, refuse) { IsSwitch = true };
}
