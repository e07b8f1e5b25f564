using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace SwarmFS.Fuse;

/// <summary>Opens the device and puts the mount into the tree: by mount(2) with privilege, through fusermount3 without.</summary>
internal static class FuseMounter
{
    private const string Device = "/dev/fuse";

    /// <param name="resolved">The mount point as mountinfo shows it.</param>
    /// <exception cref="FuseMountException">Not mounted; nothing is left behind.</exception>
    public static SafeFileHandle Mount(FuseMountOptions options, ILogger logger, out string resolved)
    {
        if (DirectoryPath.TryResolve(options.MountPoint, out resolved) is not 0 and var unusable) throw Unusable(options.MountPoint, unusable);
        if (FuseMounts.Find(resolved) is { } other && other.Type == $"fuse.{options.Subtype}") throw Occupied(options.MountPoint);
        if (Libc.EffectiveUserId() != 0) return Fusermount.Mount(options, resolved);
        var fd = Libc.Open(Device, Libc.OpenReadWrite | Libc.OpenCloseOnExec);
        if (fd < 0) throw NoDevice(Libc.LastError);
        var device = new SafeFileHandle(fd, ownsHandle: true);
        var errno = Libc.Mount(options.FsName, resolved, $"fuse.{options.Subtype}", KernelFlags(options), KernelOptions(options, fd)) < 0 ? Libc.LastError : 0;
        if (errno == 0) return device;
        device.Dispose();
        if (errno != Errno.EPERM) throw new FuseMountException($"mounting on {options.MountPoint} failed with {errno}", errno);
        logger.FallingBackToFusermount(errno);
        return Fusermount.Mount(options, resolved);
    }

    private static ulong KernelFlags(FuseMountOptions options) =>
        (options.ReadOnly ? Libc.MountReadOnly : 0)
        | (options.NoSuid ? Libc.MountNoSuid : 0)
        | (options.NoDev ? Libc.MountNoDev : 0)
        | (options.NoAtime ? Libc.MountNoAtime : 0);

    private static string KernelOptions(FuseMountOptions options, int fd)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"fd={fd},rootmode=40000,user_id={Libc.EffectiveUserId()},group_id={Libc.EffectiveGroupId()}");
        if (options.DefaultPermissions) text.Append(",default_permissions");
        if (options.AllowOther) text.Append(",allow_other");
        return text.ToString();
    }

    // Two servers on one place would hide each other without a word.
    private static FuseMountException Occupied(string mountPoint) => new(
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
