using SwarmFS.Core;
using SwarmFS.Wire;

namespace SwarmFS.Swarm;

/// <summary>Roots and who holds them.</summary>
internal sealed partial class Exchange
{
    /// <summary>Roots remembered; the least recently used idle one makes room.</summary>
    private const int MaxSessions = 1024;

    private RootSession OpenSession(in Cid root)
    {
        if (!_sessions.TryGetValue(root, out var session))
        {
            if (_sessions.Count >= MaxSessions) ForgetOldestSession();
            _sessions[root] = session = new RootSession(root);
            foreach (var lane in _lanes) Introduce(session, lane);
        }
        session.LastUsed = _time.GetTimestamp();
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

    private static void Introduce(RootSession session, Lane lane)
    {
        session.Lanes.Add(new SessionLane(lane));
        lane.Output.Send(lane.NextRequestId(), new GetHoldings(session.Root));
    }

    private static bool CanBeAsked(RootSession session)
    {
        var hasHolder = session.HasHolder;
        foreach (var lane in session.Lanes)
            if (RootSession.MayAsk(lane, hasHolder)) return true;
        return false;
    }

    public void HoldingsTold(Lane lane, in Cid root, HoldingState state)
    {
        lock (_gate)
        {
            if (!_sessions.TryGetValue(root, out var session) || session.Find(lane) is not { } known) return;
            known.State = state;
            known.Renew();
            if (session.IsIdle) return;
            session.RequeueParked(lane);
            foreach (var tree in _trees)
                if (tree.Session == session) tree.Failures.RemoveAll(failure => failure.Lane == lane);
            Pump();
        }
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
