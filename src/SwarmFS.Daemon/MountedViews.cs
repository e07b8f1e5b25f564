using System.Diagnostics;
using Microsoft.Extensions.Logging;
using SwarmFS.Core;
using SwarmFS.Fuse;

namespace SwarmFS.Daemon;

/// <summary>
/// Images of a node's mount that somebody has mounted with the kernel's EROFS. They cannot outlive the node, which has their bytes; and while one is there, the node's own mount is in use.
/// So they are taken away with the node, however it ends, and made again with the next.
/// </summary>
internal static class MountedViews
{
    private const string ImageSuffix = ".erofs";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static string ImageOf(string mountPoint, Cid root) => Path.Join(mountPoint, "cid", $"{root}{ImageSuffix}");

    public static IEnumerable<FuseMountInfo> Of(string mountPoint)
    {
        var images = Path.Join(mountPoint, "cid") + "/";
        return FuseMounts.All().Where(mount => mount.Type == "erofs" && mount.Source.StartsWith(images, StringComparison.Ordinal));
    }

    /// <summary>The same, by what their users asked for.</summary>
    public static IReadOnlyList<StandingView> Standing(string mountPoint) =>
        [.. Of(mountPoint).Select(view => StandingView.Of(mountPoint, Path.GetFileName(view.Source)[..^ImageSuffix.Length], view.MountPoint))];

    /// <summary>Takes them out of the tree, the latest first. By child processes: the path to a view can lead through the mount of this very process.</summary>
    public static async Task DetachAsync(string mountPoint, ILogger log)
    {
        foreach (var view in Of(mountPoint).Reverse())
        {
            var (exitCode, error) = await RunProgramAsync("/usr/bin/umount", ["-l", "--", view.MountPoint], Patience, CancellationToken.None);
            if (exitCode == 0) log.ViewDetached(view.MountPoint);
            else log.ViewNotDetached(view.MountPoint, error);
        }
    }

    /// <summary>Makes one again, as its user did. By a child process: while an image is being mounted the kernel reads it, from this process, and nothing but a reboot ends a thread that waits for itself.</summary>
    public static async Task RestoreAsync(StandingView view, string stateDirectory, ILogger log, CancellationToken cancellationToken)
    {
        string[] words = ["--state", stateDirectory, "view", "--", view.Subject, .. view.Directory is { } directory ? [directory] : (string[])[]];
        var (exitCode, error) = await RunProgramAsync(Path.Join(AppContext.BaseDirectory, "swarmfs"), words, Timeout.InfiniteTimeSpan, cancellationToken);
        if (exitCode == 0) log.ViewRestored(view.ToString());
        else if (!cancellationToken.IsCancellationRequested) log.ViewNotRestored(view.ToString(), error);
    }

    /// <param name="program">Its whole path: the runtime looks for a bare name in the current directory before it looks in PATH.</param>
    /// <returns>A program's exit code, and what it said of its failure. One that takes longer is killed.</returns>
    private static async Task<(int ExitCode, string Error)> RunProgramAsync(string program, string[] words, TimeSpan most, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(most);
        try
        {
            using var child = Process.Start(new ProcessStartInfo(program, words) { RedirectStandardOutput = true, RedirectStandardError = true });
            if (child is null) return (-1, $"{program} did not start");
            try
            {
                var error = child.StandardError.ReadToEndAsync(patience.Token);
                await child.WaitForExitAsync(patience.Token);
                return (child.ExitCode, (await error).Trim());
            }
            catch (OperationCanceledException)
            {
                child.Kill();
                return (-1, $"{program} took too long");
            }
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return (-1, $"{program} cannot be started: {e.Message}");
        }
    }
}
