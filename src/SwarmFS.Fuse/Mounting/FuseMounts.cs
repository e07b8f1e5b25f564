using System.ComponentModel;
using System.Diagnostics;

namespace SwarmFS.Fuse;

/// <summary>A line of /proc/self/mountinfo (proc_pid_mountinfo(5)).</summary>
/// <param name="Id">Given again once the mount is gone.</param>
/// <param name="Parent">The mount that it lies in, or on: what is at the same place below it.</param>
/// <param name="Device">major:minor, as st_dev shows it.</param>
/// <param name="Type">"fuse.swarmfs" and the like.</param>
public sealed record FuseMountInfo(string Id, string Parent, string MountPoint, string Device, string Type, string Source, string Options);

/// <summary>FUSE mounts of this mount namespace, this process's and others'. Nothing here touches a mount from inside this process: its server may be this process, or hang.</summary>
public static class FuseMounts
{
    // A server that is alive answers statfs within microseconds; one that does not answer for this long is alive too, as far as a new mount is concerned.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    // MAXSYMLINKS of linux/namei.h.
    private const int MaxLinks = 40;

    // strerror(3) of ENOTCONN and ECONNABORTED in the C locale.
    private static readonly string[] DeadWords = ["endpoint is not connected", "caused connection abort"];

    /// <summary>All mounts of this mount namespace, of whatever type, in the order in which they were made.</summary>
    public static IReadOnlyList<FuseMountInfo> All() => [.. MountInfo.Read()];

    /// <summary>The uppermost mount at exactly this path, or null.</summary>
    public static FuseMountInfo? Find(string path)
    {
        var resolved = Resolve(path);
        var here = MountInfo.Read().Where(mount => mount.MountPoint == resolved).ToList();
        // Not the last one: the order is that in which they were made, not that in which they were put here.
        return here.Find(mount => !here.Exists(other => other.Parent == mount.Id));
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

    /// <summary>The path without symbolic links, as mountinfo shows it. What it leads to may be missing, or a dead mount: nobody is asked for it.</summary>
    public static string Resolve(string path)
    {
        for (var followed = 0; ; followed++)
        {
            var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
            if (Path.GetDirectoryName(full) is not { } parent || DirectoryPath.TryResolve(parent, out var above) != 0) return full;
            var resolved = Path.Join(above, Path.GetFileName(full));
            if (followed == MaxLinks || DirectoryPath.TryReadLink(resolved) is not { } target) return resolved;
            path = Path.Combine(above, target);
        }
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
