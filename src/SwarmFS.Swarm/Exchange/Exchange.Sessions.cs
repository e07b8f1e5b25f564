using SwarmFS.Core;
using SwarmFS.Wire;

namespace SwarmFS.Swarm;

/// <summary>Roots and who holds them.</summary>
internal sealed partial class Exchange
{
    /// <summary>Roots remembered; the least recently used idle one makes room.</summary>
    private const int MaxSessions = 1024;

    /// <summary>Blocks of which this node remembers who lists them, of all roots together: about 16 MiB.</summary>
    private const int MaxListed = 1 << 18;

    /// <summary>New blocks are told to the peers when there are so many, or of so many bytes, or after <see cref="GainsPeriod"/>; the first at once.</summary>
    private const int GainsAtOnce = 64;
    private const int GainedBytesAtOnce = 256 << 10;

    /// <summary>While somebody waits for what no peer has, those without anything of the root are asked so often.</summary>
    private static readonly TimeSpan HoldingsRetry = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan GainsPeriod = TimeSpan.FromMilliseconds(100);

    private RootSession OpenSession(in Cid root)
    {
        if (!_sessions.TryGetValue(root, out var session))
        {
            if (_sessions.Count >= MaxSessions) ForgetOldestSession();
            _sessions[root] = session = new RootSession(root);
            foreach (var lane in _lanes) Introduce(session, lane);
        }
        session.LastUsed = _time.GetTimestamp();
        AskThoseWithout(session, session.LastUsed);
        if (!_active.Contains(session)) _active.Add(session);
        return session;
    }

    private void ForgetOldestSession()
    {
        RootSession? oldest = null;
        foreach (var session in _sessions.Values)
            if (session.IsIdle && (oldest is null || session.LastUsed < oldest.LastUsed)) oldest = session;
        if (oldest is null) return;
        _sessions.Remove(oldest.Root);
        _active.Remove(oldest);
    }

    private void Introduce(RootSession session, Lane lane)
    {
        var known = new SessionLane(lane);
        session.Lanes.Add(known);
        AskHoldings(session, known, _time.GetTimestamp());
    }

    private static void AskHoldings(RootSession session, SessionLane known, long now)
    {
        known.Asked = now;
        known.Lane.Output.Send(known.Lane.NextRequestId(), new GetHoldings(session.Root));
    }

    /// <summary>
    /// Somebody waits and no peer can answer. A peer keeps only so many questions in mind, so one that had nothing may have something by now and not say so.
    /// </summary>
    private void AskThoseWithout(RootSession session, long now)
    {
        if (session.HasHolder && session.Parked.Count == 0) return;
        foreach (var known in session.Lanes)
            if (known.State == HoldingState.None && _time.GetElapsedTime(known.Asked, now) >= HoldingsRetry) AskHoldings(session, known, now);
    }

    private void Dismiss(RootSession session, Lane lane)
    {
        if (session.Find(lane) is not { } known) return;
        known.Unlist(session.Holders, forGood: true);
        session.Lanes.Remove(known);
    }

    private static bool CanBeAsked(RootSession session)
    {
        var hasHolder = session.HasHolder;
        foreach (var lane in session.Lanes)
            if (RootSession.MayAsk(lane, hasHolder)) return true;
        return false;
    }

    public void HoldingsTold(Lane lane, in Holdings told)
    {
        lock (_gate)
        {
            if (!_sessions.TryGetValue(told.Root, out var session) || session.Find(lane) is not { } known) return;
            var isNewcomer = told.State == HoldingState.Partial && (known.State == HoldingState.None || known.IsListed && told.Blocks.Length > 0);
            if (isNewcomer) known.Grown = _time.GetTimestamp();
            known.State = told.State;
            known.Renew();
            if (told.Blocks.Length == 0) known.Unlist(session.Holders, forGood: false);
            else if (!known.IsLost) List(session, known, told.Blocks.Span);
            if (session.IsIdle) return;
            if (!known.IsListed) session.RequeueParked(lane);
            foreach (var tree in _trees)
                if (tree.Session == session) tree.Failures.RemoveAll(failure => failure.Lane == lane);
            Pump();
        }
    }

    private void List(RootSession session, SessionLane known, ReadOnlySpan<uint> blocks)
    {
        MakeRoomFor(session, blocks.Length);
        var isFirst = !session.Holders.IsInUse;
        if (ListedBlocks + blocks.Length > MaxListed || !known.TryList(session.Holders))
        {
            known.Unlist(session.Holders, forGood: true);
            return;
        }
        if (isFirst)
        {
            foreach (var want in session.Wants.Values) session.Holders.Attach(want);
        }
        foreach (var block in blocks)
        {
            var holders = session.Holders.Of(block);
            known.Has(holders);
            if (holders.Want is not { } want) continue;
            want.ForgetDenials(known.Lane);
            if (want.State == WantState.Parked && session.Parked.Remove(want)) session.Requeue(want);
        }
    }

    /// <summary>Blocks of which it is remembered who lists them.</summary>
    public int ListedBlocks
    {
        get
        {
            lock (_gate) return _sessions.Values.Sum(session => session.Holders.Count);
        }
    }

    /// <summary>Lists of roots that nobody reads now are given up for one that somebody reads.</summary>
    private void MakeRoomFor(RootSession session, int blocks)
    {
        foreach (var other in _sessions.Values)
        {
            if (ListedBlocks + blocks <= MaxListed) return;
            if (other == session || !other.IsIdle) continue;
            foreach (var lane in other.Lanes) lane.Unlist(other.Holders, forGood: lane.IsListed || lane.IsLost);
        }
    }

    /// <returns>What the peers are to be told of now, or null.</returns>
    private uint[]? Gain(RootSession session, Block block)
    {
        session.Gained.Add(Holdings.ShortIdOf(block.Cid));
        session.GainedBytes += block.Length;
        return session.GainsTold is null || session.Gained.Count >= GainsAtOnce || session.GainedBytes >= GainedBytesAtOnce ? TakeGains(session) : null;
    }

    private uint[] TakeGains(RootSession session)
    {
        var gained = session.Gained.ToArray();
        session.Gained.Clear();
        session.GainedBytes = 0;
        session.GainsTold = _time.GetTimestamp();
        return gained;
    }

    /// <summary>Blocks that came for a root so far: tells whether its holdings may have changed.</summary>
    public long DeliveredOf(in Cid root)
    {
        lock (_gate) return _sessions.TryGetValue(root, out var session) ? session.Delivered : 0;
    }

    public List<RootTransfer> Transfers()
    {
        var all = new List<RootTransfer>();
        lock (_gate)
        {
            foreach (var session in _sessions.Values)
                foreach (var (from, count) in session.Transfers) all.Add(new RootTransfer(session.Root, from, count.Bytes, count.Blocks));
        }
        return all;
    }
}
