using SwarmFS.Mount;
using SwarmFS.Store;

namespace SwarmFS.Daemon;

/// <summary>The store's size for statfs(2), which some programs ask per file: counted anew at most once a second.</summary>
internal sealed class StoreFigures(BlockStore store, TimeProvider time) : IMountFigures
{
    private static readonly TimeSpan Freshness = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private StoreStatistics _newest = store.Statistics;
    private long _taken = time.GetTimestamp();

    public long CapacityBytes => Newest().QuotaBytes;

    public long UsedBytes => Newest().DiskBytes;

    private StoreStatistics Newest()
    {
        if (time.GetElapsedTime(Volatile.Read(ref _taken)) < Freshness || !_gate.TryEnter()) return Volatile.Read(ref _newest);
        try
        {
            Volatile.Write(ref _newest, store.Statistics);
            Volatile.Write(ref _taken, time.GetTimestamp());
            return _newest;
        }
        finally
        {
            _gate.Exit();
        }
    }
}
