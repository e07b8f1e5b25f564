using Microsoft.Extensions.Logging;

namespace SwarmFS.Fuse;

internal static partial class FuseLog
{
    [LoggerMessage(7000, LogLevel.Information, "mounted {MountPoint} (protocol 7.{Minor}, {Flags}, {Readers} readers)")]
    public static partial void Mounted(this ILogger logger, string mountPoint, int minor, FuseInitFlags flags, int readers);

    [LoggerMessage(7001, LogLevel.Information, "{MountPoint} has ended: {End}")]
    public static partial void Ended(this ILogger logger, string mountPoint, FuseEnd end);

    [LoggerMessage(7002, LogLevel.Error, "reading requests of {MountPoint} failed with {Errno}")]
    public static partial void ReadingFailed(this ILogger logger, string mountPoint, Errno errno);

    [LoggerMessage(7003, LogLevel.Error, "the handler failed on {Opcode} of node {Node}; answered EIO")]
    public static partial void HandlerFailed(this ILogger logger, Exception exception, uint opcode, ulong node);

    [LoggerMessage(7004, LogLevel.Error, "the handler's answer {Value} to {Opcode} of node {Node} is out of bounds; answered EIO")]
    public static partial void AnswerOutOfBounds(this ILogger logger, int value, uint opcode, ulong node);

    [LoggerMessage(7005, LogLevel.Warning, "a malformed request of {Length} bytes (opcode {Opcode}) was refused")]
    public static partial void MalformedRequest(this ILogger logger, int length, uint opcode);

    [LoggerMessage(7006, LogLevel.Warning, "the kernel refused an answer with {Errno}")]
    public static partial void AnswerRefused(this ILogger logger, Errno errno);

    [LoggerMessage(7007, LogLevel.Warning, "{MountPoint} is in use: it leaves the tree now and ends with its last user")]
    public static partial void DetachedWhileBusy(this ILogger logger, string mountPoint);

    [LoggerMessage(7008, LogLevel.Warning, "unmounting {MountPoint} was refused with {Errno}")]
    public static partial void UnmountRefused(this ILogger logger, string mountPoint, Errno errno);

    [LoggerMessage(7009, LogLevel.Warning, "users hold on to {MountPoint}; the connection is aborted")]
    public static partial void Aborting(this ILogger logger, string mountPoint);

    [LoggerMessage(7010, LogLevel.Debug, "notification {Code} about node {Node} was refused with {Errno}")]
    public static partial void NotificationRefused(this ILogger logger, int code, ulong node, Errno errno);

    [LoggerMessage(7011, LogLevel.Information, "no passthrough on {MountPoint}: {Errno}")]
    public static partial void NoPassthrough(this ILogger logger, string mountPoint, Errno errno);

    [LoggerMessage(7012, LogLevel.Information, "mount(2) refused with {Errno}; asking fusermount3")]
    public static partial void FallingBackToFusermount(this ILogger logger, Errno errno);

    [LoggerMessage(7013, LogLevel.Error, "a ring of {MountPoint} failed ({Errno}); the connection is aborted, so that nobody waits for its answers. Mount it again, or with the transport dev")]
    public static partial void RingFailed(this ILogger logger, string mountPoint, Errno errno);
}
