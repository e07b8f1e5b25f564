using System.Text;
using SwarmFS.Core;
using SwarmFS.Wire;

namespace SwarmFS.Swarm;

/// <summary>What only time brings: deadlines, hedges, stalls, and the last blocks that a slow peer sits on.</summary>
internal sealed partial class Exchange
{
    /// <summary>A hedge earlier than this would answer the scheduler's noise with twice the traffic.</summary>
    private static readonly TimeSpan HedgeFloor = TimeSpan.FromMilliseconds(50);

    /// <summary>A peer that owes blocks and delivers none for this long is ranked last, and what it owes is asked of others too.</summary>
    private static readonly TimeSpan StallTime = TimeSpan.FromSeconds(1);

    /// <summary>Wants that nobody could answer are tried again so often: a partial holder has more by then.</summary>
    private static readonly TimeSpan ParkedRetry = TimeSpan.FromSeconds(1);

    /// <summary>While somebody waits in vain, peers are dialled so often.</summary>
    private static readonly TimeSpan SourcesRetry = TimeSpan.FromMilliseconds(250);

    /// <summary>Names in an explanation: enough for a person, and a bound for the line.</summary>
    private const int MaxPeersNamed = 8;

    private readonly List<FetchJob> _expired = [];
    private readonly List<BlockWant> _late = [];
    private readonly List<IBlockSink> _receiving = [];
    private long _parkedRetried;
    private long _sourcesWanted;

    private void Tick()
    {
        bool lonely;
        List<(Cid Root, uint[] Blocks)>? gained = null;
        IBlockSink[] receiving;
        lock (_gate)
        {
            if (_disposed) return;
            var now = _time.GetTimestamp();
            Expire(now);
            var isIdle = _jobs.Count == 0 && _trees.Count == 0;
            foreach (var session in _active)
            {
                if (session.Gained.Count == 0 || !isIdle && session.GainsTold is { } told && _time.GetElapsedTime(told, now) < GainsPeriod) continue;
                (gained ??= []).Add((session.Root, TakeGains(session)));
            }
            lonely = !isIdle && Look(now);
            if (isIdle) Rest();
            receiving = [.. _receiving];
            _receiving.Clear();
        }
        foreach (var sink in receiving) sink.Receiving();
        foreach (var (root, blocks) in gained ?? []) Gained?.Invoke(root, blocks);
        if (lonely) SourcesWanted?.Invoke();
    }

    private void Rest()
    {
        _ticking = false;
        _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _active.RemoveAll(session => session.IsIdle);
    }

    private bool Look(long now)
    {
        foreach (var lane in _lanes) CheckLane(lane, now);
        foreach (var fetch in _trees) CheckTree(fetch, now);
        RetryParked(now);
        Pump();
        return IsLonely(now);
    }

    private void Expire(long now)
    {
        foreach (var job in _jobs)
            if (job.Deadline <= now) _expired.Add(job);
        foreach (var job in _expired) FinishJob(job, Explain(job, now));
        _expired.Clear();
        for (var i = _trees.Count - 1; i >= 0; i--)
            if (_trees[i].Request.Deadline <= now) FinishTree(_trees[i], Explain(_trees[i], now));
    }

    private void CheckLane(Lane lane, long now)
    {
        if (lane.Outstanding == 0) return;
        if (lane.TakesPart(now) && _time.GetElapsedTime(lane.LastArrival, now) > StallTime) Encourage(lane, now);
        var bound = lane.LatencyBound;
        var isLate = _time.GetElapsedTime(lane.LastPart, now).TotalSeconds > Math.Max(StallTime.TotalSeconds, 4 * bound);
        if (isLate && !lane.Stalled) lane.Stall();
        foreach (var request in lane.Requests.Values)
        {
            if (request is not WantRequest want) continue;
            var waited = _time.GetElapsedTime(Math.Max(want.AskedAt, lane.LastArrival), now);
            var hedge = want.Priority <= FetchPriority.Demand && waited.TotalSeconds > Math.Max(HedgeFloor.TotalSeconds, bound);
            if (!hedge && !lane.Stalled && !IsEndGame(lane, want)) continue;
            for (var i = 0; i < want.Count; i++)
                if (want.StateOf(i) == SlotState.Waiting && MayAskAnother(want[i])) _late.Add(want[i]);
        }
        foreach (var want in _late) AskAnother(want);
        _late.Clear();
    }

    /// <summary>A large block comes slowly: who waits for one of that peer waits on.</summary>
    private void Encourage(Lane lane, long now)
    {
        foreach (var request in lane.Requests.Values)
        {
            if (request is not WantRequest { IsAwaited: true } want || want[0].Session.LastReceived == now) continue;
            want[0].Session.LastReceived = now;
            foreach (var job in _jobs)
                if (job.Session == want[0].Session) _receiving.Add(job.Sink);
        }
    }

    /// <summary>Nothing of the session is queued any more and another holder has nothing to do: the last blocks are asked of both.</summary>
    private static bool IsEndGame(Lane lane, WantRequest request)
    {
        var session = request[0].Session;
        if (session.HasQueued) return false;
        foreach (var known in session.Lanes)
        {
            if (ReferenceEquals(known.Lane, lane) || known.Lane.Outstanding > 0 || known.Lane.Stalled) continue;
            if (known.State != HoldingState.Complete && !(known.IsListed && known.MayHave(request[0]))) continue;
            if (lane.ExpectedDelay(request.Priority) > 2 * known.Lane.ExpectedDelay(request.Priority)) return true;
        }
        return false;
    }

    /// <summary>One peer more than the first, or another one when both have come to a stop.</summary>
    private static bool MayAskAnother(BlockWant want) => want.Second is not { } second || second.Lane.Stalled && want.First!.Lane.Stalled;

    private void AskAnother(BlockWant want)
    {
        if (want.First is not { } first || !MayAskAnother(want)) return;
        var choice = Choose(want.Session, want, want.Priority, out var lane);
        if (choice != Choice.Found || lane!.Stalled) return;
        if (want.Second is not null) Withdraw(want, first);
        lane.Asked(want.Priority, _time.GetTimestamp());
        Ask(lane, want.Session, want.Priority, [want]);
        _metrics.Hedged();
    }

    private void CheckTree(TreeFetch fetch, long now)
    {
        if (fetch.Attempts.Count is 0 or >= MaxTreeAttemptsAtOnce) return;
        if (_time.GetElapsedTime(fetch.Attempts[0].LastArrival, now) > TreePatience) StartAttempt(fetch);
    }

    private void RetryParked(long now)
    {
        if (_time.GetElapsedTime(_parkedRetried, now) < ParkedRetry) return;
        _parkedRetried = now;
        foreach (var session in _active)
        {
            if (session.IsIdle) continue;
            AskThoseWithout(session, now);
            if (session.Parked.Count > 0) session.RequeueParked(forget: null);
        }
        foreach (var fetch in _trees)
            if (fetch.Attempts.Count == 0) fetch.Failures.RemoveAll(failure => !failure.Lane.Closed);
    }

    private bool IsLonely(long now)
    {
        if (_time.GetElapsedTime(_sourcesWanted, now) < SourcesRetry) return false;
        foreach (var session in _active)
        {
            if (session.IsIdle || CanBeAsked(session)) continue;
            _sourcesWanted = now;
            return true;
        }
        return false;
    }

    private string Explain(FetchJob job, long now)
    {
        var text = new StringBuilder($"{job.Left} of {job.Wants.Count} blocks did not come in time");
        var named = new HashSet<NodeId>();
        foreach (var want in job.Wants)
        {
            if (want.State == WantState.Done || named.Count >= MaxPeersNamed) continue;
            foreach (var failure in want.Failures ?? [])
                if (named.Add(failure.Lane.Peer.Id)) text.Append("; ").Append(failure.Lane.Peer).Append(Describe(failure.Outcome));
            foreach (var request in new[] { want.First, want.Second })
                if (request is not null && named.Add(request.Lane.Peer.Id)) text.Append("; ").Append(request.Lane.Peer).Append(Waiting(request.AskedAt, now));
        }
        return AppendOthers(text, job.Session, named);
    }

    private string Explain(TreeFetch fetch, long now)
    {
        var text = new StringBuilder($"the tree from {fetch.Request.Start.ToShortString()} did not come in time ({fetch.Delivered} blocks did)");
        var named = new HashSet<NodeId>();
        foreach (var failure in fetch.Failures)
            if (named.Add(failure.Lane.Peer.Id)) text.Append("; ").Append(failure.Lane.Peer).Append(Describe(failure.Outcome));
        foreach (var attempt in fetch.Attempts)
            if (named.Add(attempt.Lane.Peer.Id)) text.Append("; ").Append(attempt.Lane.Peer).Append(Waiting(attempt.AskedAt, now));
        return AppendOthers(text, fetch.Session, named);
    }

    private string AppendOthers(StringBuilder text, RootSession session, HashSet<NodeId> named)
    {
        if (_lanes.Count == 0) return text.Append("; no peer is connected").ToString();
        var without = session.Lanes.Count(known => known.State == HoldingState.None);
        if (without > 0) text.Append($"; {without} of {_lanes.Count} connected peers hold nothing of it");
        if (named.Count == 0 && without < _lanes.Count) text.Append($"; {_lanes.Count - without} connected peers were not asked");
        return text.ToString();
    }

    private string Waiting(long since, long now) => $": asked {_time.GetElapsedTime(since, now).TotalSeconds:0.0} s ago, no answer";

    private static string Describe(AttemptOutcome outcome) => outcome switch
    {
        AttemptOutcome.DoesNotHave => ": does not have it",
        _ => ": the connection was lost",
    };
}
