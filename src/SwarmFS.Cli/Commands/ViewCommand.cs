using System.CommandLine;
using SwarmFS.Control;

namespace SwarmFS.Cli.Commands;

/// <summary><c>view</c>: has the kernel itself serve a version, from its image.</summary>
internal static class ViewCommand
{
    public static Command Create(CommandContext context)
    {
        var subject = new Argument<string>("package") { Description = "NAME (its newest version), NAME/VERSION, or the CID of a root" };
        var directory = PathWord.Optional("dir", "An empty directory (default: the version's own place, /swarm/pkgs/NAME/VERSION)");
        var command = new Command("view", "Have the kernel serve a version by its own EROFS: stat, open and listings as fast as on a disk. It comes and goes with the node, and is ended by umount") { subject, directory };
        context.AddExample(command, "swarmfs view gedit", "swarmfs view gedit/43.2-2 /mnt", "umount /mnt");
        command.SetAction((parsed, cancellationToken) => context.GuardAsync("Nothing was mounted.", async () =>
        {
            var state = context.StateDirectory(parsed);
            using var client = new ControlClient(state);
            using var progress = ProgressLine.For(context.Terminal);
            var request = new ViewRequest(parsed.GetRequiredValue(subject));
            using var held = await ViewLock.TakeAsync(state, cancellationToken);
            var report = await client.CallAsync(ControlRoutes.View, request, ControlJson.Default.ViewRequest, ControlJson.Default.ViewReport, progress, cancellationToken);
            progress?.Dispose();
            var given = parsed.GetValue(directory);
            var place = given is null ? report.Place : Path.TrimEndingDirectorySeparator(Path.GetFullPath(given));
            var isThere = report.Views.Contains(place);
            if (!isThere && given is not null) RequireEmpty(given);
            if (!isThere) Mount(report.Image, place);
            if (context.IsJson(parsed)) context.WriteJson(report with { Views = isThere ? report.Views : [.. report.Views, place] }, ControlJson.Default.ViewReport);
            else context.Terminal.Out.WriteLine($"{place}  {(isThere ? "is" : "is now")} served by the kernel, from {report.Image}. End it with: umount {place}");
            return ExitCodes.Done;
        }));
        return command;
    }

    /// <exception cref="IOException">It is no directory, or something lies in it.</exception>
    private static void RequireEmpty(string directory)
    {
        if (!Directory.Exists(directory)) throw new IOException($"{directory} is no directory. Make it first: mkdir {directory}");
        if (Directory.EnumerateFileSystemEntries(directory).Any()) throw new IOException($"{directory} is not empty, and a view would hide what lies in it. Choose an empty directory.");
    }

    private static void Mount(string image, string place)
    {
        var error = Interop.MountImage(image, place);
        if (error == 0) return;
        throw new IOException(error switch
        {
            Interop.NotPermitted => $"Only root may mount {image}. Run swarmfs view as root.",
            Interop.NoAccess => $"Root may not look into {image}: the mount belongs to another user. Start the node with --allow-other.",
            Interop.NotABlockDevice => $"This kernel takes no image from this file: it must be Linux 6.12 or newer, and the node's mount one without --open passthrough. Otherwise use a loop device: mount -t erofs -o ro,loop {image} {place}",
            Interop.NoSuchFilesystem => "This kernel has no EROFS. Load its module: modprobe erofs",
            Interop.NoSuchEntry => $"{image} is not there: the mount of the node belongs to another mount namespace, or has ended. swarmfs status says which.",
            _ => $"{image} could not be mounted on {place}: error {error}. The kernel's log (dmesg) and the node's say why.",
        });
    }
}
