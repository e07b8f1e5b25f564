using System.Runtime.InteropServices;

namespace SwarmFS.Fuse;

/// <summary>Which mount is uppermost at a path, by a number that is not given again (STATX_MNT_ID_UNIQUE, Linux 6.8; before that one that may be). Its server is not asked.</summary>
internal static unsafe class MountIdentity
{
    // STATX_MNT_ID and STATX_MNT_ID_UNIQUE, struct statx of linux/stat.h; AT_* of linux/fcntl.h.
    private const uint Id = 0x1000;
    private const uint UniqueId = 0x4000;
    private const int StatusBytes = 256;
    private const int MaskAt = 0;
    private const int DeviceMajorAt = 136;
    private const int DeviceMinorAt = 140;
    private const int IdAt = 144;
    private const int CurrentDirectory = -100;
    private const int EmptyPath = 0x1000;
    private const int DoNotFollow = 0x100;
    private const int DoNotMount = 0x800;
    private const int DoNotAsk = 0x4000;

    /// <returns>Null when the kernel does not say.</returns>
    public static (uint Kind, ulong Id)? At(string path)
    {
        var status = stackalloc byte[StatusBytes];
        if (Libc.Status(CurrentDirectory, path, DoNotFollow | DoNotMount | DoNotAsk, Id | UniqueId, status) < 0) return null;
        var kind = Read<uint>(status, MaskAt) & (Id | UniqueId);
        return kind == 0 ? null : (kind, Read<ulong>(status, IdAt));
    }

    /// <summary>major:minor of a mount's device, as mountinfo shows it; null when the kernel does not say.</summary>
    public static string? DeviceOf(int mount)
    {
        var status = stackalloc byte[StatusBytes];
        return Libc.Status(mount, "", EmptyPath | DoNotAsk, 0, status) < 0 ? null : $"{Read<uint>(status, DeviceMajorAt)}:{Read<uint>(status, DeviceMinorAt)}";
    }

    private static T Read<T>(byte* status, int at) where T : struct => MemoryMarshal.Read<T>(new ReadOnlySpan<byte>(status, StatusBytes)[at..]);
}
