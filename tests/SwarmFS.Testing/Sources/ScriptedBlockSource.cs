using System.Threading.Channels;
using SwarmFS.Core;

namespace SwarmFS.Testing;

/// <summary>A source that does nothing by itself: a test takes each request and says what becomes of it, so that every order of events can be played.</summary>
public sealed class ScriptedBlockSource(IBlockStore blocks, string name = "peers") : IBlockSource
{
    // A test that waits this long for a request has failed.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Channel<ScriptedRequest> _requests = Channel.CreateUnbounded<ScriptedRequest>();
    private int _asked;

    public string Name => name;

    public DeliveredBlocks Delivered { get; } = new();

    /// <summary>Requests made so far, taken or not.</summary>
    public int Asked => Volatile.Read(ref _asked);

    public List<Cid> Raised { get; } = [];

    /// <summary>The next request, in the order of their arrival.</summary>
    public async Task<ScriptedRequest> NextAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        return await _requests.Reader.ReadAsync(limit.Token);
    }

    /// <summary>The requests that have arrived and were not taken.</summary>
    public List<ScriptedRequest> TakeAll()
    {
        List<ScriptedRequest> taken = [];
        while (_requests.Reader.TryRead(out var request)) taken.Add(request);
        return taken;
    }

    /// <summary>The blocks raised since the last call.</summary>
    public List<Cid> TakeRaised()
    {
        lock (Raised)
        {
            List<Cid> taken = [.. Raised];
            Raised.Clear();
            return taken;
        }
    }

    public Task<FetchResult> FetchAsync(FetchRequest request, IBlockSink sink, CancellationToken cancellationToken)
    {
        var scripted = new ScriptedRequest(this, request, sink, cancellationToken);
        Interlocked.Increment(ref _asked);
        _requests.Writer.TryWrite(scripted);
        return scripted.Result;
    }

    /// <summary>Trees are streamed at once: what is scripted are the requests by CID.</summary>
    public Task<FetchResult> FetchTreeAsync(TreeRequest request, IBlockSink sink, CancellationToken cancellationToken)
    {
        var delivered = 0;
        foreach (var link in new DagWalk(blocks, request.Start, request.Selection).Blocks())
        {
            Hand(link.Cid, sink);
            delivered++;
        }
        return Task.FromResult(new FetchResult(delivered, 0, null));
    }

    public void Raise(IReadOnlyList<Cid> raised, FetchPriority priority, long deadline)
    {
        lock (Raised) Raised.AddRange(raised);
    }

    internal void Hand(Cid cid, IBlockSink sink)
    {
        if (!blocks.TryGet(cid, out var block)) throw new InvalidOperationException($"The script delivers {cid}, which its store does not have.");
        using (block) Delivered.Hand(block, sink);
    }
}

/// <summary>One request in progress.</summary>
public sealed class ScriptedRequest
{
    private readonly TaskCompletionSource<FetchResult> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ScriptedBlockSource _source;
    private readonly IBlockSink _sink;
    private int _delivered;

    internal ScriptedRequest(ScriptedBlockSource source, FetchRequest request, IBlockSink sink, CancellationToken cancellationToken)
    {
        (_source, Request, _sink) = (source, request, sink);
        cancellationToken.Register(() =>
        {
            _cancelled.TrySetResult();
            _result.TrySetCanceled(cancellationToken);
        });
    }

    public FetchRequest Request { get; }

    /// <summary>Completes when the asker has called the request off.</summary>
    public Task Cancelled => _cancelled.Task;

    internal Task<FetchResult> Result => _result.Task;

    public void Deliver(Cid cid)
    {
        Interlocked.Increment(ref _delivered);
        _source.Hand(cid, _sink);
    }

    /// <summary>A part of a large block has come.</summary>
    public void Receives() => _sink.Receiving();

    /// <summary>Delivers everything and ends.</summary>
    public void DeliverAll()
    {
        foreach (var cid in Request.Blocks) Deliver(cid);
        End();
    }

    public void End(string? explanation = null)
    {
        var missing = Math.Max(0, Request.Blocks.Count - _delivered);
        _result.TrySetResult(new FetchResult(_delivered, missing, missing == 0 ? null : explanation ?? "peer A hung up"));
    }
}
