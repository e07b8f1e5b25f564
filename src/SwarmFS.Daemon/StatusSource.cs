using SwarmFS.Control;
using SwarmFS.Control.Configuration;
using SwarmFS.Daemon.Catalogue;
using SwarmFS.Retrieval;
using SwarmFS.Store;
using SwarmFS.Swarm;

namespace SwarmFS.Daemon;

/// <summary>Puts together what the parts of the node say of themselves. Cheap enough to be asked ten times a second.</summary>
internal sealed class StatusSource(
    NodeSettings settings, NodeIdentity identity, BlockStore store, NodeCatalogue catalogue, SwarmNode swarm,
    PackageContent content, MountKeeper mount, Activities activities, MetricTotals metrics, DateTimeOffset started)
{
    /// <summary>Above this share of the quota nothing may be evictable: worth a word before it hurts.</summary>
    private const double NearlyFull = 0.99;

    public static string Version { get; } = typeof(StatusSource).Assembly.GetName().Version!.ToString(3);

    public StatusReport Report()
    {
        var storeReport = Store();
        return new StatusReport(
            Version, Environment.ProcessId, started, settings.StateDirectory, identity.Id.ToString(), catalogue.OwnLog, swarm.ListenEndPoint?.ToString() ?? "nowhere",
            Health(storeReport), mount.Report(), storeReport, Peers(), Roots(), catalogue.Report(), Activity(), Memory(), metrics.Read());
    }

    public IdentityReport Identity() =>
        new(identity.Id.ToString(), catalogue.OwnLog, swarm.ListenEndPoint?.ToString() ?? "nowhere", settings.StateDirectory);

    public IReadOnlyList<PeerReport> Peers() => [.. swarm.Peers.Select(peer => new PeerReport(
        peer.Id?.ToString(), peer.AddressText, peer.Direction?.ToString().ToLowerInvariant(), peer.State.ToString().ToLowerInvariant(), peer.Software,
        peer.RoundTripSeconds > 0 ? peer.RoundTripSeconds * 1000 : null, peer.Goodput,
        peer.BytesIn, peer.BytesOut, peer.BlocksIn, peer.BlocksOut, peer.BytesSavedIn, peer.BytesSavedOut, peer.Offences, peer.DiscouragedUntil, peer.Why))];

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
            var release = catalogue.ReleaseOf(root.Key);
            return new RootReport(
                root.Key.ToString(), release?.Name, release?.Version, root.Sum(transfer => transfer.Bytes),
                [.. root.Select(transfer => new RootSource(transfer.From.ToString(), transfer.Bytes, transfer.Blocks))]);
        }),
    ];

    private HealthReport Health(StoreReport storeReport)
    {
        var problems = new List<string>();
        if (mount.Problem is { } gone) problems.Add(gone);
        if (content.IsStoreFull || storeReport.DiskBytes > storeReport.QuotaBytes * NearlyFull)
            problems.Add("The store is full: what is read is served but not kept. Raise the quota (--quota), make room on its disk, or unpin something and run swarmfs gc.");
        problems.AddRange(catalogue.Problems);
        foreach (var peer in swarm.Peers.Where(peer => peer.State == PeerState.Discouraged))
            problems.Add($"Peer {peer.Id?.ToShortString()} at {peer.AddressText} is not spoken to until {peer.DiscouragedUntil:yyyy-MM-dd HH:mm}Z: {peer.Why}");
        return new HealthReport(problems.Count == 0 ? "ok" : "degraded", problems);
    }

    private IReadOnlyList<ActivityReport> Activity() =>
    [
        .. activities.Running,
        .. content.Activity.Where(root => root.WaitingReads > 0).Select(root => new ActivityReport("read", root.Root.ToString(), "waiting", root.WaitingReads, 0, "reads")),
    ];

    private static MemoryReport Memory() => new(
        Environment.WorkingSet, GC.GetTotalMemory(forceFullCollection: false), GC.CollectionCount(0), Math.Round(GC.GetTotalPauseDuration().TotalMilliseconds, 1));
}
