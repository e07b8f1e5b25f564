using System.Net;

namespace SwarmFS.Control.Configuration;

/// <summary>How opens are served.</summary>
public enum OpenMode
{
    /// <summary>No round trip per open; the kernel's page cache serves what was read before.</summary>
    Cache,

    /// <summary>Complete large files are read by the kernel itself; every open costs a round trip.</summary>
    Passthrough,
}

/// <summary>How requests come from the kernel.</summary>
public enum MountTransport
{
    /// <summary>Through io_uring where the machine has it switched on, otherwise through the device.</summary>
    Automatic,

    /// <summary>Through /dev/fuse.</summary>
    Device,

    /// <summary>Through io_uring, or not at all; root switches it on for the machine.</summary>
    Uring,
}

/// <summary>How log lines look.</summary>
public enum LogFormat
{
    Text,
    Json,

    /// <summary>With systemd's level prefix.</summary>
    Journal,
}

/// <summary>What a node is told. Every value has been checked.</summary>
/// <param name="MountPoint">Null: serves without a mount.</param>
/// <param name="UploadBytesPerSecond">Null: no limit.</param>
/// <param name="SyncEvery">Null: only when asked.</param>
/// <param name="Trust">Verifier keys of importers, not yet read; each is a publisher as well.</param>
/// <param name="Publishers">Verifier keys, not yet read.</param>
/// <param name="Policy">Path of the first policy; null: this node believes itself, <paramref name="Trust"/> and <paramref name="Publishers"/>.</param>
/// <param name="Http">Null: nothing is served over HTTP.</param>
public sealed record NodeSettings(
    string StateDirectory,
    string? MountPoint,
    OpenMode Open,
    MountTransport Transport,
    bool AllowOther,
    bool SpecialBits,
    bool Xattrs,
    bool Push,
    IPEndPoint Listen,
    IReadOnlyList<string> Peers,
    bool Lan,
    int MaxConnections,
    long? UploadBytesPerSecond,
    bool Compression,
    TimeSpan Deadline,
    long QuotaBytes,
    TimeSpan? SyncEvery,
    string AptEtc,
    IReadOnlyList<string> Trust,
    IReadOnlyList<string> Publishers,
    string? Policy,
    bool Light,
    IPEndPoint? Http,
    string LogLevel,
    LogFormat LogFormat);
