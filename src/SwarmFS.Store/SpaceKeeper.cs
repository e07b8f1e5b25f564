using Microsoft.Extensions.Logging;

namespace SwarmFS.Store;

/// <summary>Finds room for what is to be written, by eviction where the quota or the disk is full, and remembers for a while when there is none.</summary>
internal sealed class SpaceKeeper(StoreOptions options, DiskBudget budget, Collector collector, Protection protection, TimeProvider time, ILogger logger)
{
    /// <summary>How long a full store or disk is believed to stay so: a collection walks all pins, which may not be paid for each block.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>What is given back when the disk itself is full: room for a while, without emptying the store for other people's files.</summary>
    private const long ReliefBytes = 64 << 20;

    private long _fullUntil = long.MinValue;
    private int _fullAtVersion;
    private long _diskFullUntil = long.MinValue;
    private int _isDiskFull;

    /// <summary>True while used bytes are above the high watermark.</summary>
    public bool IsAboveHigh => budget.Used > (long)(budget.Quota * options.HighWatermark);

    public long LowBytes => (long)(budget.Quota * Math.Min(options.LowWatermark, options.HighWatermark));

    /// <summary>Counts the bytes as taken, after an eviction where there is no room. False when the store may not keep them.</summary>
    public bool TryTake(long bytes)
    {
        if (time.GetTimestamp() < Volatile.Read(ref _diskFullUntil)) return false;
        return budget.TryTake(bytes) || TryMakeRoom(bytes);
    }

    private bool TryMakeRoom(long bytes)
    {
        if (bytes > budget.Quota) return false;
        if (time.GetTimestamp() < Volatile.Read(ref _fullUntil) && Volatile.Read(ref _fullAtVersion) == protection.Relaxations) return false;
        collector.Collect(Math.Min(LowBytes, budget.Quota - bytes), CancellationToken.None);
        if (budget.TryTake(bytes)) return true;
        Volatile.Write(ref _fullAtVersion, protection.Relaxations);
        Volatile.Write(ref _fullUntil, Later());
        StoreLog.NothingToEvict(logger, budget.Quota);
        return false;
    }

    /// <summary>The disk has no space for what the quota allows. True when some was made: try once more.</summary>
    public bool TryRelieveDisk()
    {
        if (Interlocked.Exchange(ref _isDiskFull, 1) == 0) StoreLog.DiskFull(logger, options.Directory);
        var report = collector.Collect(Math.Max(0, budget.Used - ReliefBytes), CancellationToken.None);
        if (report.FreedBytes > 0) return true;
        DiskStaysFull();
        return false;
    }

    /// <summary>Nothing is written for a while.</summary>
    public void DiskStaysFull() => Volatile.Write(ref _diskFullUntil, Later());

    /// <summary>Something was written: the disk has space again.</summary>
    public void Written()
    {
        if (Volatile.Read(ref _isDiskFull) == 1) Volatile.Write(ref _isDiskFull, 0);
    }

    private long Later() => time.GetTimestamp() + (long)(Patience.TotalSeconds * time.TimestampFrequency);
}
