using System.Collections.Concurrent;
using SwarmFS.Core;

namespace SwarmFS.Testing;

/// <summary>A source that has what a store has. It can be away, slow on the given clock, lack blocks, or throw; it writes down what it was asked.</summary>
public sealed class MemoryBlockSource(IBlockStore blocks, TimeProvider time, string name = "peers") : IBlockSource
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _online = Completed();

    public string Name => name;

    public DeliveredBlocks Delivered { get; } = new();

    public ConcurrentQueue<FetchRequest> Requests { get; } = new();

    public ConcurrentQueue<TreeRequest> TreeRequests { get; } = new();

    public ConcurrentQueue<Cid> Raised { get; } = new();

    /// <summary>Before each request is answered.</summary>
    public TimeSpan Latency { get; set; }

    /// <summary>Blocks it says it does not have.</summary>
    public ConcurrentDictionary<Cid, bool> Lacks { get; } = new();

    /// <summary>Tree requests are accepted and bring nothing until they are called off.</summary>
    public bool TreesStall { get; set; }

    /// <summary>Thrown by the next requests.</summary>
    public Exception? Fault { get; set; }

    /// <summary>While it is false, requests wait for it to become true, or for their deadline.</summary>
    public bool IsOnline
    {
        get
        {
            lock (_gate) return _online.Task.IsCompleted;
        }
        set
        {
            lock (_gate)
            {
                if (value) _online.TrySetResult();
                else if (_online.Task.IsCompleted) _online = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }

    public async Task<FetchResult> FetchAsync(FetchRequest request, IBlockSink sink, CancellationToken cancellationToken)
    {
        Requests.Enqueue(request);
        if (!await IsReadyAsync(request.Deadline, cancellationToken)) return new FetchResult(0, request.Blocks.Count, "no peer is connected");
        var delivered = 0;
        foreach (var cid in request.Blocks)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (Lacks.ContainsKey(cid) || !blocks.TryGet(cid, out var block)) continue;
            using (block) Delivered.Hand(block, sink);
            delivered++;
        }
        var missing = request.Blocks.Count - delivered;
        return new FetchResult(delivered, missing, missing == 0 ? null : "peer A does not have it");
    }

    public async Task<FetchResult> FetchTreeAsync(TreeRequest request, IBlockSink sink, CancellationToken cancellationToken)
    {
        TreeRequests.Enqueue(request);
        if (TreesStall) await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
        if (!await IsReadyAsync(request.Deadline, cancellationToken)) return new FetchResult(0, 0, "no peer is connected");
        var (delivered, spent) = (0, 0L);
        foreach (var link in new DagWalk(blocks, request.Start, request.Selection).Blocks())
        {
            if (Lacks.ContainsKey(link.Cid) || !blocks.TryGet(link.Cid, out var block)) continue;
            using (block)
            {
                spent += block.Length;
                if (spent > request.Budget) break;
                Delivered.Hand(block, sink);
                delivered++;
            }
        }
        return new FetchResult(delivered, 0, null);
    }

    public void Raise(IReadOnlyList<Cid> raised, FetchPriority priority, long deadline)
    {
        foreach (var cid in raised) Raised.Enqueue(cid);
    }

    private async Task<bool> IsReadyAsync(long deadline, CancellationToken cancellationToken)
    {
        if (Fault is { } fault) throw fault;
        Task online;
        lock (_gate) online = _online.Task;
        var left = TimeSpan.FromSeconds(Math.Max(0, deadline - time.GetTimestamp()) / (double)time.TimestampFrequency);
        if (!online.IsCompleted)
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var timeout = Task.Delay(left, time, stop.Token);
            if (await Task.WhenAny(online, timeout) == timeout)
            {
                await timeout;
                return false;
            }
            await stop.CancelAsync();
        }
        if (Latency > TimeSpan.Zero) await Task.Delay(Latency, time, cancellationToken);
        return true;
    }

    private static TaskCompletionSource Completed()
    {
        var source = new TaskCompletionSource();
        source.SetResult();
        return source;
    }
}
