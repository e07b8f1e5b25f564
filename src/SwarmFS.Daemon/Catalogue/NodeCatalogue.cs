using SwarmFS.Catalog;
using SwarmFS.Control;
using SwarmFS.Core;

namespace SwarmFS.Daemon.Catalogue;

/// <summary>A node's catalogue as the other parts of the node see it, whether it holds whole logs or proofs alone.</summary>
internal abstract class NodeCatalogue
{
    public abstract ICatalog Catalog { get; }

    /// <summary>This node's own log as a verifier key; empty where it writes none.</summary>
    public abstract string OwnLog { get; }

    /// <summary>What a person should look after, one sentence each.</summary>
    public abstract IReadOnlyList<string> Problems { get; }

    public abstract CatalogueReport Report();

    /// <summary>What a root is called, or null.</summary>
    public abstract Release? ReleaseOf(Cid root);

    protected static LogStateReport Show(LogStatus log) =>
        new(log.Key.ToString(), log.IsOwn, log.Entries, log.WitnessedTime ?? log.HeadTime, log.Health.ToString().ToLowerInvariant(), log.Reason);

    public static string ShowUnpublished(UnpublishedLog own) =>
        $"This node's log has {own.Entries:n0} entries, and the newest are not shown yet: {own.Missing}. It is tried again within {ImporterLog.HeartbeatInterval.TotalMinutes} minutes; see that the policy's witnesses can be reached and follow this log.";

    protected static string ShowFork(string name) =>
        $"{name} signed two histories and is believed no further than before; the evidence lies in catalogue/evidence in the state directory";
}

/// <summary>Of a node that holds its policy's logs.</summary>
internal sealed class FullCatalogue(ProvenCatalog catalog, SuiteSync sync) : NodeCatalogue
{
    private readonly RootNames _names = new();

    public override ICatalog Catalog => catalog;

    public override string OwnLog => catalog.OwnLog?.ToString() ?? "";

    public override IReadOnlyList<string> Problems
    {
        get
        {
            var now = catalog.Status();
            var problems = sync.Problems.ToList();
            if (now.IsOwnAhead) problems.Add("Peers have a longer log of this node's key than this node: nothing is signed until the newest state of this node is restored, or another key is used.");
            if (now.OwnUnpublished is { } own) problems.Add(ShowUnpublished(own));
            else if (now.OwnUnrenewed is { } why) problems.Add($"The policy's witnesses did not cosign this node's log again: {why}. What it says is stale soon; if a witness has seen another history, a second node has a copy of this one's state.");
            problems.AddRange(now.Logs.Where(log => log.Health == LogHealth.Refused).Select(log => $"The log {log.Key.Name} is refused: {log.Reason}."));
            return problems;
        }
    }

    public override CatalogueReport Report()
    {
        var now = catalog.Status();
        return new CatalogueReport(
            now.Names, catalog.Releases, now.IsStale ? "stale" : now.Names == 0 ? "empty" : "fresh", catalog.Needed, Light: false,
            [.. now.Logs.Select(log => Show(log, now.OwnUnpublished))],
            [.. now.Suites.Select(suite => new SuiteReport(suite.Namespace, suite.Date, suite.Packages, suite.Confirmations))],
            [.. now.Conflicts.Select(conflict => $"{conflict.Subject}: {conflict.Believed} is believed, {conflict.Other} is not")],
            [.. now.Logs.Where(log => log.Fork is not null).Select(log => ShowFork(log.Key.Name))]);
    }

    private static LogStateReport Show(LogStatus log, UnpublishedLog? own) =>
        log is { IsOwn: true, Health: LogHealth.Unheard } && own is not null ? Show(log) with { Entries = own.Entries, State = "unpublished" } : Show(log);

    public override Release? ReleaseOf(Cid root) => _names.GetOrAdd(root, catalog.ReleaseOf);
}

/// <summary>Of a light node.</summary>
internal sealed class LightNodeCatalogue(LightCatalog catalog, int needed) : NodeCatalogue
{
    public override ICatalog Catalog => catalog;

    public override string OwnLog => "";

    public override IReadOnlyList<string> Problems => [];

    public override CatalogueReport Report()
    {
        var (names, logs) = (catalog.Current, catalog.Logs);
        var releases = 0;
        for (var i = 0; i < names.Count; i++) releases += names[i].Releases.Count;
        return new CatalogueReport(
            names.Count, releases, catalog.IsStale ? "stale" : names.Count == 0 ? "empty" : "fresh", needed, Light: true, [.. logs.Select(Show)], [], [],
            [.. logs.Where(log => log.Fork is not null).Select(log => ShowFork(log.Key.Name))])
        { ProofBytes = catalog.BytesRead, ProofsChecked = catalog.ProofsChecked };
    }

    public override Release? ReleaseOf(Cid root)
    {
        var names = catalog.Current;
        for (var i = 0; i < names.Count; i++)
            if (names[i].Releases.FirstOrDefault(release => release.Root == root) is { } release) return release;
        return null;
    }
}
