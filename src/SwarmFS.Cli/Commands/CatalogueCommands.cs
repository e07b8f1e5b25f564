using System.CommandLine;
using SwarmFS.Control;

namespace SwarmFS.Cli.Commands;

/// <summary><c>sync</c>, <c>history</c>, <c>verify</c>, <c>challenge</c>, <c>audit</c>: what the catalogue says, since when, and why that is believed.</summary>
internal static class CatalogueCommands
{
    public static void AddTo(RootCommand root, CommandContext context)
    {
        root.Subcommands.Add(CreateSync(context));
        root.Subcommands.Add(CreateHistory(context));
        root.Subcommands.Add(CreateVerify(context));
        root.Subcommands.Add(CreateChallenge(context));
        root.Subcommands.Add(CreateAudit(context));
    }

    private static Argument<string> Subject() => new("package") { Description = "NAME (its latest version) or NAME/VERSION" };

    private static Command CreateSync(CommandContext context)
    {
        var distribution = new Argument<string?>("distribution") { Description = "The first word of a namespace, such as debian; all when left out", Arity = ArgumentArity.ZeroOrOne };
        var suite = new Option<string?>("--suite") { Description = "Only this suite or codename", HelpName = "SUITE" };
        var command = new Command("sync", "Read the system's apt sources into this node's log: signature, indexes, every name and version") { distribution, suite };
        context.AddExample(command, "swarmfs sync", "swarmfs sync debian --suite bookworm");
        context.Ask(command, ControlRoutes.Sync, parsed => new SyncRequest(Selection(parsed.GetValue(distribution), parsed.GetValue(suite))),
            ControlJson.Default.SyncRequest, ControlJson.Default.SyncReport, report =>
        {
            foreach (var index in report.Suites)
                context.Terminal.Out.WriteLine($"{index.Namespace,-40} {index.Date:yyyy-MM-dd HH:mm}Z  {index.Packages,7:n0} packages  {(index.Changed ? "new" : "as before")}");
            context.Terminal.Out.WriteLine($"{report.Recorded:n0} records added to the log, {Show.Size(report.BytesFetched)} fetched, {report.Seconds:f1} s");
            foreach (var failure in report.Failures) context.Terminal.Error.WriteLine($"swarmfs: {failure}");
            if (report.Unwitnessed is { } why) context.Terminal.Error.WriteLine($"swarmfs: recorded, but not confirmed yet: {why}");
        }, "What was not recorded yet is as it was.", report => report is { Failures.Count: 0, Unwitnessed: null });
        return command;
    }

    private static string? Selection(string? distribution, string? suite) => (distribution, suite) switch
    {
        (null, _) => suite,
        (_, null) => distribution,
        _ => $"{distribution}/{suite}",
    };

    private static Command CreateHistory(CommandContext context)
    {
        var name = new Argument<string>("package") { Description = "NAME" };
        var command = new Command("history", "When which versions of a package were to be had") { name };
        context.AddExample(command, "swarmfs history gedit");
        context.Ask(command, ControlRoutes.History, parsed => new HistoryRequest(parsed.GetRequiredValue(name)),
            ControlJson.Default.HistoryRequest, ControlJson.Default.HistoryReport, report =>
        {
            foreach (var entry in report.Versions)
            {
                var until = entry.Gone is { } gone ? $"until {gone:yyyy-MM-dd HH:mm}Z" : entry.Version == report.Latest ? "latest" : "";
                context.Terminal.Out.WriteLine($"{entry.Version,-28} {entry.Namespace,-36} since {entry.Seen:yyyy-MM-dd HH:mm}Z  {until}".TrimEnd());
            }
        });
        return command;
    }

    private static Command CreateVerify(CommandContext context)
    {
        var subject = Subject();
        var command = new Command("verify", "Print the chain of evidence of a version: whose signature, which index, which logs and witnesses, how old") { subject };
        context.AddExample(command, "swarmfs verify gedit");
        context.Ask(command, ControlRoutes.Verify, parsed => new VerifyRequest(parsed.GetRequiredValue(subject)),
            ControlJson.Default.VerifyRequest, ControlJson.Default.VerifyReport, report =>
        {
            foreach (var step in report.Steps) context.Terminal.Out.WriteLine($"{(step.Holds ? "ok     " : "MISSING")} {step.What,-10} {step.Text}");
            context.Terminal.Out.WriteLine(
                $"{report.Name} {report.Version} is {(report.Confirmed ? "confirmed" : "NOT confirmed")}: recorded in {report.Confirmations} of {report.Needed} logs that are needed");
        }, isDone: report => report.Confirmed);
        return command;
    }

    private static Command CreateChallenge(CommandContext context)
    {
        var subject = Subject();
        var command = new Command("challenge", "Fetch the origin's archive, unpack it again here, and compare with the tree that the logs say") { subject };
        context.AddExample(command, "swarmfs challenge gedit");
        context.Ask(command, ControlRoutes.Challenge, parsed => new ChallengeRequest(parsed.GetRequiredValue(subject)),
            ControlJson.Default.ChallengeRequest, ControlJson.Default.ChallengeReport, report =>
        {
            context.Terminal.Out.WriteLine($"recorded  {report.Recorded ?? "nowhere"}");
            context.Terminal.Out.WriteLine($"made here {report.Made}");
            context.Terminal.Out.WriteLine(report.Agrees ? "The same." : "NOT the same.");
        }, isDone: report => report.Agrees);
        return command;
    }

    private static Command CreateAudit(CommandContext context)
    {
        var command = new Command("audit", "Check every log held here from its first entry, and every index that they name");
        context.AddExample(command, "swarmfs audit");
        context.Ask(command, ControlRoutes.Audit, _ => new EmptyRequest(), ControlJson.Default.EmptyRequest, ControlJson.Default.AuditReport, report =>
        {
            foreach (var finding in report.Findings) context.Terminal.Out.WriteLine(finding);
            context.Terminal.Out.WriteLine($"{report.Logs:n0} logs with {report.Entries:n0} entries and {report.Indexes:n0} indexes checked, {report.Findings.Count:n0} findings");
        }, isDone: report => report.Findings.Count == 0);
        return command;
    }
}
