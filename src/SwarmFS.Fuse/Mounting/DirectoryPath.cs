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
        var buffer = stackalloc byte[MaxPathBytes];
        var length = Libc.ReadLink($"/proc/self/fd/{fd}", buffer, MaxPathBytes);
        var errno = length < 0 ? Libc.LastError : 0;
        _ = Libc.Close(fd);
        if (errno == 0) resolved = Encoding.UTF8.GetString(buffer, (int)length);
        return errno;
    }
}
