using Microsoft.Extensions.Logging;

namespace SwarmFS.Store;

/// <summary>Finds room for what is to be written, by eviction where the quota or the disk is full, and remembers for a while when there is none.</summary>
internal sealed class SpaceKeeper(StoreOptions options, DiskBudget budget, Collector collector, Protection protection, TimeProvider time, ILogger logger)
{
    /// <summary>How long a full store or disk is believed to stay so: a collection walks all pins, which may not be paid for each block.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>What is given back when the disk itself is full: room for a while, without emptying the store for other people's files.</summary>
    private const long ReliefBytes = 64 << 20;

    private readonly Lock _gate = new();
    private long _fullUntil = long.MinValue;
    private int _fullAtRelaxations;
    private int _reliefs;
    private long _diskFullUntil = long.MinValue;
    private int _isDiskFull;

    /// <summary>True while used bytes are above the high watermark.</summary>
    public bool IsAboveHigh => budget.Used > (long)(budget.Quota * options.HighWatermark);

    /// <summary>How often space was made on a full disk.</summary>
    public int Reliefs => Volatile.Read(ref _reliefs);

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
        lock (_gate)
        {
            if (budget.TryTake(bytes)) return true;
            var relaxations = protection.Relaxations;
            if (time.GetTimestamp() < _fullUntil && _fullAtRelaxations == relaxations) return false;
            TryCollect(Math.Min(LowBytes, budget.Quota - bytes));
            if (budget.TryTake(bytes)) return true;
            (_fullAtRelaxations, _fullUntil) = (relaxations, Later());
            StoreLog.NothingToEvict(logger, budget.Quota);
            return false;
        }
    }

    /// <summary>The disk has no space for what the quota allows. True when some was made: try once more.</summary>
    /// <param name="seenReliefs"><see cref="Reliefs"/> before the write that failed: if another writer made space meanwhile, that is enough.</param>
    public bool TryRelieveDisk(int seenReliefs)
    {
        lock (_gate)
        {
            if (Reliefs != seenReliefs) return true;
            if (Interlocked.Exchange(ref _isDiskFull, 1) == 0) StoreLog.DiskFull(logger, options.Directory);
            if (TryCollect(Math.Max(1, budget.Used - ReliefBytes)))
            {
                Interlocked.Increment(ref _reliefs);
                return true;
            }
            DiskStaysFull();
            return false;
        }
    }

    /// <summary>True when anything was freed.</summary>
    private bool TryCollect(long targetBytes)
    {
        try
        {
            return collector.Collect(targetBytes, CancellationToken.None).FreedBytes > 0;
        }
        catch (IOException failure)
        {
            StoreLog.WriteFailed(logger, options.Directory, failure);
            return false;
        }
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
