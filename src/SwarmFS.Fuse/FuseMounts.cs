namespace SwarmFS.Fuse;

/// <summary>A line of /proc/self/mountinfo (proc_pid_mountinfo(5)).</summary>
/// <param name="Device">major:minor, as st_dev shows it.</param>
public sealed record FuseMountInfo(string MountPoint, string Device, string Type, string Source, string Options);

/// <summary>FUSE mounts of this mount namespace, this process's and others'.</summary>
public static class FuseMounts
{
    /// <summary>The uppermost mount at exactly this path, or null.</summary>
    public static FuseMountInfo? Find(string path) => null;

    /// <summary>True when a FUSE mount lies at this path and its server is gone (ENOTCONN).</summary>
    public static bool IsStale(string path) => false;

    /// <summary>Takes the uppermost mount at this path out of the tree, whoever uses it; its files in use live on until they are closed.</summary>
    /// <returns>0 or the errno.</returns>
    public static Errno Detach(string path) => 0;
}
