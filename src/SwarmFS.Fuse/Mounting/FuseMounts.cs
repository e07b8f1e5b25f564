using System.ComponentModel;
using System.Diagnostics;

namespace SwarmFS.Fuse;

/// <summary>A line of /proc/self/mountinfo (proc_pid_mountinfo(5)).</summary>
/// <param name="Device">major:minor, as st_dev shows it.</param>
/// <param name="Type">"fuse.swarmfs" and the like.</param>
public sealed record FuseMountInfo(string MountPoint, string Device, string Type, string Source, string Options);

/// <summary>FUSE mounts of this mount namespace, this process's and others'. Nothing here touches a mount from inside this process: its server may be this process, or hang.</summary>
public static class FuseMounts
{
    // A server that is alive answers statfs within microseconds; one that does not answer for this long is alive too, as far as a new mount is concerned.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    // strerror(3) of ENOTCONN and ECONNABORTED in the C locale.
    private static readonly string[] DeadWords = ["endpoint is not connected", "caused connection abort"];

    /// <summary>All mounts of this mount namespace, of whatever type, in the order in which they were made.</summary>
    public static IReadOnlyList<FuseMountInfo> All() => [.. MountInfo.Read()];

    /// <summary>The uppermost mount at exactly this path, or null.</summary>
    public static FuseMountInfo? Find(string path)
    {
        var resolved = Resolve(path);
        return MountInfo.Read().LastOrDefault(mount => mount.MountPoint == resolved);
    }

    /// <summary>True when a FUSE mount lies at this path and its server is gone: ENOTCONN, or ECONNABORTED to who asks while the kernel still closes what a killed server had open (a ring of io_uring is closed after the process has ended).</summary>
    public static bool IsStale(string path) =>
        Find(path) is { } mount && mount.Type.StartsWith("fuse", StringComparison.Ordinal) && AnswersDead(mount.MountPoint);

    /// <summary>Takes the uppermost mount at this path out of the tree, whoever uses it; its files in use live on until they are closed.</summary>
    /// <returns>0 or the errno; EINVAL when nothing is mounted there.</returns>
    public static Errno Detach(string path)
    {
        var resolved = Resolve(path);
        var errno = Libc.Unmount(resolved, Libc.UnmountDetach | Libc.UnmountNoFollow) < 0 ? Libc.LastError : 0;
        return errno == Errno.EPERM && Fusermount.Unmount(resolved, lazily: true) ? 0 : errno;
    }

    /// <summary>The path without symbolic links in its directory; the last component, which may be a dead mount, is not looked at.</summary>
    internal static string Resolve(string path)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        return Path.GetDirectoryName(full) is { } parent && DirectoryPath.TryResolve(parent, out var resolved) == 0 ? Path.Join(resolved, Path.GetFileName(full)) : full;
    }

    // A child process asks, because whoever asks a server that hangs cannot be killed before it answers.
    private static bool AnswersDead(string path)
    {
        var start = new ProcessStartInfo("/usr/bin/stat") { ArgumentList = { "--file-system", "--", path }, RedirectStandardError = true, RedirectStandardOutput = true };
        start.Environment["LC_ALL"] = "C";
        try
        {
            using var stat = Process.Start(start);
            if (stat is null) return false;
            if (stat.WaitForExit(Patience)) return stat.ExitCode != 0 && DeadWords.Any(stat.StandardError.ReadToEnd().Contains);
            stat.Kill();
            return false;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
