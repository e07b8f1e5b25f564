namespace SwarmFS.Fuse;

/// <summary>Why a session ended.</summary>
public enum FuseEnd
{
    /// <summary>The mount was taken away and its last user has gone.</summary>
    Unmounted,

    /// <summary>The connection was aborted; the mount point may still be there, dead.</summary>
    Aborted,

    /// <summary>The device failed in a way it never should.</summary>
    Failed,
}

/// <summary>What became of an unmount.</summary>
public enum FuseUnmountResult
{
    Unmounted,

    /// <summary>Somebody uses the mount: it is out of the tree at once and ends with its last user.</summary>
    DetachedWhileBusy,

    NotMounted,

    /// <summary>The kernel refused; the mount is as it was.</summary>
    Refused,
}

/// <summary>A mount that did not come about: what failed, on what, and what to do.</summary>
public sealed class FuseMountException(string message, Errno errno) : IOException(message)
{
    public Errno Errno { get; } = errno;
}
