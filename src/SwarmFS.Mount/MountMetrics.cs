using System.Diagnostics.Metrics;

namespace SwarmFS.Mount;

/// <summary>Counters of the mount under the meter <c>SwarmFS.Mount</c>; the session counts requests by operation.</summary>
internal sealed class MountMetrics
{
    private readonly Counter<long> _reads;
    private readonly Counter<long> _localBytes;
    private readonly Counter<long> _remoteReads;
    private readonly Counter<long> _remoteBytes;
    private readonly Counter<long> _treesAwaited;
    private readonly Counter<long> _resolutionsAwaited;
    private readonly Counter<long> _pushedFiles;
    private readonly Counter<long> _pushedBytes;
    private readonly Counter<long> _failures;

    public MountMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("SwarmFS.Mount");
        _reads = meter.CreateCounter<long>("swarmfs.mount.reads", "{request}", "READ requests for files of packages");
        _localBytes = meter.CreateCounter<long>("swarmfs.mount.local_bytes", "By", "Bytes answered at once");
        _remoteReads = meter.CreateCounter<long>("swarmfs.mount.remote_reads", "{request}", "READ requests that had to wait for content");
        _remoteBytes = meter.CreateCounter<long>("swarmfs.mount.remote_bytes", "By", "Bytes answered after waiting");
        _treesAwaited = meter.CreateCounter<long>("swarmfs.mount.trees_awaited", "{request}", "Requests that had to wait for a directory structure");
        _resolutionsAwaited = meter.CreateCounter<long>("swarmfs.mount.resolutions_awaited", "{request}", "Requests that had to wait for a version that nobody had unpacked");
        _pushedFiles = meter.CreateCounter<long>("swarmfs.mount.pushed_files", "{file}", "Small files given to the kernel unasked");
        _pushedBytes = meter.CreateCounter<long>("swarmfs.mount.pushed_bytes", "By", "Bytes given to the kernel unasked");
        _failures = meter.CreateCounter<long>("swarmfs.mount.failures", "{request}", "Requests answered with an error of ours");
        Meter = meter;
    }

    private Meter Meter { get; }

    public void Observe(PackageTrees trees)
    {
        Meter.CreateObservableGauge("swarmfs.mount.tree_bytes", () => trees.Bytes, "By", "Memory of the directory structures in use");
        Meter.CreateObservableGauge("swarmfs.mount.packages", () => trees.Count, "{package}", "Packages in use");
    }

    public void LocalRead(int bytes)
    {
        _reads.Add(1);
        _localBytes.Add(bytes);
    }

    public void ReadAwaited()
    {
        _reads.Add(1);
        _remoteReads.Add(1);
    }

    public void RemoteBytes(int bytes) => _remoteBytes.Add(bytes);

    public void TreeAwaited() => _treesAwaited.Add(1);

    public void ResolutionAwaited() => _resolutionsAwaited.Add(1);

    public void Pushed(int bytes)
    {
        _pushedFiles.Add(1);
        _pushedBytes.Add(bytes);
    }

    public void Failure() => _failures.Add(1);
}
