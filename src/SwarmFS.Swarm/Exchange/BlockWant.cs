using SwarmFS.Core;

namespace SwarmFS.Swarm;

/// <summary>What became of asking a peer for a block, where it was not delivery.</summary>
internal enum AttemptOutcome : byte
{
    DoesNotHave,
    ConnectionLost,
}

internal readonly record struct FailedAttempt(Lane Lane, AttemptOutcome Outcome);

// Queued -> [asked of a peer] -> InFlight -> [BLOCK] -> Done
// InFlight -> [DONT_HAVE, connection lost] -> Queued        InFlight -> [late: asked of a second peer] -> InFlight at two
// Queued -> [nobody left to ask] -> Parked -> [holdings changed, a peer came, retry] -> Queued
// any -> [the last job gave up] -> Done
internal enum WantState : byte
{
    Queued,
    InFlight,
    Parked,
    Done,
}

/// <summary>One block that at least one job waits for. Belongs to the exchange's lock.</summary>
internal sealed class BlockWant(RootSession session, Cid cid, FetchPriority priority)
{
    public RootSession Session { get; } = session;

    public Cid Cid { get; } = cid;

    /// <summary>The most urgent of its jobs.</summary>
    public FetchPriority Priority { get; set; } = priority;

    public WantState State { get; set; } = WantState.Queued;

    /// <summary>Who waits for it; mostly one.</summary>
    public List<FetchJob> Jobs { get; } = new(1);

    /// <summary>Where it is asked for: at most twice at once.</summary>
    public WantRequest? First { get; set; }

    public WantRequest? Second { get; set; }

    public List<FailedAttempt>? Failures { get; private set; }

    /// <summary>Null while no peer of the session lists what it has.</summary>
    public BlockHolders? Holders { get; set; }

    /// <summary>How many peers list it.</summary>
    public int Listings => Holders is null ? 0 : System.Numerics.BitOperations.PopCount(Holders.Peers);

    public bool IsAskedAt(Lane lane) => First?.Lane == lane || Second?.Lane == lane;

    public bool IsDeniedBy(Lane lane)
    {
        if (Failures is null) return false;
        foreach (var failure in Failures)
            if (failure.Lane == lane && failure.Outcome == AttemptOutcome.DoesNotHave) return true;
        return false;
    }

    public void AddFailure(Lane lane, AttemptOutcome outcome)
    {
        Failures ??= new List<FailedAttempt>(1);
        Failures.RemoveAll(failure => failure.Lane.Peer.Id == lane.Peer.Id);
        Failures.Add(new FailedAttempt(lane, outcome));
    }

    /// <summary>Lets this peer, or with null every peer, be asked again.</summary>
    public void ForgetDenials(Lane? lane) =>
        Failures?.RemoveAll(failure => failure.Outcome == AttemptOutcome.DoesNotHave && (lane is null || failure.Lane == lane));

    public void Attach(WantRequest request)
    {
        if (First is null) First = request;
        else Second = request;
        State = WantState.InFlight;
    }

    /// <returns>True when it is asked for nowhere any more.</returns>
    public bool Detach(WantRequest request)
    {
        if (ReferenceEquals(Second, request)) Second = null;
        else if (ReferenceEquals(First, request)) (First, Second) = (Second, null);
        return First is null;
    }
}

/// <summary>Wants of one priority in order; what comes back from a peer goes to the front. Stale entries are passed over when they come up.</summary>
internal sealed class WantQueue(FetchPriority priority)
{
    private readonly Stack<BlockWant> _returned = [];
    private readonly Queue<BlockWant> _fresh = [];

    public void Add(BlockWant want) => _fresh.Enqueue(want);

    public void Return(BlockWant want) => _returned.Push(want);

    public bool TryTake([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out BlockWant? want)
    {
        while (_returned.TryPop(out want) || _fresh.TryDequeue(out want))
            if (IsCurrent(want)) return true;
        return false;
    }

    public bool IsEmpty
    {
        get
        {
            while (_returned.TryPeek(out var stale) && !IsCurrent(stale)) _returned.Pop();
            while (_fresh.TryPeek(out var stale) && !IsCurrent(stale)) _fresh.Dequeue();
            return _returned.Count == 0 && _fresh.Count == 0;
        }
    }

    private bool IsCurrent(BlockWant want) => want.State == WantState.Queued && want.Priority == priority;
}
