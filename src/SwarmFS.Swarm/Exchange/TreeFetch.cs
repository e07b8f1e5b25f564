using SwarmFS.Core;

namespace SwarmFS.Swarm;

/// <summary>
/// One call of <see cref="IBlockSource.FetchTreeAsync"/>. A block is accepted when a verified node of the answer links to it; each is delivered once, however many peers
/// are asked. Belongs to the exchange's lock.
/// </summary>
internal sealed class TreeFetch
{
    private readonly TaskCompletionSource<FetchResult> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HashSet<Cid> _expected = [];
    private readonly HashSet<Cid> _received = [];

    public TreeFetch(TreeRequest request, RootSession session, IBlockSink sink)
    {
        Request = request;
        Session = session;
        Sink = sink;
        _expected.Add(request.Start);
    }

    public TreeRequest Request { get; }

    public RootSession Session { get; }

    public IBlockSink Sink { get; }

    public List<TreeAttempt> Attempts { get; } = [];

    /// <summary>Peers that ended an attempt without what was asked for; not asked again.</summary>
    public List<FailedAttempt> Failures { get; } = [];

    public int Delivered => _received.Count;

    public bool Finished { get; private set; }

    public CancellationTokenRegistration Cancellation { get; set; }

    public Task<FetchResult> Result => _result.Task;

    public bool IsExpected(in Cid cid) => _expected.Contains(cid);

    public bool IsReceived(in Cid cid) => _received.Contains(cid);

    /// <summary>False when another attempt was faster.</summary>
    public bool Receive(Block block, List<DagLink> links)
    {
        if (!_received.Add(block.Cid)) return false;
        _expected.Remove(block.Cid);
        foreach (var link in links)
            if (IsSelected(link.Kind) && !_received.Contains(link.Cid)) _expected.Add(link.Cid);
        return true;
    }

    private bool IsSelected(DagLinkKind kind) => kind switch
    {
        DagLinkKind.Directory => true,
        DagLinkKind.FileNode => Request.Selection != TreeSelection.Directories,
        _ => Request.Selection == TreeSelection.Everything,
    };

    public void Finish(string? explanation)
    {
        Finished = true;
        _result.TrySetResult(new FetchResult(Delivered, explanation is null ? 0 : Math.Max(1, _expected.Count), explanation));
        Cancellation.Unregister();
    }

    public void Cancel(CancellationToken token)
    {
        Finished = true;
        _result.TrySetCanceled(token);
    }
}

/// <summary>One TREE frame in progress at one peer.</summary>
internal sealed class TreeAttempt(Lane lane, uint id, long askedAt, TreeFetch fetch) : LaneRequest(lane, id, askedAt)
{
    public TreeFetch Fetch { get; } = fetch;

    /// <summary>Room for the links of the node that has just come, for the connection's reader.</summary>
    public List<DagLink> Links { get; } = [];

    public long LastArrival { get; set; } = askedAt;

    public long Bytes { get; set; }

    /// <summary>CANCEL was sent: what still comes is dropped until END.</summary>
    public bool Cancelled { get; set; }
}
