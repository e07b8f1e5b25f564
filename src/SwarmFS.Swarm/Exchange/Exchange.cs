using SwarmFS.Core;
using SwarmFS.Wire;

namespace SwarmFS.Swarm;

/// <summary>
/// Decides which peer is asked for which block, and when another one is.
/// <para>
/// Participants: a <see cref="FetchJob"/> or <see cref="TreeFetch"/> for each call from above; a <see cref="RootSession"/> for each root, which remembers who holds it; a
/// <see cref="BlockWant"/> for each block wanted; a <see cref="Lane"/> for each open connection with its <see cref="LaneRequest"/>s.
/// Goals: a reader gets the block from whoever has it soonest, in spite of peers that are slow, silent, lying or gone; many blocks use every holder at once.
/// Not goals: bytes on sockets (connections), finding peers (node), keeping blocks (whoever gives a sink).
/// </para>
/// <para>
/// One lock guards all state; nothing under it waits. Sinks and task completions are called outside of it. Decisions happen where something changes (a job, an answer, a
/// peer) and in <see cref="Tick"/>, which runs while there are jobs and looks after deadlines, hedges and stalls.
/// </para>
/// </summary>
internal sealed partial class Exchange : IDisposable
{
    /// <summary>How exact deadlines and hedges are. Runs only while jobs exist.</summary>
    private static readonly TimeSpan TickPeriod = TimeSpan.FromMilliseconds(20);

    private readonly Lock _gate = new();
    private readonly NodeId _self;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly SwarmMetrics _metrics;
    private readonly ITimer _timer;
    private readonly Dictionary<Cid, RootSession> _sessions = [];
    private readonly List<RootSession> _active = [];
    private readonly List<Lane> _lanes = [];
    private readonly List<FetchJob> _jobs = [];
    private readonly List<TreeFetch> _trees = [];
    private bool _ticking;
    private bool _disposed;
    private int _turn;

    /// <param name="self">This node, as one of several that fetch the same.</param>
    public Exchange(NodeId self, TimeProvider time, Random random, SwarmMetrics metrics)
    {
        (_self, _time, _random, _metrics) = (self, time, random, metrics);
        _timer = time.CreateTimer(static exchange => ((Exchange)exchange!).Tick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Somebody waits and no connected peer can answer: time to dial. Raised on any thread, again and again while it lasts.</summary>
    public event Action? SourcesWanted;

    /// <summary>Blocks of a root that have come and gone to their sinks, by short id. Raised on any thread, outside of the lock.</summary>
    public event Action<Cid, uint[]>? Gained;

    public Task<FetchResult> FetchAsync(FetchRequest request, IBlockSink sink, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested) return Task.FromCanceled<FetchResult>(cancellationToken);
        if (request.Blocks.Count == 0) return Task.FromResult(default(FetchResult));
        FetchJob job;
        bool lonely;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            var session = OpenSession(request.Root);
            job = new FetchJob(request, session, sink, _time.GetTimestamp());
            session.Wants.EnsureCapacity(session.Wants.Count + request.Blocks.Count);
            foreach (var cid in request.Blocks) AddWant(job, cid);
            job.Left = job.Wants.Count;
            _jobs.Add(job);
            lonely = !CanBeAsked(session);
            StartTicking();
            Pump();
        }
        if (lonely) SourcesWanted?.Invoke();
        if (cancellationToken.CanBeCanceled)
            job.Cancellation = cancellationToken.Register(static (state, token) => { var (exchange, job) = ((Exchange, FetchJob))state!; exchange.Cancel(job, token); }, (this, job));
        if (job.Result.IsCompleted) job.Cancellation.Unregister();
        return job.Result;
    }

    private void AddWant(FetchJob job, in Cid cid)
    {
        var session = job.Session;
        if (!session.Wants.TryGetValue(cid, out var want))
        {
            want = session.Open(cid, job.Request.Priority);
        }
        else if (job.Request.Priority < want.Priority)
        {
            want.Priority = job.Request.Priority;
            if (want.State == WantState.Queued) session.QueueOf(want.Priority).Add(want);
        }
        if (want.Jobs.Contains(job)) return;
        want.Jobs.Add(job);
        job.Wants.Add(want);
    }

    /// <summary>Asks again at the higher priority what is under way at a lower one; should the first answer come all the same, it is taken.</summary>
    public void Raise(IReadOnlyList<Cid> blocks, FetchPriority priority)
    {
        lock (_gate)
        {
            var raised = false;
            foreach (var session in _active)
                foreach (var cid in blocks) raised |= session.Wants.TryGetValue(cid, out var want) && Raise(want, priority);
            if (raised) Pump();
        }
    }

    private static bool Raise(BlockWant want, FetchPriority priority)
    {
        if (want.Priority <= priority) return false;
        want.Priority = priority;
        while (want.First is { } slow) Withdraw(want, slow);
        if (want.State == WantState.Parked) want.Session.Parked.Remove(want);
        want.Session.Requeue(want);
        return true;
    }

    private static void Withdraw(BlockWant want, WantRequest slow)
    {
        var index = slow.IndexOf(want);
        slow.MarkCancelled(index);
        slow.Lane.Released(slow.Priority);
        want.Detach(slow);
        slow.Lane.Output.Send(slow.Id, new Cancel([(ushort)index]));
    }

    public void LaneOpened(Lane lane)
    {
        lock (_gate)
        {
            if (_disposed) return;
            // The peer may have come over another path: what it was on the last one says nothing.
            lane.Peer.RoundTrip = 0;
            _lanes.Add(lane);
            foreach (var session in _sessions.Values) Introduce(session, lane);
            foreach (var session in _active) session.RequeueParked(forget: null);
            Pump();
        }
    }

    public void LaneClosed(Lane lane)
    {
        lock (_gate)
        {
            if (lane.Closed) return;
            lane.Closed = true;
            _lanes.Remove(lane);
            foreach (var session in _sessions.Values) Dismiss(session, lane);
            foreach (var request in lane.Requests.Values)
            {
                if (request is WantRequest want) Reassign(want);
                else if (request is TreeAttempt attempt) LoseAttempt(attempt, AttemptOutcome.ConnectionLost);
            }
            lane.Requests.Clear();
            Pump();
        }
    }

    private void Reassign(WantRequest request)
    {
        for (var i = request.Count - 1; i >= 0; i--)
        {
            if (request.MarkAnswered(i) != SlotState.Waiting) continue;
            request.Lane.Released(request.Priority);
            var want = request[i];
            want.AddFailure(request.Lane, AttemptOutcome.ConnectionLost);
            if (want.Detach(request) && want.State == WantState.InFlight) want.Session.Requeue(want);
        }
    }

    private void Cancel(FetchJob job, CancellationToken token)
    {
        lock (_gate)
        {
            if (job.Finished) return;
            Abandon(job);
            job.Cancel(token);
        }
    }

    /// <summary>Takes the job out; what nobody else waits for is cancelled at the peers, in one frame for each request.</summary>
    private void Abandon(FetchJob job)
    {
        _jobs.Remove(job);
        HashSet<WantRequest>? touched = null;
        foreach (var want in job.Wants)
        {
            if (want.State == WantState.Done) continue;
            want.Jobs.Remove(job);
            if (want.Jobs.Count > 0) continue;
            want.Session.Close(want);
            if (want.First is { } first) (touched ??= []).Add(first);
            if (want.Second is { } second) (touched ??= []).Add(second);
        }
        if (touched is null) return;
        foreach (var request in touched) CancelDone(request);
    }

    /// <summary>Cancels those blocks of a request that are not waited for any more.</summary>
    private static void CancelDone(WantRequest request)
    {
        var indices = new List<ushort>(request.Count);
        for (var i = 0; i < request.Count; i++)
        {
            if (request.StateOf(i) != SlotState.Waiting || request[i].State != WantState.Done) continue;
            request.MarkCancelled(i);
            request.Lane.Released(request.Priority);
            request[i].Detach(request);
            indices.Add((ushort)i);
        }
        if (indices.Count > 0) request.Lane.Output.Send(request.Id, new Cancel(indices.Count == request.Count ? [] : [.. indices]));
    }

    private void StartTicking()
    {
        if (_ticking) return;
        _ticking = true;
        _timer.Change(TickPeriod, TickPeriod);
    }

    /// <summary>Outstanding blocks and whether the lane is stalled, for status.</summary>
    public (int Outstanding, int Window, bool Stalled) Describe(Lane lane)
    {
        lock (_gate) return (lane.Outstanding, lane.Window, lane.Stalled);
    }

    /// <summary>Whether the peer has been asked for something that has not come.</summary>
    public bool Owes(Lane lane)
    {
        lock (_gate) return lane.Requests.Count > 0;
    }

    public void RoundTripMeasured(Lane lane, double seconds)
    {
        lock (_gate)
        {
            if (lane.Peer.RoundTrip == 0 || seconds < lane.Peer.RoundTrip) lane.Peer.RoundTrip = seconds;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed) return;
            _disposed = true;
            foreach (var job in _jobs.ToArray()) FinishJob(job, "this node is shutting down");
            foreach (var tree in _trees.ToArray()) FinishTree(tree, "this node is shutting down");
        }
        _timer.Dispose();
    }
}
