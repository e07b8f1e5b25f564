using System.Collections.Concurrent;
using SwarmFS.Catalog;
using SwarmFS.Control;
using SwarmFS.Control.Configuration;
using SwarmFS.Core;
using SwarmFS.Daemon.Catalogue;
using SwarmFS.Retrieval;
using SwarmFS.Store;
using SwarmFS.Swarm;

namespace SwarmFS.Daemon;

/// <summary>Puts together what the parts of the node say of themselves. Cheap enough to be asked ten times a second.</summary>
internal sealed class StatusSource(
    NodeSettings settings, NodeIdentity identity, BlockStore store, ProvenCatalog catalog, SuiteSync sync, SwarmNode swarm,
    PackageContent content, MountKeeper mount, Activities activities, MetricTotals metrics, DateTimeOffset started)
{
    /// <summary>Names found for roots.</summary>
    private readonly RootNames _names = new();

    /// <summary>Above this share of the quota nothing may be evictable: worth a word before it hurts.</summary>
    private const double NearlyFull = 0.99;

    private string OwnLog => catalog.OwnLog?.ToString() ?? "";

    public static string Version { get; } = typeof(StatusSource).Assembly.GetName().Version!.ToString(3);

    public StatusReport Report()
    {
        var storeReport = Store();
        return new StatusReport(
            Version, Environment.ProcessId, started, settings.StateDirectory, identity.Id.ToString(), OwnLog, swarm.ListenEndPoint?.ToString() ?? "nowhere",
            Health(storeReport), mount.Report(), storeReport, Peers(), Roots(), Catalogue(), Activity(), Memory(), metrics.Read());
    }

    public IdentityReport Identity() =>
        new(identity.Id.ToString(), OwnLog, swarm.ListenEndPoint?.ToString() ?? "nowhere", settings.StateDirectory);

    public IReadOnlyList<PeerReport> Peers() => [.. swarm.Peers.Select(peer => new PeerReport(
        peer.Id?.ToString(), peer.Address?.ToString(), peer.Direction?.ToString().ToLowerInvariant(), peer.State.ToString().ToLowerInvariant(), peer.Software,
        peer.RoundTripSeconds > 0 ? peer.RoundTripSeconds * 1000 : null, peer.Goodput,
        peer.BytesIn, peer.BytesOut, peer.BlocksIn, peer.BlocksOut, peer.Offences, peer.DiscouragedUntil, peer.Why))];

    public StoreReport Store()
    {
        var now = store.Statistics;
        return new StoreReport(now.Blocks, now.Bytes, now.DiskBytes, now.QuotaBytes, now.PinnedRoots, now.EvictedBlocks, now.DamagedBlocks, now.FlatFiles, now.Packs);
    }

    public HealthReport Health() => Health(Store());

    public IReadOnlyList<RootReport> Roots() =>
    [
        .. swarm.Transfers.GroupBy(transfer => transfer.Root).Select(root =>
        {
            var release = _names.GetOrAdd(root.Key, catalog.ReleaseOf);
            return new RootReport(
                root.Key.ToString(), release?.Name, release?.Version, root.Sum(transfer => transfer.Bytes),
                [.. root.Select(transfer => new RootSource(transfer.From.ToString(), transfer.Bytes, transfer.Blocks))]);
        }),
    ];

    private HealthReport Health(StoreReport storeReport)
    {
        var problems = new List<string>();
        if (mount.Problem is { } gone) problems.Add(gone);
        if (storeReport.DiskBytes > storeReport.QuotaBytes * NearlyFull)
            problems.Add("The store is full: what is read is served but not kept. Raise the quota (--quota), or unpin something and run swarmfs gc.");
        problems.AddRange(sync.Problems);
        if (catalog.Status().IsOwnAhead)
            problems.Add("Peers have a longer log of this node's key than this node: nothing is signed until the newest state of this node is restored, or another key is used.");
        foreach (var peer in swarm.Peers.Where(peer => peer.State == PeerState.Discouraged))
            problems.Add($"Peer {peer.Id?.ToShortString()} at {peer.Address} is not spoken to until {peer.DiscouragedUntil:yyyy-MM-dd HH:mm}Z: {peer.Why}");
        return new HealthReport(problems.Count == 0 ? "ok" : "degraded", problems);
    }

    private CatalogueReport Catalogue()
    {
        var now = catalog.Status();
        return new CatalogueReport(
            now.Names, catalog.Releases, now.IsStale ? "stale" : now.Names == 0 ? "empty" : "fresh", catalog.Needed, Light: false,
            [.. now.Logs.Select(log => new LogStateReport(log.Key.ToString(), log.IsOwn, log.Entries, log.WitnessedTime ?? log.HeadTime, log.Health.ToString().ToLowerInvariant(), log.Reason))],
            [.. now.Suites.Select(suite => new SuiteReport(suite.Namespace, suite.Date, suite.Packages, suite.Confirmations))],
            [.. now.Conflicts.Select(conflict => $"{conflict.Subject}: {conflict.Believed} is believed, {conflict.Other} is not")],
            [.. now.Logs.Where(log => log.Fork is not null).Select(log => $"{log.Key.Name} signed two histories and is believed no further than before; the evidence lies in catalogue/evidence in the state directory")]);
    }

    private IReadOnlyList<ActivityReport> Activity() =>
    [
        .. activities.Running,
        .. content.Activity.Where(root => root.WaitingReads > 0).Select(root => new ActivityReport("read", root.Root.ToString(), "waiting", root.WaitingReads, 0, "reads")),
    ];

    private static MemoryReport Memory() => new(Environment.WorkingSet, GC.GetTotalMemory(forceFullCollection: false));
}

/// <summary>What roots are called, so that a status asked for ten times a second does not search the catalogue each time. Safe from any thread.</summary>
internal sealed class RootNames
{
    /// <summary>As many roots as a node transfers in a day; then all are looked up anew.</summary>
    private const int Kept = 4096;

    private readonly ConcurrentDictionary<Cid, Release?> _names = new();

    public Release? GetOrAdd(Cid root, Func<Cid, Release?> find)
    {
        if (_names.TryGetValue(root, out var known)) return known;
        if (_names.Count >= Kept) _names.Clear();
        var found = find(root);
        if (found is not null) _names[root] = found;
        return found;
    }
}
