using SwarmFS.Core;
using SwarmFS.Fuse;

namespace SwarmFS.Mount;

/// <summary>The one place where a failure becomes an error number.</summary>
internal static class MountErrors
{
    public static Errno Of(Exception failure) => failure switch
    {
        OperationCanceledException => Errno.EINTR,
        OutOfMemoryException => Errno.ENOMEM,
        ContentUnavailableException or InvalidTreeException => Errno.EIO,
        _ => Errno.EIO,
    };
}
