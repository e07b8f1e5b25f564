using System.Diagnostics;
using Microsoft.Extensions.Logging;
using SwarmFS.Core;
using SwarmFS.Fuse;

namespace SwarmFS.Daemon;

/// <summary>
/// Images of a node's mount that somebody has mounted with the kernel's EROFS. They cannot outlive the node, which has their bytes; and while one is there, the node's own mount is in use.
/// </summary>
internal static class MountedViews
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static string ImageOf(string mountPoint, Cid root) => Path.Join(mountPoint, "cid", $"{root}.erofs");

    public static IEnumerable<FuseMountInfo> Of(string mountPoint)
    {
        var images = Path.Join(mountPoint, "cid") + "/";
        return FuseMounts.All().Where(mount => mount.Type == "erofs" && mount.Source.StartsWith(images, StringComparison.Ordinal));
    }

    /// <summary>Takes them out of the tree, the latest first. By child processes: the path to a view can lead through the mount of this very process.</summary>
    public static async Task DetachAsync(string mountPoint, ILogger log)
    {
        foreach (var view in Of(mountPoint).Reverse())
        {
            using var umount = Process.Start(new ProcessStartInfo("umount", ["-l", "--", view.MountPoint]) { RedirectStandardOutput = true, RedirectStandardError = true });
            using var patience = new CancellationTokenSource(Patience);
            try
            {
                if (umount is null) continue;
                await umount.WaitForExitAsync(patience.Token);
                if (umount.ExitCode == 0) log.ViewDetached(view.MountPoint);
                else log.ViewNotDetached(view.MountPoint, (await umount.StandardError.ReadToEndAsync()).Trim());
            }
            catch (OperationCanceledException)
            {
                umount?.Kill();
            }
        }
    }
}
