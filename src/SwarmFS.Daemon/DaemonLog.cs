using Microsoft.Extensions.Logging;

namespace SwarmFS.Daemon;

internal static partial class DaemonLog
{
    [LoggerMessage(9001, LogLevel.Information, "Node {NodeId} starts on {State} (swarmfs {Version}, pid {Pid})")]
    public static partial void Starting(this ILogger log, string nodeId, string state, string version, int pid);

    [LoggerMessage(9002, LogLevel.Information, "Mounted on {MountPoint}, FUSE protocol 7.{Minor}")]
    public static partial void Mounted(this ILogger log, string mountPoint, int minor);

    [LoggerMessage(9003, LogLevel.Warning, "{MountPoint} was still mounted by a node that is dead; replaced")]
    public static partial void StaleMountReplaced(this ILogger log, string mountPoint);

    [LoggerMessage(9004, LogLevel.Information, "Ready after {Milliseconds} ms, listening on {EndPoint}")]
    public static partial void Ready(this ILogger log, long milliseconds, string endPoint);

    [LoggerMessage(9005, LogLevel.Information, "Stopping: {Reason}")]
    public static partial void Stopping(this ILogger log, string reason);

    [LoggerMessage(9006, LogLevel.Information, "Stopped: {Unmount}")]
    public static partial void Stopped(this ILogger log, string unmount);

    [LoggerMessage(9007, LogLevel.Warning, "{MountPoint} is in use: it is out of the tree now and ends with its last user")]
    public static partial void MountBusy(this ILogger log, string mountPoint);

    [LoggerMessage(9008, LogLevel.Error, "The mount on {MountPoint} has ended ({End}) although the node was not stopped; it goes on serving peers. Restart the node to mount again")]
    public static partial void MountGone(this ILogger log, string mountPoint, string end);

    [LoggerMessage(9009, LogLevel.Error, "A part of the node did not stop cleanly: {Part}")]
    public static partial void StopFailed(this ILogger log, string part, Exception exception);

    [LoggerMessage(9010, LogLevel.Error, "Request {Route} failed")]
    public static partial void RequestFailed(this ILogger log, string route, Exception exception);

    [LoggerMessage(9013, LogLevel.Warning, "The inode slot of {Root} could not be written down ({Reason}); its inode numbers may change at the next start")]
    public static partial void SlotNotKept(this ILogger log, string root, string reason);

    [LoggerMessage(9014, LogLevel.Warning, "The peer book {Path} is unreadable ({Reason}); starting with an empty one")]
    public static partial void PeerBookUnreadable(this ILogger log, string path, string reason);

    [LoggerMessage(9015, LogLevel.Warning, "The peer book {Path} could not be written: {Reason}")]
    public static partial void PeerBookNotWritten(this ILogger log, string path, string reason);

    [LoggerMessage(9016, LogLevel.Information, "Read {Indexes} suite indexes with {Packages} packages; {Records} records are new in the log ({Seconds:f1} s)")]
    public static partial void Synced(this ILogger log, int indexes, int packages, int records, double seconds);

    [LoggerMessage(9017, LogLevel.Warning, "A package source was passed over: {Reason}")]
    public static partial void SourceNotSynced(this ILogger log, string reason);

    [LoggerMessage(9018, LogLevel.Warning, "The package sources could not be read: {Reason}")]
    public static partial void SyncFailed(this ILogger log, string reason);

    [LoggerMessage(9019, LogLevel.Error, "The archive of {Name} {Version} unpacks to {Made}, but {Recorded} was recorded: an importer lies, or this node's unpacking is broken")]
    public static partial void OriginDisagrees(this ILogger log, string name, string version, string recorded, string made);

    [LoggerMessage(9020, LogLevel.Information, "This node's log is served over HTTP at {EndPoint}")]
    public static partial void LogServed(this ILogger log, string endPoint);

    [LoggerMessage(9021, LogLevel.Information, "The view on {MountPoint} ended with the node that has its bytes")]
    public static partial void ViewDetached(this ILogger log, string mountPoint);

    [LoggerMessage(9022, LogLevel.Warning, "The view on {MountPoint} could not be unmounted: {Reason}. It answers with errors from now on; run umount -l {MountPoint}")]
    public static partial void ViewNotDetached(this ILogger log, string mountPoint, string reason);

    [LoggerMessage(9023, LogLevel.Information, "The view {View} is there again")]
    public static partial void ViewRestored(this ILogger log, string view);

    [LoggerMessage(9024, LogLevel.Warning, "The view {View} could not be made again and is forgotten: {Reason} Make it with swarmfs view {View}")]
    public static partial void ViewNotRestored(this ILogger log, string view, string reason);

    [LoggerMessage(9025, LogLevel.Warning, "The file of views {Path} cannot be used ({Reason}); views are not made again by themselves")]
    public static partial void ViewFileUnusable(this ILogger log, string path, string reason);

    [LoggerMessage(9026, LogLevel.Warning, "The log {Path} grows beyond its bound: {Reason}")]
    public static partial void LogNotBounded(this ILogger log, string path, string reason);

    [LoggerMessage(9027, LogLevel.Warning, "The journal {Path} is damaged at byte {Offset} and begins anew, since what it held can be had again; the damaged one is {Aside}, which may be deleted")]
    public static partial void JournalSetAside(this ILogger log, string path, long offset, string aside);

    [LoggerMessage(9028, LogLevel.Warning, "{MountPoint} was still mounted by this state's last node, which is dead; unmounted")]
    public static partial void DeadMountRemoved(this ILogger log, string mountPoint);

    [LoggerMessage(9029, LogLevel.Warning, "{MountPoint} is still mounted by this state's last node, which is dead, and cannot be detached ({Errno}). Run umount -l {MountPoint} as root")]
    public static partial void DeadMountStays(this ILogger log, string mountPoint, string errno);

    [LoggerMessage(9030, LogLevel.Warning, "The file {Path} cannot be used ({Reason}): should this node be killed, the next one does not know where it was mounted")]
    public static partial void MountFileUnusable(this ILogger log, string path, string reason);
}
