using SwarmFS.Core;

namespace SwarmFS.Retrieval;

/// <summary>
/// One block on its way: at most one per CID. Everything but the awaiting of <see cref="Landed"/> happens under the fetcher's lock.
/// <code>
/// (none) -> [ask] -> InFlight -> [delivered] -> Landed
///                    InFlight -> [its batch ended without it, or was abandoned] -> Lost
///                    InFlight -> [asked again by a reader: moves to the reader's batch] -> InFlight
/// </code>
/// </summary>
internal sealed class Flight(Cid cid, FetchBatch batch, int expectedLength)
{
    private TaskCompletionSource<bool>? _landed;

    public Cid Cid { get; } = cid;

    /// <summary>The request that is to bring it.</summary>
    public FetchBatch Batch { get; set; } = batch;

    /// <summary>What it is likely to weigh, for the bound on bytes in flight.</summary>
    public int ExpectedLength { get; } = expectedLength;

    /// <summary>Who waits for it to land.</summary>
    public int Waiters { get; set; }

    /// <summary>Those of the waiters that want its bytes from memory.</summary>
    public int Keepers { get; set; }

    /// <summary>The bytes, from landing until the last keeper leaves.</summary>
    public Block? Block { get; set; }

    /// <summary>For those who have joined: true when it landed, false when it was lost.</summary>
    public Task<bool> Landed => _landed!.Task;

    /// <summary>One more waits. Most of what is asked ahead is waited for by nobody, and needs no task.</summary>
    /// <param name="keeps">It wants the bytes from memory.</param>
    public void Join(bool keeps)
    {
        Waiters++;
        Batch.Waiters++;
        if (keeps) Keepers++;
        _landed ??= new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Called outside the lock, when nobody can begin to wait any more.</summary>
    public void Settle(bool landed) => _landed?.TrySetResult(landed);
}
