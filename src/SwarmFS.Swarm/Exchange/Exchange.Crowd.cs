using SwarmFS.Core;
using SwarmFS.Wire;

namespace SwarmFS.Swarm;

/// <summary>
/// What is fetched ahead while others fetch the same. In the order of the tree all would ask the source for the same blocks and have nothing for each other. So each newcomer first asks it for those
/// that fall to it among the newcomers it knows, by rendezvous hashing (Thaler, Ravishankar: Using Name-Based Mappings to Increase Hit Rates, 1998), and has the others from them, the rarest first
/// (Legout, Urvoy-Keller, Michiardi: Rarest First and Choke Algorithms Are Enough, 2006). Nothing is waited for: who has no more of its own takes of the others', from behind.
/// </summary>
internal sealed partial class Exchange
{
    /// <summary>So long after its last new block a peer counts as one that fetches.</summary>
    private static readonly TimeSpan CrowdMemory = TimeSpan.FromSeconds(3);

    /// <summary>Of what somebody reads in order, the next so many: he waits for the first of them.</summary>
    private const int AheadInCrowd = 512;

    /// <summary>Blocks that more peers have count as equally rare.</summary>
    private const int MostListings = 8;

    private readonly List<(BlockWant Want, Turn Turn)> _pool = [];
    private readonly List<NodeId> _newcomers = [];

    /// <summary>When a block is asked for.</summary>
    private enum Turn : byte
    {
        /// <summary>No newcomer has it, and it falls to this node.</summary>
        Own,

        /// <summary>No newcomer has it, and it falls to another one.</summary>
        Others,

        /// <summary>One newcomer has it. Behind it those that two have, and so on.</summary>
        Listed,
    }

    private bool IsCrowd(RootSession session)
    {
        var now = _time.GetTimestamp();
        foreach (var known in session.Lanes)
            if (IsNewcomer(known, now)) return true;
        return false;
    }

    private bool IsNewcomer(SessionLane known, long now) =>
        known.Grown is { } grown && known.State == HoldingState.Partial && _time.GetElapsedTime(grown, now) < CrowdMemory;

    private Turn TurnOf(BlockWant want)
    {
        if (want.Listings > 0) return Turn.Listed + (byte)(Math.Min(want.Listings, MostListings) - 1);
        var weight = Weight(want.Cid, _self);
        foreach (var newcomer in _newcomers)
            if (Weight(want.Cid, newcomer) > weight) return Turn.Others;
        return Turn.Own;
    }

    /// <summary>Both are hashes already; the finalizer of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014) mixes them.</summary>
    private static ulong Weight(in Cid block, NodeId node)
    {
        var mixed = block.Digest.Prefix ^ node.Digest.Prefix;
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
        return mixed ^ (mixed >> 31);
    }

    private void PumpCrowd(RootSession session, FetchPriority priority)
    {
        foreach (var known in session.Lanes)
            if (known.Lane.Outstanding > 2 * known.Lane.CrowdWindow) Withdraw(session, known.Lane);
        if (!HasAnyRoom(session)) return;
        FindNewcomers(session);
        var queue = session.QueueOf(priority);
        var most = priority == FetchPriority.Prefetch ? AheadInCrowd : int.MaxValue;
        while (_pool.Count < most && queue.TryTake(out var want)) _pool.Add((want, TurnOf(want)));
        for (var turn = Turn.Own; turn < Turn.Listed + MostListings && HasAnyRoom(session); turn++) AskForThose(session, priority, turn);
        for (var i = _pool.Count - 1; i >= 0; i--)
            if (_pool[i].Want.State == WantState.Queued) queue.Return(_pool[i].Want);
        _pool.Clear();
        FlushAll(session, priority);
    }

    private void FindNewcomers(RootSession session)
    {
        var now = _time.GetTimestamp();
        _newcomers.Clear();
        foreach (var known in session.Lanes)
            if (IsNewcomer(known, now)) _newcomers.Add(known.Lane.Peer.Id);
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

    private void AskForThose(RootSession session, FetchPriority priority, Turn turn)
    {
        for (var i = 0; i < _pool.Count; i++)
        {
            var (want, its) = _pool[turn == Turn.Others ? _pool.Count - 1 - i : i];
            if (its != turn || want.State != WantState.Queued) continue;
            if (ChooseInCrowd(session, want, priority) is { } lane) Assign(session, want, priority, lane);
            else if (!HasAnyRoom(session)) return;
        }
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
