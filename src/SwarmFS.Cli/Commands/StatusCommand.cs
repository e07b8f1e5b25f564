using System.CommandLine;
using SwarmFS.Control;

namespace SwarmFS.Cli.Commands;

internal static class StatusCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("status", "How the node is: mount, store, peers, transfers, health");
        context.AddExample(command, "swarmfs status", "swarmfs status --json");
        context.Ask(command, ControlRoutes.Status, _ => new EmptyRequest(), ControlJson.Default.EmptyRequest, ControlJson.Default.StatusReport, report =>
        {
            Write(context.Terminal.Out, report);
        });
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
        output.WriteLine($"catalogue  {report.Catalogue.Packages:n0} packages, {report.Catalogue.Releases:n0} versions from {report.Catalogue.Importers.Count} importers");
        output.WriteLine($"memory     {Show.Size(report.Memory.ResidentBytes)}");
        output.WriteLine($"health     {report.Health.State}");
        foreach (var problem in report.Health.Problems) output.WriteLine($"           {problem}");
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
}
