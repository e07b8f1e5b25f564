using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace SwarmFS.Fuse;

/// <summary>Opens the device and makes the mount: by itself with privilege, through fusermount3 without.</summary>
internal static class FuseMounter
{
    private const string Device = "/dev/fuse";

    /// <param name="resolved">The mount point as mountinfo shows it.</param>
    /// <param name="mount">What is to be attached once it is served; null when fusermount3 has put it into the tree.</param>
    /// <exception cref="FuseMountException">Not mounted; nothing is left behind.</exception>
    public static SafeFileHandle Mount(FuseMountOptions options, ILogger logger, out string resolved, out DetachedMount? mount)
    {
        mount = null;
        if (DirectoryPath.TryResolve(options.MountPoint, out resolved) is not 0 and var unusable) throw Unusable(options.MountPoint, unusable);
        if (FuseMounts.Find(resolved) is { } other && other.Type == $"fuse.{options.Subtype}") throw Occupied(options.MountPoint);
        if (Libc.EffectiveUserId() != 0) return Fusermount.Mount(options, resolved);
        var fd = Libc.Open(Device, Libc.OpenReadWrite | Libc.OpenCloseOnExec);
        if (fd < 0) throw NoDevice(Libc.LastError);
        var device = new SafeFileHandle(fd, ownsHandle: true);
        mount = DetachedMount.TryMake(options, fd, out var errno);
        if (mount is not null) return device;
        device.Dispose();
        // ENOSYS: a sandbox that knows mount(2) only.
        if (errno is not (Errno.EPERM or Errno.ENOSYS)) throw Refused(options, errno);
        logger.FallingBackToFusermount(errno);
        return Fusermount.Mount(options, resolved);
    }

    public static FuseMountException Refused(FuseMountOptions options, Errno errno) => new($"mounting on {options.MountPoint} failed with {errno}", errno);

    // Two servers on one place would hide each other without a word.
    public static FuseMountException Occupied(string mountPoint) => new(
        $"{mountPoint} is mounted already; end its server (umount {mountPoint}), or detach it if that is dead (umount -l {mountPoint})", Errno.EBUSY);

    private static FuseMountException Unusable(string mountPoint, Errno errno) => new(errno switch
    {
        Errno.ENOENT => $"mount point {mountPoint} does not exist; create the directory",
        Errno.ENOTDIR => $"mount point {mountPoint} is not a directory",
        Errno.ENOTCONN => $"a dead mount lies at {mountPoint}; detach it (umount -l {mountPoint}) first",
        _ => $"mount point {mountPoint} cannot be opened ({errno})",
    }, errno);

    private static FuseMountException NoDevice(Errno errno) => new(errno switch
    {
        Errno.ENOENT or Errno.ENODEV or Errno.ENXIO => $"{Device} is missing; load the kernel's module (modprobe fuse)",
        Errno.EACCES or Errno.EPERM => $"{Device} may not be opened ({errno}); in a container, allow the device",
        _ => $"{Device} cannot be opened ({errno})",
    }, errno);
}
