using SwarmFS.Core;

namespace SwarmFS.Retrieval;

/// <summary>
/// One request to the sources, of one priority, and the flights that it is to land. It ends when all have landed, when the sources give up, or when the last waiter left.
/// A batch that runs ahead of readers (<see cref="IsAhead"/>) has no waiters of its own and runs to its end.
/// </summary>
internal sealed class FetchBatch(BlockFetcher fetcher, RootAccount account, FetchPriority priority, long deadline, bool isAhead) : IBlockSink, IDisposable
{
    private readonly CancellationTokenSource _over = new();
    private string? _explanation;

    public RootAccount Account { get; } = account;

    public FetchPriority Priority { get; } = priority;

    public long Deadline { get; } = deadline;

    public bool IsAhead { get; } = isAhead;

    /// <summary>In the order in which they are wanted.</summary>
    public List<Flight> Flights { get; } = [];

    /// <summary>Flights that have neither landed nor moved to another batch. Under the fetcher's lock.</summary>
    public int Outstanding { get; set; }

    /// <summary>Waiters over all flights. Under the fetcher's lock.</summary>
    public int Waiters { get; set; }

    /// <summary>More than one source is at it: when all have landed, the slower one is called off. One alone is at its end by itself.</summary>
    public bool IsRaced { get; set; }

    /// <summary>What the sources have said that gave up; null: none has.</summary>
    public string? Explanation => Volatile.Read(ref _explanation);

    /// <summary>A source has given up.</summary>
    public void Explain(string line)
    {
        lock (_over) Volatile.Write(ref _explanation, _explanation is null ? line : $"{_explanation}; {line}");
    }

    /// <summary>Cancelled when nothing more is wanted of the sources.</summary>
    public CancellationToken Over => _over.Token;

    /// <summary>Called outside the lock; any number of times.</summary>
    public void End()
    {
        try
        {
            _over.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The sources had all returned already.
        }
    }

    public void Deliver(Block block) => fetcher.Land(block, Account);

    public void Receiving() => Account.Received();

    public void Dispose() => _over.Dispose();
}
