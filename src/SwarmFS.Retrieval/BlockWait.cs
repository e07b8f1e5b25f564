using SwarmFS.Core;

namespace SwarmFS.Retrieval;

/// <summary>A waiter's share in some flights. Disposing leaves them: what nobody else waits for is then no longer fetched.</summary>
internal sealed class BlockWait(BlockFetcher fetcher, Flight?[] flights, bool keeps) : IDisposable
{
    private readonly CancellationTokenSource _left = new();

    /// <summary>One per wanted block; null for a block that was at hand after all.</summary>
    public Flight?[] Flights { get; } = flights;

    public bool Keeps { get; } = keeps;

    /// <summary>Cancelled when the waiter leaves.</summary>
    public CancellationToken Left => _left.Token;

    /// <summary>Why the request for this block ended without it; null when it did not or nobody said.</summary>
    public string? Explanation(int index) => Flights[index]?.Batch.Explanation;

    /// <summary>Waits until a block has arrived or its request has ended.</summary>
    /// <returns>False when it was lost and has to be asked for again.</returns>
    public async ValueTask<bool> ArrivedAsync(int index, CancellationToken cancellationToken)
    {
        var flight = Flights[index];
        return flight is null || await flight.Landed.WaitAsync(cancellationToken);
    }

    /// <summary>The bytes of an arrived block, valid until <see cref="Done"/>. Null for one that was at hand.</summary>
    public Block? Arrived(int index) => Flights[index]?.Block;

    /// <summary>Leaves one flight before the others: its bytes are no longer needed.</summary>
    public void Done(int index)
    {
        fetcher.Leave(this, index);
        Flights[index] = null;
    }

    public void Dispose()
    {
        _left.Cancel();
        _left.Dispose();
        fetcher.Leave(this);
    }
}
