using System.CommandLine;
using SwarmFS.Control;

namespace SwarmFS.Cli.Commands;

/// <summary><c>pin</c>, <c>unpin</c>, <c>gc</c>, <c>fsck</c>: what the store keeps, and whether it is right.</summary>
internal static class KeepingCommands
{
    public static void AddTo(RootCommand root, CommandContext context)
    {
        root.Subcommands.Add(CreatePin(context));
        root.Subcommands.Add(CreateUnpin(context));
        root.Subcommands.Add(CreateCollect(context));
        root.Subcommands.Add(CreateCheck(context));
    }

    private static Argument<string> Subject() => new("package") { Description = "NAME (its newest version), NAME/VERSION, or the CID of a root; NAME=VERSION to make latest point there" };

    private static Command CreatePin(CommandContext context)
    {
        var subject = Subject();
        var lazily = new Option<bool>("--no-fetch") { Description = "Keep what comes, but fetch nothing now" };
        var command = new Command("pin", "Fetch a package whole and keep it from eviction") { subject, lazily };
        context.AddExample(command, "swarmfs pin gedit", "swarmfs pin gedit/43.2-2", "swarmfs pin gedit=43.2-2");
        context.Ask(command, ControlRoutes.Pin, parsed => new PinRequest(parsed.GetRequiredValue(subject), !parsed.GetValue(lazily)),
            ControlJson.Default.PinRequest, ControlJson.Default.PinReport, report =>
        {
            context.Terminal.Out.WriteLine($"pinned {Name(report)}  root {(report.Root.Length > 0 ? report.Root : "not unpacked yet")}, {Show.Size(report.FetchedBytes)} fetched");
            if (report.Missing > 0)
                context.Terminal.Error.WriteLine($"swarmfs: {report.Missing:n0} blocks are still missing: no connected peer has them. Pin again when one does.");
            if (report.Unkept > 0)
                context.Terminal.Error.WriteLine($"swarmfs: the store had no room for {report.Unkept:n0} blocks. Raise the quota (up --quota), or unpin something, and pin again.");
        }, "The package is pinned; what is missing is fetched when it is read, or by pinning again.", report => report is { Missing: 0, Unkept: 0 });
        return command;
    }

    private static Command CreateUnpin(CommandContext context)
    {
        var subject = Subject();
        var command = new Command("unpin", "Let a package be evicted again") { subject };
        context.AddExample(command, "swarmfs unpin gedit", "swarmfs unpin gedit=43.2-2");
        context.Ask(command, ControlRoutes.Unpin, parsed => new PinRequest(parsed.GetRequiredValue(subject)),
            ControlJson.Default.PinRequest, ControlJson.Default.PinReport, report =>
        {
            context.Terminal.Out.WriteLine($"unpinned {Name(report)}");
        });
        return command;
    }

    private static Command CreateCollect(CommandContext context)
    {
        var command = new Command("gc", "Free disk space now: evict what was not used for longest, down to the low watermark");
        context.AddExample(command, "swarmfs gc");
        context.Ask(command, ControlRoutes.Collect, _ => new EmptyRequest(), ControlJson.Default.EmptyRequest, ControlJson.Default.CollectReport, report =>
        {
            context.Terminal.Out.WriteLine(
                $"{report.EvictedBlocks:n0} blocks evicted, {Show.Size(report.FreedBytes)} freed; {Show.Size(report.DiskBytes)} of {Show.Size(report.QuotaBytes)} in use");
        }, "What was freed stays freed.");
        return command;
    }

    private static Command CreateCheck(CommandContext context)
    {
        var noRepair = new Option<bool>("--no-repair") { Description = "Drop what is damaged, but fetch nothing" };
        var command = new Command("fsck", "Hash every block of the store again; fetch what is damaged from peers") { noRepair };
        context.AddExample(command, "swarmfs fsck");
        context.Ask(command, ControlRoutes.Check, parsed => new CheckRequest(!parsed.GetValue(noRepair)),
            ControlJson.Default.CheckRequest, ControlJson.Default.CheckReport, report =>
        {
            context.Terminal.Out.WriteLine($"{report.Blocks:n0} blocks, {Show.Size(report.Bytes)} checked; {report.Damaged.Count:n0} damaged, {report.Repaired:n0} repaired");
            foreach (var cid in report.Damaged) context.Terminal.Out.WriteLine($"damaged {cid}");
            foreach (var root in report.Incomplete) context.Terminal.Out.WriteLine($"not all here {root}: what is missing is fetched when it is read");
        }, "Damaged blocks found so far are dropped.", report => report.Clean);
        return command;
    }

    private static string Name(PinReport report) => report.Name is null ? report.Root : $"{report.Name}/{report.Version}";
}
