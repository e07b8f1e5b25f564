using SwarmFS.Core;

namespace SwarmFS.Swarm;

/// <summary>One call of <see cref="IBlockSource.FetchAsync"/>. Belongs to the exchange's lock; finished once.</summary>
internal sealed class FetchJob(FetchRequest request, RootSession session, IBlockSink sink, long asked)
{
    /// <summary>So many deadlines are the end in any case: a peer that sends everything but what is waited for must not keep a reader for ever.</summary>
    private const int MostDeadlines = 20;

    private readonly TaskCompletionSource<FetchResult> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public FetchRequest Request { get; } = request;

    public RootSession Session { get; } = session;

    public IBlockSink Sink { get; } = sink;

    /// <summary>
    /// When it is given up, as things stand. It goes on while blocks of the root come, or parts of a large one, as its reader does: over a slow line it would be thrown away on its way, and
    /// asked for again.
    /// </summary>
    public long Deadline => Math.Min(Math.Max(asked, Session.LastReceived) + Patience, LastDeadline);

    public long LastDeadline => asked + MostDeadlines * Patience;

    /// <summary>Who has no deadline has one of some centuries.</summary>
    private long Patience => Math.Min(Request.Deadline - asked, long.MaxValue / (2 * MostDeadlines));

    public List<BlockWant> Wants { get; } = new(request.Blocks.Count);

    public int Delivered { get; set; }

    public int Left { get; set; }

    public bool Finished { get; private set; }

    public CancellationTokenRegistration Cancellation { get; set; }

    public Task<FetchResult> Result => _result.Task;

    public void Finish(string? explanation)
    {
        Finished = true;
        _result.TrySetResult(new FetchResult(Delivered, Left, explanation));
        Cancellation.Unregister();
    }

    public void Cancel(CancellationToken token)
    {
        Finished = true;
        _result.TrySetCanceled(token);
    }
}
