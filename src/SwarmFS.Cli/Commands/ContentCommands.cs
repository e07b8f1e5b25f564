using System.CommandLine;
using SwarmFS.Control;

namespace SwarmFS.Cli.Commands;

/// <summary><c>ls</c>, <c>cat</c>, <c>get</c>: reading without the mount, which also works where there is none.</summary>
internal static class ContentCommands
{
    private const string PathHelp = "A path below the mount: pkgs/NAME/VERSION/…, at/DAY/pkgs/…, cid/CID/…";

    public static void AddTo(RootCommand root, CommandContext context)
    {
        root.Subcommands.Add(CreateList(context));
        root.Subcommands.Add(CreateCat(context));
        root.Subcommands.Add(CreateGet(context));
    }

    private static Command CreateList(CommandContext context)
    {
        var path = new Argument<string>("path") { Description = PathHelp, DefaultValueFactory = _ => "" };
        var command = new Command("ls", "List a directory of the tree") { path };
        context.AddExample(command, "swarmfs ls pkgs/gedit", "swarmfs ls pkgs/gedit/latest/usr/bin", "swarmfs ls at", "swarmfs ls at/2026-11-20/pkgs/gedit");
        context.Ask(command, ControlRoutes.List, parsed => new PathRequest(parsed.GetRequiredValue(path)),
            ControlJson.Default.PathRequest, ControlJson.Default.ListReport, report =>
        {
            foreach (var entry in report.Entries) context.Terminal.Out.WriteLine(Line(entry));
        });
        return command;
    }

    private static Command CreateCat(CommandContext context)
    {
        var path = new Argument<string>("path") { Description = PathHelp };
        var command = new Command("cat", "Write a file of the tree to standard output") { path };
        context.AddExample(command, "swarmfs cat pkgs/gedit/latest/usr/share/doc/gedit/copyright");
        command.SetAction((parsed, cancellationToken) => context.GuardAsync("What was written stays.", async () =>
        {
            using var client = new ControlClient(context.StateDirectory(parsed));
            await using var output = context.Terminal.Bytes();
            await client.DownloadAsync(ControlRoutes.Cat, new PathRequest(parsed.GetRequiredValue(path)), ControlJson.Default.PathRequest, output, cancellationToken);
            return ExitCodes.Done;
        }));
        return command;
    }

    private static Command CreateGet(CommandContext context)
    {
        var cid = new Argument<string>("cid") { Description = "A file's or block's CID" };
        var output = PathWord.Option("--output", "Where to write it (default: standard output)", aliases: "-o");
        var command = new Command("get", "Fetch a file or block by its hash") { cid, output };
        context.AddExample(command, "swarmfs get bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku -o file");
        command.SetAction((parsed, cancellationToken) => context.GuardAsync("No file was written; blocks already fetched stay in the store.", async () =>
        {
            using var client = new ControlClient(context.StateDirectory(parsed));
            var request = new GetRequest(parsed.GetRequiredValue(cid));
            if (parsed.GetValue(output) is not { } file)
            {
                await using var bytes = context.Terminal.Bytes();
                await client.DownloadAsync(ControlRoutes.Get, request, ControlJson.Default.GetRequest, bytes, cancellationToken);
                return ExitCodes.Done;
            }
            var length = await OutputFile.WriteAsync(
                file, stream => client.DownloadAsync(ControlRoutes.Get, request, ControlJson.Default.GetRequest, stream, cancellationToken));
            if (context.IsJson(parsed)) context.WriteJson(new ProgressReport("written", file, length, length, "bytes"), ControlJson.Default.ProgressReport);
            return ExitCodes.Done;
        }));
        return command;
    }

    private static string Line(ListedEntry entry)
    {
        var kind = entry.Kind switch { "directory" => 'd', "symlink" => 'l', _ => '-' };
        var mtime = DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(entry.Mtime, -62135596800, 253402300799));
        var name = entry.Target is { } target ? $"{entry.Name} -> {target}" : entry.Name;
        return $"{kind} {entry.Mode,4} {entry.Uid,5} {entry.Gid,5} {entry.Size,12} {mtime:yyyy-MM-dd HH:mm} {name}";
    }
}
