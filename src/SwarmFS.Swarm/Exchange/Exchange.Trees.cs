using SwarmFS.Core;
using SwarmFS.Wire;

namespace SwarmFS.Swarm;

/// <summary>Streams of whole DAG parts: one peer at a time, a second when the first is silent.</summary>
internal sealed partial class Exchange
{
    /// <summary>A stream that pauses this long is asked of another peer as well.</summary>
    private static readonly TimeSpan TreePatience = TimeSpan.FromMilliseconds(750);

    private const int MaxTreeAttemptsAtOnce = 2;

    public Task<FetchResult> FetchTreeAsync(TreeRequest request, IBlockSink sink, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested) return Task.FromCanceled<FetchResult>(cancellationToken);
        TreeFetch fetch;
        bool lonely;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            var session = OpenSession(request.Root);
            session.Trees++;
            fetch = new TreeFetch(request with { Budget = Math.Clamp(request.Budget, 0, WireLimits.TreeBudget) }, session, sink);
            _trees.Add(fetch);
            lonely = !CanBeAsked(session);
            StartTicking();
            StartTreeAttempts();
        }
        if (lonely) SourcesWanted?.Invoke();
        if (cancellationToken.CanBeCanceled)
            fetch.Cancellation = cancellationToken.Register(static (state, token) => { var (exchange, fetch) = ((Exchange, TreeFetch))state!; exchange.Cancel(fetch, token); }, (this, fetch));
        if (fetch.Result.IsCompleted) fetch.Cancellation.Unregister();
        return fetch.Result;
    }

    private void StartTreeAttempts()
    {
        foreach (var fetch in _trees)
            if (fetch.Attempts.Count == 0) StartAttempt(fetch);
    }

    private void StartAttempt(TreeFetch fetch)
    {
        Lane? best = null;
        var bestDelay = double.MaxValue;
        var hasHolder = fetch.Session.HasHolder;
        foreach (var known in fetch.Session.Lanes)
        {
            var lane = known.Lane;
            if (!RootSession.MayAsk(known, hasHolder) || !lane.HasRequestSlot || !lane.HasTreeSlot || IsTried(fetch, lane)) continue;
            var delay = lane.ExpectedDelay(fetch.Request.Priority) * Penalty(known);
            if (delay < bestDelay) (best, bestDelay) = (lane, delay);
        }
        if (best is null) return;
        var attempt = new TreeAttempt(best, best.NextRequestId(), _time.GetTimestamp(), fetch);
        best.Requests.Add(attempt.Id, attempt);
        fetch.Attempts.Add(attempt);
        var request = fetch.Request;
        best.Output.Send(attempt.Id, new TreeWant(request.Root, request.Start, request.Selection, request.Budget, request.Priority, MillisecondsUntil(request.Deadline)));
    }

    private static bool IsTried(TreeFetch fetch, Lane lane)
    {
        foreach (var attempt in fetch.Attempts)
            if (attempt.Lane == lane) return true;
        foreach (var failure in fetch.Failures)
            if (failure.Lane == lane) return true;
        return false;
    }

    private Arrival TreeBlockArrived(TreeAttempt attempt, in Cid cid, in HashedBytes rented)
    {
        var fetch = attempt.Fetch;
        lock (_gate)
        {
            if (attempt.Cancelled || fetch.Finished) return new Arrival(ArrivalKind.Dropped);
            attempt.LastArrival = _time.GetTimestamp();
            attempt.Bytes += rented.Bytes.Length;
            if (attempt.Bytes > fetch.Request.Budget + Block.MaxLength) return Arrival.Lie($"a tree of more than the {fetch.Request.Budget} bytes that were asked for");
            if (fetch.IsReceived(cid)) return new Arrival(ArrivalKind.Dropped);
            if (!fetch.IsExpected(cid)) return Arrival.Lie($"block {cid.ToShortString()} is no part of the tree that was asked for");
        }
        var block = Block.TryAdopt(cid, rented);
        if (block is null) return Arrival.Lie($"{rented.Bytes.Length} bytes that are not block {cid.ToShortString()}");
        using (block)
        {
            if (AcceptTreeBlock(attempt, block)) Deliver(fetch, block);
        }
        return new Arrival(ArrivalKind.Taken);
    }

    private void Deliver(TreeFetch fetch, Block block)
    {
        fetch.Sink.Deliver(block.Retain());
        uint[]? gained;
        lock (_gate) gained = Gain(fetch.Session, block);
        if (gained is not null) Gained?.Invoke(fetch.Session.Root, gained);
    }

    private bool AcceptTreeBlock(TreeAttempt attempt, Block block)
    {
        var links = attempt.Links;
        links.Clear();
        // A node that breaks the format still is the block that was asked for; whoever reads the tree refuses it by name.
        if (!TryReadLinks(block, links)) links.Clear();
        lock (_gate)
        {
            var lane = attempt.Lane;
            lane.TreeArrived();
            lane.Peer.Received(block.Length);
            _metrics.Received(block.Length);
            if (attempt.Fetch.Finished || !attempt.Fetch.Receive(block, links)) return false;
            attempt.Fetch.Session.Count(lane.Peer.Id, block.Length, _time.GetTimestamp());
            return true;
        }
    }

    private static bool TryReadLinks(Block block, List<DagLink> into)
    {
        try
        {
            DagLinks.Read(block, into);
            return true;
        }
        catch (InvalidTreeException)
        {
            return false;
        }
    }

    private void EndAttempt(TreeAttempt attempt, EndStatus status)
    {
        var fetch = attempt.Fetch;
        fetch.Attempts.Remove(attempt);
        if (!attempt.Cancelled && !fetch.Finished) Conclude(attempt, fetch, status);
        StartTreeAttempts();
    }

    private void Conclude(TreeAttempt attempt, TreeFetch fetch, EndStatus status)
    {
        if (fetch.Delivered > 0 && status is EndStatus.Complete or EndStatus.Budget or EndStatus.Incomplete)
        {
            FinishTree(fetch, null);
        }
        else if (status != EndStatus.Busy)
        {
            fetch.Failures.Add(new FailedAttempt(attempt.Lane, AttemptOutcome.DoesNotHave));
        }
    }

    private static void LoseAttempt(TreeAttempt attempt, AttemptOutcome outcome)
    {
        var fetch = attempt.Fetch;
        fetch.Attempts.Remove(attempt);
        if (!fetch.Finished) fetch.Failures.Add(new FailedAttempt(attempt.Lane, outcome));
    }

    private void Cancel(TreeFetch fetch, CancellationToken token)
    {
        lock (_gate)
        {
            if (fetch.Finished) return;
            Abandon(fetch);
            fetch.Cancel(token);
        }
    }

    private void FinishTree(TreeFetch fetch, string? explanation)
    {
        Abandon(fetch);
        fetch.Finish(explanation);
    }

    private void Abandon(TreeFetch fetch)
    {
        _trees.Remove(fetch);
        fetch.Session.Trees--;
        foreach (var attempt in fetch.Attempts)
        {
            attempt.Cancelled = true;
            attempt.Lane.Output.Send(attempt.Id, new Cancel([]));
        }
        fetch.Attempts.Clear();
    }
}
