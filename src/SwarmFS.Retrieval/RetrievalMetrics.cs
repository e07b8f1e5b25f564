using System.Diagnostics.Metrics;

namespace SwarmFS.Retrieval;

/// <summary>The room's instruments.</summary>
internal sealed class RetrievalMetrics : IDisposable
{
    private readonly Meter _meter;

    public RetrievalMetrics(IMeterFactory meters)
    {
        _meter = meters.Create("SwarmFS.Retrieval");
        Misses = _meter.CreateCounter<long>("swarmfs.retrieval.misses", "{read}", "Reads that had to wait for a source");
        Failures = _meter.CreateCounter<long>("swarmfs.retrieval.failures", "{read}", "Reads that no source answered in time");
        Joins = _meter.CreateCounter<long>("swarmfs.retrieval.joins", "{block}", "Wanted blocks that were already on their way");
        Fetched = _meter.CreateCounter<long>("swarmfs.retrieval.fetched", "By", "Bytes of blocks delivered by sources");
        Duplicates = _meter.CreateCounter<long>("swarmfs.retrieval.duplicates", "By", "Bytes of blocks delivered though they were here");
        Unkept = _meter.CreateCounter<long>("swarmfs.retrieval.unkept", "By", "Bytes of blocks the store had no room for");
        Prefetched = _meter.CreateCounter<long>("swarmfs.retrieval.prefetched", "By", "Bytes asked for ahead of readers");
        Requests = _meter.CreateCounter<long>("swarmfs.retrieval.requests", "{request}", "Requests sent to sources");
    }

    public Counter<long> Misses { get; }

    public Counter<long> Failures { get; }

    public Counter<long> Joins { get; }

    public Counter<long> Fetched { get; }

    public Counter<long> Duplicates { get; }

    public Counter<long> Unkept { get; }

    public Counter<long> Prefetched { get; }

    public Counter<long> Requests { get; }

    public void Dispose() => _meter.Dispose();
}
