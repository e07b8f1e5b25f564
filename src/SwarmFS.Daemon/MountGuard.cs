using System.Diagnostics;
using Microsoft.Extensions.Logging;
using SwarmFS.Daemon.State;
using SwarmFS.Fuse;

namespace SwarmFS.Daemon;

/// <summary>
/// Makes a mount point ready, and leaves it so that nobody takes an unmounted one for an empty tree.
/// <code>
/// nothing there            made here, removed after a clean unmount, by the next node if this one is killed
/// an empty directory       used; a note that nothing is mounted lies in it, hidden while something is
/// a dead node's mount      detached, used
/// anything else            refused
/// </code>
/// </summary>
internal sealed class MountGuard
{
    private const string MountType = "fuse.swarmfs";
    private const string Note = "NOT-MOUNTED";
    private const string NoteText = "SwarmFS is not mounted here. Start the node with: swarmfs up\n";

    // Mounts stacked on one point by nodes that died one after the other.
    private const int DeadMountsMax = 16;

    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(10);

    private readonly string _path;

    private MountGuard(MountPlace place)
    {
        Place = place;
        _path = place.Path;
    }

    public MountPlace Place { get; }

    /// <summary>Takes away what a node that was killed has left where the next one is not mounted.</summary>
    public static void Clear(MountPlace former, ILogger log)
    {
        for (var i = 0; i < DeadMountsMax && FuseMounts.Find(former.Path) is { Type: MountType } && FuseMounts.IsStale(former.Path); i++)
        {
            if (FuseMounts.Detach(former.Path) is var errno && errno != 0)
            {
                log.DeadMountStays(former.Path, errno.ToString());
                return;
            }
            log.DeadMountRemoved(former.Path);
        }
        new MountGuard(former).Leave();
    }

    /// <param name="madeBefore">The directory is there because a node that was killed has made it.</param>
    /// <exception cref="NodeStartException">The place cannot be used.</exception>
    public static MountGuard Prepare(string path, bool madeBefore, ILogger log)
    {
        DetachDead(path, log);
        try
        {
            if (!Directory.Exists(path))
            {
                if (File.Exists(path)) throw new NodeStartException($"{path} is a file. Choose an empty directory with --mount.");
                MakeForAll(path);
                return new MountGuard(new MountPlace(path, Made: true));
            }
            var stranger = Directory.EnumerateFileSystemEntries(path).FirstOrDefault(entry => Path.GetFileName(entry) != Note);
            if (stranger is not null)
                throw new NodeStartException($"{path} is not empty: it holds {Path.GetFileName(stranger)}, which the mount would hide. Choose an empty directory with --mount.");
            if (!madeBefore) WriteNote(Path.Combine(path, Note));
            return new MountGuard(new MountPlace(path, madeBefore));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new NodeStartException($"{path} cannot be used as a mount point: {e.Message} Choose another one with --mount.");
        }
    }

    private static void WriteNote(string note)
    {
        try
        {
            File.WriteAllText(note, NoteText);
            File.SetUnixFileMode(note, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        }
        catch (IOException e) when (e.HResult == Interop.ReadOnlyFileSystem)
        {
            // A system whose root cannot be written has its mount points made ready, with or without the note.
        }
    }

    /// <summary>With those above it: who may read the mount has to get there, whatever the mask of the process says.</summary>
    private static void MakeForAll(string path)
    {
        if (Directory.Exists(path)) return;
        if (Path.GetDirectoryName(path) is { } above) MakeForAll(above);
        Directory.CreateDirectory(path);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
            | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
    }

    /// <summary>Whether the mount answers. Asked by a child process: one that waits for its own mount waits for ever.</summary>
    public async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(AnswerWithin);
        using var stat = Process.Start(new ProcessStartInfo("/usr/bin/stat", ["-c", "%i", "--", _path]) { RedirectStandardOutput = true, RedirectStandardError = true });
        if (stat is null) return false;
        try
        {
            await stat.WaitForExitAsync(patience.Token);
            return stat.ExitCode == 0;
        }
        catch (OperationCanceledException)
        {
            stat.Kill();
            cancellationToken.ThrowIfCancellationRequested();
            return false;
        }
    }

    /// <summary>After the mount is gone: a directory made here goes as well.</summary>
    public void Leave()
    {
        if (!Place.Made || FuseMounts.Find(_path) is not null) return;
        try
        {
            Directory.Delete(_path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Somebody has put something there: then it does not look like an empty tree.
        }
    }

    private static void DetachDead(string path, ILogger log)
    {
        for (var i = 0; FuseMounts.Find(path) is { } mount; i++)
        {
            if (i == DeadMountsMax || mount.Type != MountType || !FuseMounts.IsStale(path))
                throw new NodeStartException($"{path} is already a mount point ({mount.Type} of {mount.Source}). Unmount it with umount {path}, or choose another directory with --mount.");
            if (FuseMounts.Detach(path) is var errno && errno != 0)
                throw new NodeStartException($"{path} is still mounted by a dead node and cannot be detached ({errno}). Run umount -l {path} as root, or choose another directory with --mount.");
            log.StaleMountReplaced(path);
        }
    }
}
