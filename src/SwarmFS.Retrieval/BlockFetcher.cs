using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using SwarmFS.Core;

namespace SwarmFS.Retrieval;

/// <summary>A block wanted, and what it is likely to weigh.</summary>
internal readonly record struct WantedBlock(Cid Cid, int Length);

/// <summary>
/// Single flight: whatever number of readers, prefetchers and roots want a block, it is asked for once at a time. A block that arrives is put into the store first and
/// completes its waiters from memory afterwards, so between the two a newcomer finds it either in flight or at hand.
/// </summary>
internal sealed class BlockFetcher(
    RetrievalOptions options, BlocksAtHand blocks, SourceRace sources, TimeProvider time, RetrievalMetrics metrics, ILogger logger)
{
    // Under one lock: what a reader waits for lands meanwhile.
    private const int BlocksAtOnce = 64;

    private readonly Lock _gate = new();
    private readonly Dictionary<Cid, Flight> _flights = [];
    private readonly DeliveryRate _rate = new(time);
    private long _aheadBytes;
    private long _lastUnkept = long.MinValue;

    /// <summary>Bytes that may still be asked ahead of readers.</summary>
    public long AheadRoom => options.PrefetchBytesInFlight - Interlocked.Read(ref _aheadBytes);

    public bool HasSources => sources.Count > 0;

    /// <summary>Blocks on their way.</summary>
    public int InFlight
    {
        get
        {
            lock (_gate) return _flights.Count;
        }
    }

    /// <summary>Bytes per second that lately arrived, or <see cref="long.MaxValue"/> while that is unknown.</summary>
    public long BytesPerSecond => _rate.BytesPerSecond;

    /// <summary>True when the store had no room for a block within the last ten seconds: what is asked ahead has only the overflow to wait in.</summary>
    public bool IsStoreFull => Volatile.Read(ref _lastUnkept) is var last && last != long.MinValue && time.GetElapsedTime(last) < TimeSpan.FromSeconds(10);

    /// <summary>Joins what is on its way, asks for the rest in one request, and returns the wait for all of it. Blocks that are at hand meanwhile have no flight.</summary>
    /// <param name="keep">The waiter wants the bytes from memory; otherwise only to know that they arrived.</param>
    public BlockWait Ask(RootAccount account, List<WantedBlock> wanted, FetchPriority priority, long deadline, bool keep)
    {
        var wait = new BlockWait(this, new Flight?[wanted.Count], keep);
        var batch = new FetchBatch(this, account, priority, deadline, isAhead: false);
        List<Flight>? slower = null;
        lock (_gate)
        {
            for (var i = 0; i < wanted.Count; i++)
            {
                if (FindOrAdd(wanted[i], batch) is not { } flight) continue;
                flight.Join(keep);
                wait.Flights[i] = flight;
                if (flight.Batch == batch) continue;
                metrics.Joins.Add(1);
                if (flight.Batch.Priority > priority) (slower ??= []).Add(flight);
            }
        }
        _ = Start(batch);
        if (slower is not null) _ = HurryAsync(slower, account, priority, deadline, wait.Left);
        return wait;
    }

    /// <summary>Asks for blocks that nobody waits for. The ones at hand or on their way are left out.</summary>
    public Task AskAhead(RootAccount account, List<WantedBlock> wanted, Action<bool> ended)
    {
        var batch = new FetchBatch(this, account, FetchPriority.Prefetch, time.TimestampIn(options.PrefetchDeadline), isAhead: true);
        for (var at = 0; at < wanted.Count; at += BlocksAtOnce)
        {
            lock (_gate)
            {
                _flights.EnsureCapacity(_flights.Count + wanted.Count - at);
                for (var i = at; i < Math.Min(at + BlocksAtOnce, wanted.Count); i++) FindOrAdd(wanted[i], batch);
            }
        }
        if (batch.Flights.Count > 0)
        {
            var bytes = batch.Flights.Sum(flight => (long)flight.ExpectedLength);
            metrics.Prefetched.Add(bytes);
            logger.Prefetching(batch.Flights.Count, bytes, account.Root.ToShortString());
        }
        return Start(batch, ended);
    }

    /// <summary>Takes over a delivered block's reference.</summary>
    public void Land(Block block, RootAccount account)
    {
        using (block)
        {
            _rate.Add(block.Length);
            account.Delivered(block.Length);
            metrics.Fetched.Add(block.Length);
            switch (blocks.Put(block))
            {
                case PutResult.AlreadyPresent: metrics.Duplicates.Add(block.Length); break;
                case PutResult.NoSpace:
                    metrics.Unkept.Add(block.Length);
                    Volatile.Write(ref _lastUnkept, time.GetTimestamp());
                    break;
            }
            Flight? flight;
            FetchBatch? finished = null;
            lock (_gate)
            {
                if (!_flights.Remove(block.Cid, out flight)) return;
                if (_flights.Count == 0) _rate.Rest();
                if (flight.Keepers > 0) flight.Block = block.Retain();
                if (Detach(flight)) finished = flight.Batch;
            }
            flight.Settle(true);
            if (finished is { IsRaced: true }) finished.End();
        }
    }

    /// <summary>A waiter needs the bytes of one landed block no longer.</summary>
    internal void Leave(BlockWait wait, int index)
    {
        lock (_gate)
        {
            if (wait.Flights[index] is { } flight) Leave(flight, wait.Keeps);
        }
    }

    /// <summary>A waiter has gone. What nobody waits for any more is not fetched, unless it was asked ahead.</summary>
    internal void Leave(BlockWait wait)
    {
        List<FetchBatch>? abandoned = null;
        lock (_gate)
        {
            foreach (var flight in wait.Flights)
            {
                if (flight is null) continue;
                Leave(flight, wait.Keeps);
                if (flight.Batch is { Waiters: 0, IsAhead: false, Outstanding: > 0 }) (abandoned ??= []).Add(flight.Batch);
            }
            foreach (var batch in CollectionsMarshal.AsSpan(abandoned)) DropFlights(batch);
        }
        foreach (var batch in CollectionsMarshal.AsSpan(abandoned)) batch.End();
    }

    // Under the lock.
    private static void Leave(Flight flight, bool keeps)
    {
        flight.Waiters--;
        flight.Batch.Waiters--;
        if (!keeps || --flight.Keepers > 0) return;
        flight.Block?.Dispose();
        flight.Block = null;
    }

    // Under the lock. Null when the block is at hand.
    private Flight? FindOrAdd(in WantedBlock wanted, FetchBatch batch)
    {
        ref var flight = ref CollectionsMarshal.GetValueRefOrAddDefault(_flights, wanted.Cid, out var known);
        if (known) return flight;
        if (blocks.Contains(wanted.Cid))
        {
            _flights.Remove(wanted.Cid);
            return null;
        }
        if (_flights.Count == 1) _rate.Resume();
        flight = new Flight(wanted.Cid, batch, wanted.Length);
        batch.Flights.Add(flight);
        batch.Outstanding++;
        if (batch.IsAhead) Interlocked.Add(ref _aheadBytes, flight.ExpectedLength);
        return flight;
    }

    // Under the lock. True when that was the batch's last.
    private bool Detach(Flight flight)
    {
        var batch = flight.Batch;
        if (batch.IsAhead) Interlocked.Add(ref _aheadBytes, -flight.ExpectedLength);
        return --batch.Outstanding == 0;
    }

    // Under the lock. The flights that the batch did not land; whoever waits for one asks again.
    private List<Flight> DropFlights(FetchBatch batch)
    {
        List<Flight> lost = [];
        foreach (var flight in batch.Flights)
        {
            if (flight.Batch != batch || !_flights.TryGetValue(flight.Cid, out var current) || current != flight) continue;
            _flights.Remove(flight.Cid);
            Detach(flight);
            lost.Add(flight);
        }
        if (lost.Count > 0 && _flights.Count == 0) _rate.Rest();
        return lost;
    }

    private Task Start(FetchBatch batch, Action<bool>? ended = null)
    {
        if (batch.Flights.Count > 0) return RunAsync(batch, ended);
        batch.Dispose();
        ended?.Invoke(true);
        return Task.CompletedTask;
    }

    private async Task RunAsync(FetchBatch batch, Action<bool>? ended)
    {
        var missing = 0;
        try
        {
            await sources.FetchAsync(batch, Undelivered);
        }
        finally
        {
            List<Flight> lost;
            lock (_gate) lost = DropFlights(batch);
            missing = lost.Count;
            foreach (var flight in lost) flight.Settle(false);
            batch.Dispose();
        }
        if (batch.IsAhead && missing > 0) logger.PrefetchShort(batch.Account.Root.ToShortString(), missing, batch.Explanation);
        ended?.Invoke(missing == 0);
    }

    private List<Cid> Undelivered(FetchBatch batch)
    {
        lock (_gate)
        {
            List<Cid> cids = new(batch.Outstanding);
            foreach (var flight in batch.Flights)
            {
                if (flight.Batch == batch && _flights.TryGetValue(flight.Cid, out var current) && current == flight) cids.Add(flight.Cid);
            }
            return cids;
        }
    }

    // A reader that follows its read-ahead closely finds its blocks on their way: they arrive within a moment, and to ask for them in other words would send some of them twice. Only then is
    // the request in progress raised. A source may ignore that; then the block is asked for again and may travel twice, which is better than a reader behind a queue.
    private async Task HurryAsync(List<Flight> slower, RootAccount account, FetchPriority priority, long deadline, CancellationToken left)
    {
        // A reader mostly leaves long before: that is no exception.
        await Task.Delay(options.RaisePatience, time, left).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (left.IsCancellationRequested || StillSlow(slower, priority) is not { Count: > 0 } waitedFor) return;
        sources.Raise(waitedFor, priority, deadline);
        await Task.Delay(options.PromotionPatience, time, left).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (left.IsCancellationRequested) return;
        var batch = new FetchBatch(this, account, priority, deadline, isAhead: false);
        List<FetchBatch> emptied = [];
        lock (_gate)
        {
            foreach (var flight in slower)
            {
                if (!IsSlow(flight, priority)) continue;
                flight.Batch.Waiters -= flight.Waiters;
                if (Detach(flight)) emptied.Add(flight.Batch);
                flight.Batch = batch;
                batch.Flights.Add(flight);
                batch.Outstanding++;
                batch.Waiters += flight.Waiters;
            }
        }
        _ = Start(batch);
        foreach (var old in emptied) old.End();
    }

    private List<Cid> StillSlow(List<Flight> flights, FetchPriority priority)
    {
        lock (_gate) return [.. flights.Where(flight => IsSlow(flight, priority)).Select(flight => flight.Cid)];
    }

    // Under the lock: on its way at a lower priority, and somebody waits for it.
    private bool IsSlow(Flight flight, FetchPriority priority) =>
        flight.Waiters > 0 && _flights.TryGetValue(flight.Cid, out var current) && current == flight && flight.Batch.Priority > priority;
}
