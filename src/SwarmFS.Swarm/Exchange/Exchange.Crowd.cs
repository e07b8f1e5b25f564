using SwarmFS.Core;
using SwarmFS.Wire;

namespace SwarmFS.Swarm;

/// <summary>
/// What is fetched ahead while others fetch the same: the rarest first (Legout, Urvoy-Keller, Michiardi: Rarest First and Choke Algorithms Are Enough, 2006), and of the equally rare ones each
/// newcomer begins somewhere else. Then what one has had from the source, the others have from it. In the order of the tree all would ask the source for the same and have nothing for each other.
/// </summary>
internal sealed partial class Exchange
{
    /// <summary>So long after its last new block a peer counts as one that fetches.</summary>
    private static readonly TimeSpan CrowdMemory = TimeSpan.FromSeconds(3);

    /// <summary>Of what somebody reads in order, the next so many: he waits for the first of them.</summary>
    private const int RarestOfAhead = 512;

    /// <summary>Blocks that more peers have count as equally rare.</summary>
    private const int MostListings = 8;

    private readonly List<BlockWant> _pool = [];
    private readonly int[] _poolListings = new int[MostListings + 1];

    private bool IsCrowd(RootSession session)
    {
        var now = _time.GetTimestamp();
        foreach (var known in session.Lanes)
            if (known.Grown is { } grown && known.State == HoldingState.Partial && _time.GetElapsedTime(grown, now) < CrowdMemory) return true;
        return false;
    }

    private void PumpRarest(RootSession session, FetchPriority priority)
    {
        foreach (var known in session.Lanes)
            if (known.Lane.Outstanding > 2 * known.Lane.CrowdWindow) Withdraw(session, known.Lane);
        if (!HasAnyRoom(session)) return;
        var queue = session.QueueOf(priority);
        var most = priority == FetchPriority.Prefetch ? RarestOfAhead : int.MaxValue;
        Array.Clear(_poolListings);
        while (_pool.Count < most && queue.TryTake(out var want))
        {
            _pool.Add(want);
            _poolListings[Math.Min(want.Listings, MostListings)]++;
        }
        for (var listings = 0; listings <= MostListings; listings++)
            if (_poolListings[listings] > 0 && !AskForThose(session, priority, listings)) break;
        for (var i = _pool.Count - 1; i >= 0; i--)
            if (_pool[i].State == WantState.Queued) queue.Return(_pool[i]);
        _pool.Clear();
        FlushAll(session, priority);
    }

    /// <summary>Takes back what was asked before there was a crowd, the last first: by the time it would come, others may have it. What is on its way all the same is taken.</summary>
    private static void Withdraw(RootSession session, Lane lane)
    {
        foreach (var request in lane.Requests.Values.OfType<WantRequest>().Where(request => request.Priority > FetchPriority.Demand && request[0].Session == session).OrderByDescending(request => request.Id))
        {
            var indices = new List<ushort>();
            for (var i = request.Count - 1; i >= 0 && lane.Outstanding > lane.CrowdWindow; i--)
            {
                if (request.StateOf(i) != SlotState.Waiting) continue;
                request.MarkCancelled(i);
                lane.Released(request.Priority);
                indices.Add((ushort)i);
                if (request[i].Detach(request)) session.Requeue(request[i]);
            }
            indices.Reverse();
            if (indices.Count > 0) lane.Output.Send(request.Id, new Cancel([.. indices]));
        }
    }

    /// <returns>False when no peer has room any more.</returns>
    private bool AskForThose(RootSession session, FetchPriority priority, int listings)
    {
        var start = _random.Next(_pool.Count);
        for (var i = 0; i < _pool.Count; i++)
        {
            var want = _pool[(start + i) % _pool.Count];
            if (want.State != WantState.Queued || Math.Min(want.Listings, MostListings) != listings) continue;
            if (ChooseInCrowd(session, want, priority) is { } lane) Assign(session, want, priority, lane);
            else if (!HasAnyRoom(session)) return false;
        }
        return true;
    }

    /// <summary>Newcomers before those who have everything: those are what a crowd is short of.</summary>
    private static Lane? ChooseInCrowd(RootSession session, BlockWant want, FetchPriority priority)
    {
        SessionLane? best = null;
        var hasHolder = session.HasHolder;
        foreach (var known in session.Lanes)
        {
            var lane = known.Lane;
            if (!RootSession.MayAsk(known, hasHolder) || !known.MayHave(want) || want.IsDeniedBy(lane) || !HasCrowdRoom(known)) continue;
            if (best is null || IsBetter(known, best, priority)) best = known;
        }
        return best?.Lane;
    }

    private static bool IsBetter(SessionLane known, SessionLane best, FetchPriority priority) =>
        known.IsListed != best.IsListed ? known.IsListed : known.Lane.ExpectedDelay(priority) * Penalty(known) < best.Lane.ExpectedDelay(priority) * Penalty(best);

    private static bool HasCrowdRoom(SessionLane known) => HasBulkRoom(known.Lane, known.Lane.CrowdWindow);

    private static bool HasAnyRoom(RootSession session)
    {
        foreach (var known in session.Lanes)
            if (known.State is HoldingState.Partial or HoldingState.Complete && HasCrowdRoom(known)) return true;
        return false;
    }
}
