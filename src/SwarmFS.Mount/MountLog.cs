using Microsoft.Extensions.Logging;
using SwarmFS.Fuse;

namespace SwarmFS.Mount;

/// <summary>What the mount tells; event ids 8000 and up.</summary>
internal static partial class MountLog
{
    [LoggerMessage(8000, LogLevel.Information, "mount answers: read-ahead {LocalKiB} KiB local, {RemoteKiB} KiB remote; xattrs {Xattrs}, passthrough {Passthrough}, push {Push}")]
    public static partial void Started(this ILogger logger, int localKiB, int remoteKiB, bool xattrs, bool passthrough, bool push);

    [LoggerMessage(8001, LogLevel.Warning, "{Subject}: {Errno} to the reader: {Reason} ({Count} times so far)")]
    public static partial void ContentFailed(this ILogger logger, string subject, Errno errno, string reason, int count);

    [LoggerMessage(8002, LogLevel.Error, "{Subject}: {Errno} to the reader, because a request broke ({Count} times so far); please report this")]
    public static partial void RequestBroke(this ILogger logger, string subject, Errno errno, int count, Exception failure);

    [LoggerMessage(8003, LogLevel.Debug, "read-ahead is {KiB} KiB now")]
    public static partial void ReadAhead(this ILogger logger, int kiB);

    [LoggerMessage(8004, LogLevel.Warning, "read-ahead cannot be set to {KiB} KiB: {Reason}; reads of remote packages are slower")]
    public static partial void ReadAheadRefused(this ILogger logger, int kiB, string reason);

    [LoggerMessage(8005, LogLevel.Warning, "the kernel takes no backing files ({Reason}); open=passthrough is without effect")]
    public static partial void PassthroughRefused(this ILogger logger, string reason);

    [LoggerMessage(8006, LogLevel.Error, "{Worker} of the mount ended early")]
    public static partial void WorkerBroke(this ILogger logger, string worker, Exception failure);

    [LoggerMessage(8007, LogLevel.Debug, "{Count} names changed; the kernel forgot what it knew of {Told} that it held")]
    public static partial void Invalidated(this ILogger logger, int count, int told);
}
