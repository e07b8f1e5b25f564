using System.Diagnostics.Metrics;

namespace SwarmFS.Store;

/// <summary>The room's instruments.</summary>
internal sealed class StoreMetrics : IDisposable
{
    private readonly Meter _meter;
    private readonly Counter<long> _evicted;
    private readonly Counter<long> _damaged;
    private readonly Counter<long> _written;
    private readonly Counter<long> _refused;
    private long _evictedTotal;
    private long _damagedTotal;

    public StoreMetrics(IMeterFactory meters, BlockIndex index, DiskBudget budget)
    {
        _meter = meters.Create("SwarmFS.Store");
        _evicted = _meter.CreateCounter<long>("swarmfs.store.evicted", "{block}", "Blocks evicted.");
        _damaged = _meter.CreateCounter<long>("swarmfs.store.damaged", "{block}", "Blocks found damaged and dropped.");
        _written = _meter.CreateCounter<long>("swarmfs.store.written", "By", "Bytes of blocks written.");
        _refused = _meter.CreateCounter<long>("swarmfs.store.refused", "{block}", "Blocks not kept because disk or quota was full.");
        _meter.CreateObservableUpDownCounter("swarmfs.store.blocks", () => index.Count, "{block}", "Blocks present.");
        _meter.CreateObservableUpDownCounter("swarmfs.store.index", () => index.MemoryBytes, "By", "Memory of the index of blocks.");
        _meter.CreateObservableUpDownCounter("swarmfs.store.disk", () => budget.Used, "By", "Disk bytes taken.");
    }

    public long EvictedTotal => Interlocked.Read(ref _evictedTotal);

    public long DamagedTotal => Interlocked.Read(ref _damagedTotal);

    public void Evicted(long blocks)
    {
        Interlocked.Add(ref _evictedTotal, blocks);
        _evicted.Add(blocks);
    }

    public void Damaged()
    {
        Interlocked.Increment(ref _damagedTotal);
        _damaged.Add(1);
    }

    public void Written(int bytes) => _written.Add(bytes);

    public void Refused() => _refused.Add(1);

    public void Dispose() => _meter.Dispose();
}
