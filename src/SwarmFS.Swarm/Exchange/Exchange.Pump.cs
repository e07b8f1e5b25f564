using SwarmFS.Core;
using SwarmFS.Wire;

namespace SwarmFS.Swarm;

/// <summary>Hands queued wants to peers: by priority, then session by session in turn, each want to the peer that is expected to deliver it first.</summary>
internal sealed partial class Exchange
{
    /// <summary>Wants that are passed over in one pump because the peers that have them are busy: what is behind them may go to others.</summary>
    private const int MaxPassedOver = 64;

    /// <summary>One bulk block in so many goes to a random holder, so that a peer that got faster is noticed.</summary>
    private const int ExplorationPeriod = 10;

    /// <summary>A peer that has everything is preferred to one that may lack the block, unless it is this much slower.</summary>
    private const double PartialPenalty = 1.3;

    private readonly List<BlockWant> _passedOver = [];

    private void Pump()
    {
        if (_lanes.Count == 0) return;
        for (var priority = FetchPriority.Metadata; priority <= FetchPriority.Background; priority++)
        {
            for (var i = 0; i < _active.Count; i++) Pump(_active[(i + _turn) % _active.Count], priority);
        }
        _turn = (_turn + 1) & 0xffff;
        StartTreeAttempts();
    }

    private void Pump(RootSession session, FetchPriority priority)
    {
        if (priority > FetchPriority.Demand && IsCrowd(session))
        {
            PumpCrowd(session, priority);
            return;
        }
        var queue = session.QueueOf(priority);
        while (queue.TryTake(out var want))
        {
            var choice = Choose(session, want, priority, out var lane);
            if (choice == Choice.Found)
            {
                Assign(session, want, priority, lane!);
            }
            else if (choice == Choice.Nobody)
            {
                want.State = WantState.Parked;
                session.Parked.Add(want);
            }
            else
            {
                _passedOver.Add(want);
                if (choice == Choice.AllBusy || _passedOver.Count == MaxPassedOver) break;
            }
        }
        for (var i = _passedOver.Count - 1; i >= 0; i--) queue.Return(_passedOver[i]);
        _passedOver.Clear();
        FlushAll(session, priority);
    }

    private void FlushAll(RootSession session, FetchPriority priority)
    {
        foreach (var lane in session.Lanes)
            if (lane.Lane.Batch.Count > 0) Flush(lane.Lane, session, priority);
    }

    private void Assign(RootSession session, BlockWant want, FetchPriority priority, Lane lane)
    {
        lane.Batch.Add(want);
        lane.Asked(priority, _time.GetTimestamp());
        want.State = WantState.InFlight;
        if (lane.Batch.Count == WireLimits.BlocksPerWant) Flush(lane, session, priority);
    }

    private enum Choice
    {
        Found,

        /// <summary>Those who may have it are at their window; others are free.</summary>
        Busy,

        /// <summary>Every peer of the session is at its window.</summary>
        AllBusy,

        /// <summary>No connected peer may be asked for it.</summary>
        Nobody,
    }

    /// <summary>Asks those who hold something; when none of them can have this block, those who have not said yet.</summary>
    private Choice Choose(RootSession session, BlockWant want, FetchPriority priority, out Lane? best)
    {
        var hasHolder = session.HasHolder;
        var choice = Choose(session, want, priority, hasHolder, out best);
        return choice == Choice.Nobody && hasHolder ? Choose(session, want, priority, hasHolder: false, out best) : choice;
    }

    private Choice Choose(RootSession session, BlockWant want, FetchPriority priority, bool hasHolder, out Lane? best)
    {
        best = null;
        var (eligible, free, bestDelay) = (0, 0, double.MaxValue);
        var explore = priority > FetchPriority.Demand && _random.Next(ExplorationPeriod) == 0;
        foreach (var known in session.Lanes)
        {
            var lane = known.Lane;
            if (!RootSession.MayAsk(known, hasHolder)) continue;
            var hasRoom = HasRoom(lane, priority, known.Hits);
            if (hasRoom) free++;
            if (!known.MayHave(want) || want.IsAskedAt(lane) || want.IsDeniedBy(lane)) continue;
            eligible++;
            if (!hasRoom) continue;
            var delay = explore && !lane.Stalled ? _random.NextDouble() : lane.ExpectedDelay(priority) * Penalty(known);
            if (delay >= bestDelay) continue;
            (best, bestDelay) = (lane, delay);
        }
        if (best is not null) return Choice.Found;
        return eligible == 0 ? Choice.Nobody : free == 0 ? Choice.AllBusy : Choice.Busy;
    }

    private static double Penalty(SessionLane known) => known.State == HoldingState.Complete || known.IsListed ? 1 : PartialPenalty / known.Hits;

    /// <summary>
    /// Demand may use the largest window at once, bulk what bandwidth and delay ask for, less where most of it would be asked in vain. The last request slots are kept
    /// for demand.
    /// </summary>
    private static bool HasRoom(Lane lane, FetchPriority priority, double hits) =>
        priority <= FetchPriority.Demand ? lane.HasRequestSlot && lane.Outstanding < lane.LargestWindow : HasBulkRoom(lane, lane.WindowFor(hits));

    private static bool HasBulkRoom(Lane lane, int window)
    {
        const int slotsKeptForDemand = 16;
        return lane.Requests.Count < WireLimits.RequestsInProgress - slotsKeptForDemand && lane.Outstanding < window;
    }

    private void Flush(Lane lane, RootSession session, FetchPriority priority)
    {
        var wants = lane.Batch.ToArray();
        lane.Batch.Clear();
        Ask(lane, session, priority, wants);
    }

    private void Ask(Lane lane, RootSession session, FetchPriority priority, BlockWant[] wants)
    {
        var request = new WantRequest(lane, lane.NextRequestId(), _time.GetTimestamp(), priority, wants);
        lane.Requests.Add(request.Id, request);
        var cids = System.Buffers.ArrayPool<Cid>.Shared.Rent(wants.Length);
        var deadline = long.MinValue;
        for (var i = 0; i < wants.Length; i++)
        {
            cids[i] = wants[i].Cid;
            wants[i].Attach(request);
            foreach (var job in wants[i].Jobs) deadline = Math.Max(deadline, job.LastDeadline);
        }
        lane.Output.Send(request.Id, new Want(session.Root, priority, MillisecondsUntil(deadline), cids.AsMemory(0, wants.Length)));
        System.Buffers.ArrayPool<Cid>.Shared.Return(cids);
        _metrics.Asked(wants.Length);
    }

    private uint MillisecondsUntil(long deadline) =>
        (uint)Math.Clamp(_time.GetElapsedTime(_time.GetTimestamp(), deadline).TotalMilliseconds, 1, uint.MaxValue);
}
