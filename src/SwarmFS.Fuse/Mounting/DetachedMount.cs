using System.Globalization;

namespace SwarmFS.Fuse;

/// <summary>
/// A mount that is not in the tree yet, by the calls that work on descriptors (fsopen(2), fsmount(2), open_tree(2), move_mount(2); Linux 5.2): nobody meets it before it is served,
/// and what is put into the tree may be a directory of it.
/// </summary>
internal sealed class DetachedMount : IDisposable
{
    // FSOPEN_CLOEXEC and FSMOUNT_CLOEXEC, enum fsconfig_command, MOUNT_ATTR_*, OPEN_TREE_CLONE and MOVE_MOUNT_F_EMPTY_PATH of linux/mount.h; AT_* of linux/fcntl.h.
    private const int CloseOnExec = 1;
    private const int SetFlag = 0;
    private const int SetString = 1;
    private const int Create = 6;
    private const int AttributeReadOnly = 1;
    private const int AttributeNoSuid = 2;
    private const int AttributeNoDev = 4;
    private const int AttributeNoAtime = 16;
    private const int Clone = 1;
    private const int EmptyPath = 0x1000;
    private const int OpenTreeFlags = Clone | EmptyPath | Libc.OpenCloseOnExec;
    private const int FromIsDescriptor = 4;
    private const int CurrentDirectory = -100;

    private int _mount;

    private DetachedMount(int mount) => _mount = mount;

    /// <summary>major:minor, as mountinfo shows it; null when the kernel does not say.</summary>
    public string? Device => MountIdentity.DeviceOf(_mount);

    /// <summary>Makes the mount of an open /dev/fuse; the kernel's INIT waits there from then on.</summary>
    /// <returns>Null with the reason; EPERM without privilege.</returns>
    public static DetachedMount? TryMake(FuseMountOptions options, int device, out Errno errno)
    {
        var context = Libc.OpenFilesystem("fuse", CloseOnExec);
        errno = context < 0 ? Libc.LastError : 0;
        if (context < 0) return null;
        errno = Configure(context, options, device);
        var mount = errno == 0 ? Libc.MakeMount(context, CloseOnExec, Attributes(options)) : -1;
        if (errno == 0 && mount < 0) errno = Libc.LastError;
        _ = Libc.Close(context);
        return mount < 0 ? null : new DetachedMount(mount);
    }

    /// <summary>Whether a directory of it can be put into the tree in its place: the kernel copies a mount that is in no tree (Linux 6.15).</summary>
    public bool CanShowSubdirectory()
    {
        var copy = Libc.OpenTree(_mount, "", OpenTreeFlags);
        if (copy < 0) return false;
        _ = Libc.Close(copy);
        return true;
    }

    /// <summary>
    /// Puts a directory of it into the tree; its server is asked for it, and has to answer meanwhile. Where that is this process, whoever waits must not hold the device open: a
    /// process that is killed would wait for itself for ever. So a thread asks that has a table of descriptors of its own, without the device. (Served through io_uring it still waits: the rings' memory, which all threads share, keeps them.)
    /// </summary>
    /// <param name="subdirectory">A name in its root; the root itself when empty.</param>
    public Errno Attach(string mountPoint, string subdirectory)
    {
        if (subdirectory.Length == 0) return Move(_mount, mountPoint);
        var errno = (Errno)0;
        var alone = new Thread(() => errno = AttachAlone(mountPoint, subdirectory)) { IsBackground = true, Name = "fuse-attach" };
        alone.Start();
        alone.Join();
        return errno;
    }

    private Errno AttachAlone(string mountPoint, string subdirectory)
    {
        if (Libc.Unshare(Libc.UnshareFiles) == 0) LetGoOfDevice();
        var shown = Libc.OpenTree(_mount, subdirectory, OpenTreeFlags);
        if (shown < 0) return Libc.LastError;
        var errno = Move(shown, mountPoint);
        _ = Libc.Close(shown);
        return errno;
    }

    // By the names in fdinfo: to list fd looks at what each of them leads to, and one leads into the mount.
    private static void LetGoOfDevice()
    {
        foreach (var number in Directory.GetFiles("/proc/thread-self/fdinfo").Select(Path.GetFileName))
        {
            if (DirectoryPath.TryReadLink($"/proc/thread-self/fd/{number}") is "/dev/fuse") _ = Libc.Close(int.Parse(number!, CultureInfo.InvariantCulture));
        }
    }

    /// <summary>Lets it go; the kernel ends what was not attached.</summary>
    public void Dispose()
    {
        if (_mount >= 0) _ = Libc.Close(_mount);
        _mount = -1;
    }

    private static Errno Configure(int context, FuseMountOptions options, int device)
    {
        List<(int Command, string? Key, string? Value)> settings =
        [
            (SetString, "source", options.FsName),
            (SetString, "subtype", options.Subtype),
            (SetString, "fd", device.ToString(CultureInfo.InvariantCulture)),
            (SetString, "rootmode", "40000"),
            (SetString, "user_id", Libc.EffectiveUserId().ToString(CultureInfo.InvariantCulture)),
            (SetString, "group_id", Libc.EffectiveGroupId().ToString(CultureInfo.InvariantCulture)),
        ];
        if (options.DefaultPermissions) settings.Add((SetFlag, "default_permissions", null));
        if (options.AllowOther) settings.Add((SetFlag, "allow_other", null));
        if (options.ReadOnly) settings.Add((SetFlag, "ro", null));
        settings.Add((Create, null, null));
        foreach (var (command, key, value) in settings)
        {
            if (Libc.ConfigureFilesystem(context, command, key, value) < 0) return Libc.LastError;
        }

        return 0;
    }

    private static int Attributes(FuseMountOptions options) =>
        (options.ReadOnly ? AttributeReadOnly : 0)
        | (options.NoSuid ? AttributeNoSuid : 0)
        | (options.NoDev ? AttributeNoDev : 0)
        | (options.NoAtime ? AttributeNoAtime : 0);

    private static Errno Move(int mount, string target) => Libc.MoveMount(mount, "", CurrentDirectory, target, FromIsDescriptor) < 0 ? Libc.LastError : 0;
}
