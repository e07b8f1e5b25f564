using System.Text;

namespace SwarmFS.Fuse;

/// <summary>A directory's path without symbolic links, as mountinfo will show it.</summary>
internal static unsafe class DirectoryPath
{
    // PATH_MAX.
    private const int MaxPathBytes = 4096;

    /// <returns>0, or the errno of opening it: ENOENT, ENOTDIR, or ENOTCONN for a dead mount.</returns>
    public static Errno TryResolve(string path, out string resolved)
    {
        resolved = path;
        var fd = Libc.Open(path, Libc.OpenPath | Libc.OpenDirectory | Libc.OpenCloseOnExec);
        if (fd < 0) return Libc.LastError;
        var target = TryReadLink($"/proc/self/fd/{fd}");
        var errno = target is null ? Libc.LastError : 0;
        _ = Libc.Close(fd);
        resolved = target ?? path;
        return errno;
    }

    /// <returns>Null with an errno for what is no symbolic link. The root of a mount is none, and its server is not asked.</returns>
    public static string? TryReadLink(string path)
    {
        var buffer = stackalloc byte[MaxPathBytes];
        var length = Libc.ReadLink(path, buffer, MaxPathBytes);
        return length < 0 ? null : Encoding.UTF8.GetString(buffer, (int)length);
    }
}
