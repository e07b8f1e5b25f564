using System.CommandLine;
using SwarmFS.Control;

namespace SwarmFS.Cli.Commands;

internal static class StatusCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("status", "How the node is: mount, store, peers, transfers, health. Ends with 1 when health is degraded, the catalogue stale or a log forked");
        context.AddExample(command, "swarmfs status", "swarmfs status --json");
        context.Ask(command, ControlRoutes.Status, _ => new EmptyRequest(), ControlJson.Default.EmptyRequest, ControlJson.Default.StatusReport, report =>
        {
            Write(context.Terminal.Out, report);
        }, isDone: report => report is { Health.State: "ok", Catalogue: { State: not "stale", Forks.Count: 0 } });
        return command;
    }

    private static void Write(TextWriter output, StatusReport report)
    {
        output.WriteLine($"node       {report.NodeId}  (swarmfs {report.Version}, pid {report.Pid}, since {report.Started:yyyy-MM-dd HH:mm:ss}Z)");
        output.WriteLine($"importer   {report.ImporterKey}");
        output.WriteLine($"state      {report.StateDirectory}");
        output.WriteLine(report.Mount is { } mount ? $"mount      {mount.Path}: {mount.State}, protocol {mount.Protocol}, {mount.Options}" : "mount      none");
        output.WriteLine($"listen     {report.Listen}");
        var store = report.Store;
        output.WriteLine(
            $"store      {store.Blocks:n0} blocks, {Show.Size(store.Bytes)}; on disk {Show.Size(store.DiskBytes)} of {Show.Size(store.QuotaBytes)}; {store.PinnedRoots} roots pinned");
        WriteCatalogue(output, report.Catalogue);
        output.WriteLine($"memory     {Show.Size(report.Memory.ResidentBytes)}");
        output.WriteLine($"health     {report.Health.State}");
        foreach (var problem in report.Health.Problems) output.WriteLine($"           {problem}");
        foreach (var fork in report.Catalogue.Forks) output.WriteLine($"FORK       {fork}");
        foreach (var conflict in report.Catalogue.Conflicts) output.WriteLine($"conflict   {conflict}");
        foreach (var activity in report.Activity) output.WriteLine($"activity   {activity.Kind} {activity.Subject}: {activity.Stage} {activity.Done:n0} of {activity.Total:n0} {activity.Unit}");
        output.WriteLine($"peers      {report.Peers.Count}");
        if (report.Peers.Count > 0) PeersCommand.Write(output, report.Peers);
        foreach (var root in report.Roots)
        {
            var sources = string.Join(", ", root.Sources.Select(source => $"{Show.Size(source.Bytes)} from {Show.Short(source.NodeId)}"));
            var name = root.Name is null ? Show.ShortCid(root.Root) : $"{root.Name}/{root.Version}";
            output.WriteLine($"root       {name}: {sources}");
        }
    }

    private static void WriteCatalogue(TextWriter output, CatalogueReport catalogue)
    {
        output.WriteLine($"catalogue  {catalogue.State.ToUpperInvariant()}, {catalogue.Packages:n0} packages, {catalogue.Releases:n0} versions{(catalogue.Light ? " looked up" : "")}; {catalogue.Needed} of {catalogue.Logs.Count} logs must agree");
        if (catalogue is { ProofBytes: { } bytes, ProofsChecked: { } proofs }) output.WriteLine($"proofs     {proofs:n0} checked, {Show.Size(bytes)} read for lookups");
        foreach (var suite in catalogue.Suites) output.WriteLine($"suite      {suite.Namespace,-36} {suite.Date:yyyy-MM-dd HH:mm}Z  {suite.Packages,7:n0} packages, in {suite.Confirmations} logs");
        foreach (var log in catalogue.Logs)
        {
            var time = log.Time is { } at ? $"{at:yyyy-MM-dd HH:mm}Z" : "never";
            output.WriteLine($"log        {log.Key}{(log.Own ? " (own)" : "")}: {log.Entries:n0} entries, {time}, {log.State}");
        }
    }
}
