using SwarmFS.Core;

namespace SwarmFS.Swarm;

/// <summary>One call of <see cref="IBlockSource.FetchAsync"/>. Belongs to the exchange's lock; finished once.</summary>
internal sealed class FetchJob(FetchRequest request, RootSession session, IBlockSink sink, long asked)
{
    /// <summary>So many deadlines are the end of what is asked ahead in any case.</summary>
    private const int MostDeadlines = 20;

    private readonly TaskCompletionSource<FetchResult> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public FetchRequest Request { get; } = request;

    public RootSession Session { get; } = session;

    public IBlockSink Sink { get; } = sink;

    /// <summary>
    /// When it is given up, as things stand. What is asked ahead goes on while blocks of the root come, as its reader does: over a slow line it would be thrown away on its way, and asked for again.
    /// </summary>
    public long Deadline => Request.Priority == FetchPriority.Prefetch ? Math.Min(Math.Max(asked, Session.LastDelivered) + Patience, LastDeadline) : Request.Deadline;

    public long LastDeadline => Request.Priority == FetchPriority.Prefetch ? asked + MostDeadlines * Patience : Request.Deadline;

    private long Patience => Request.Deadline - asked;

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
