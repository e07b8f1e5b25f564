using SwarmFS.Core;

namespace SwarmFS.Swarm;

/// <summary>One call of <see cref="IBlockSource.FetchAsync"/>. Belongs to the exchange's lock; finished once.</summary>
internal sealed class FetchJob(FetchRequest request, RootSession session, IBlockSink sink)
{
    private readonly TaskCompletionSource<FetchResult> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public FetchRequest Request { get; } = request;

    public RootSession Session { get; } = session;

    public IBlockSink Sink { get; } = sink;

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
