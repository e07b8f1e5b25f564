using SwarmFS.Core;
using SwarmFS.Wire;

namespace SwarmFS.Swarm;

/// <summary>What became of a BLOCK frame.</summary>
internal enum ArrivalKind
{
    /// <summary>Verified; the buffer has gone over to the block.</summary>
    Taken,

    /// <summary>Asked for, but no longer wanted; the buffer stays the caller's.</summary>
    Dropped,

    /// <summary>A provable lie; the buffer stays the caller's.</summary>
    Offence,
}

internal readonly record struct Arrival(ArrivalKind Kind, string? Offence = null)
{
    public static Arrival Lie(string how) => new(ArrivalKind.Offence, how);
}

/// <summary>Answers from peers. One thread for each lane; what comes is hashed already, outside of the lock.</summary>
internal sealed partial class Exchange
{
    public Arrival BlockArrived(Lane lane, uint requestId, in Cid cid, in HashedBytes rented)
    {
        LaneRequest? request;
        lock (_gate)
        {
            if (lane.Closed) return new Arrival(ArrivalKind.Dropped);
            if (!lane.Requests.TryGetValue(requestId, out request)) return Arrival.Lie($"block {cid.ToShortString()} was not asked for");
        }
        return request switch
        {
            WantRequest want => BlockArrived(want, cid, rented),
            TreeAttempt attempt => TreeBlockArrived(attempt, cid, rented),
            _ => throw new InvalidOperationException("There are two kinds of requests."),
        };
    }

    private Arrival BlockArrived(WantRequest request, in Cid cid, in HashedBytes rented)
    {
        var lane = request.Lane;
        int index;
        lock (_gate)
        {
            index = request.IndexOf(cid);
            if (index < 0) return Arrival.Lie($"block {cid.ToShortString()} was not asked for in this request");
            if (request.StateOf(index) == SlotState.Cancelled && request[index].State == WantState.Done && !request[index].Session.Wants.ContainsKey(cid))
            {
                Answer(request, index);
                return new Arrival(ArrivalKind.Dropped);
            }
        }
        var block = Block.TryAdopt(cid, rented);
        if (block is null) return Arrival.Lie($"{rented.Bytes.Length} bytes that are not block {cid.ToShortString()}");
        using (block)
        {
            var jobs = Accept(lane, request, index, block);
            foreach (var job in jobs) job.Sink.Deliver(block.Retain());
            if (jobs.Count > 0) Complete(request[index].Session, block, jobs);
        }
        return new Arrival(ArrivalKind.Taken);
    }

    /// <summary>Books the block and returns who waits for it.</summary>
    private List<FetchJob> Accept(Lane lane, WantRequest request, int index, Block block)
    {
        lock (_gate)
        {
            var now = _time.GetTimestamp();
            var want = request[index];
            if (request.Priority <= FetchPriority.Demand)
                lane.Answered(_time.GetElapsedTime(Math.Max(request.AskedAt, lane.LastArrival), now).TotalSeconds);
            lane.Arrived(block.Length, now, _time);
            lane.Peer.Received(block.Length);
            _metrics.Received(block.Length);
            Answer(request, index);
            // Given up and asked for anew since then: what was under way all the same is as good.
            if (want.State == WantState.Done && !want.Session.Wants.TryGetValue(want.Cid, out want)) return [];
            want.Detach(request);
            want.Session.Close(want);
            want.Session.Count(lane.Peer.Id, block.Length, now);
            want.Session.Find(lane)?.Answered(had: true);
            while (want.First is { } loser) CancelDone(loser);
            if (IsRefillDue(lane, request.Priority)) Pump();
            return want.Jobs;
        }
    }

    /// <summary>A quarter of the room is free: refilled block by block, every block would cost a frame and one of the peer's request slots.</summary>
    private static bool IsRefillDue(Lane lane, FetchPriority priority) =>
        lane.Outstanding * 4 <= (priority <= FetchPriority.Demand ? lane.LargestWindow : lane.Window) * 3;

    /// <summary>The block of this place has come or will not come; the request ends with its last.</summary>
    private static void Answer(WantRequest request, int index)
    {
        if (request.MarkAnswered(index) == SlotState.Waiting) request.Lane.Released(request.Priority);
        if (request.IsOver) request.Lane.Requests.Remove(request.Id);
    }

    /// <summary>Delivery is told to the sinks before a job counts it, so that a finished job has everything in its sink.</summary>
    private void Complete(RootSession session, Block block, List<FetchJob> jobs)
    {
        uint[]? gained;
        lock (_gate)
        {
            foreach (var job in jobs)
            {
                if (job.Finished) continue;
                job.Delivered++;
                job.Left--;
                if (job.Left == 0) FinishJob(job, null);
            }
            gained = Gain(session, block);
        }
        if (gained is not null) Gained?.Invoke(session.Root, gained);
    }

    private void FinishJob(FetchJob job, string? explanation)
    {
        Abandon(job);
        job.Finish(explanation);
    }

    /// <returns>An offence, or null.</returns>
    public string? DontHave(Lane lane, uint requestId, DontHave message)
    {
        lock (_gate)
        {
            if (!lane.Requests.TryGetValue(requestId, out var found)) return null;
            if (found is not WantRequest request) return "DONT_HAVE for a request that is no WANT";
            foreach (var index in message.Indices)
            {
                if (index >= request.Count) return $"DONT_HAVE for block {index} of {request.Count}";
                var want = request[index];
                var waited = request.StateOf(index) == SlotState.Waiting;
                Answer(request, index);
                if (want.Session.Find(lane) is { } denying)
                {
                    denying.Answered(had: false);
                    denying.Lacks(want);
                }
                if (!waited || want.State != WantState.InFlight) continue;
                want.AddFailure(lane, AttemptOutcome.DoesNotHave);
                if (want.Detach(request)) want.Session.Requeue(want);
            }
            if (request[0].Session.Find(lane) is { State: null or HoldingState.Complete } known) known.State = HoldingState.Partial;
            Pump();
            return null;
        }
    }

    public void Ended(Lane lane, uint requestId, EndStatus status)
    {
        lock (_gate)
        {
            if (!lane.Requests.Remove(requestId, out var found)) return;
            if (found is TreeAttempt attempt)
            {
                EndAttempt(attempt, status);
                return;
            }
            var request = (WantRequest)found;
            // Busy, or dropped as too late: it may have the blocks. A second time in a row it is not asked for them again at once.
            var denies = status == EndStatus.Complete || lane.Stalled;
            if (!denies && request.IsAwaited) lane.Stall();
            for (var i = request.Count - 1; i >= 0; i--)
            {
                if (request.MarkAnswered(i) != SlotState.Waiting) continue;
                lane.Released(request.Priority);
                var want = request[i];
                if (denies) want.AddFailure(lane, AttemptOutcome.DoesNotHave);
                if (want.Detach(request) && want.State == WantState.InFlight) want.Session.Requeue(want);
            }
            Pump();
        }
    }
}
