using SwarmFS.Core;
using SwarmFS.Wire;

namespace SwarmFS.Swarm;

// None -> [the root's block is here] -> Partial -> [a walk finds everything] -> Complete -> [the store has lost blocks and a walk misses some] -> Partial
// any -> [the root's block is gone] -> None

/// <summary>
/// Knows how much of a root this node has, and tells the peers that asked when it changes. Whether everything is here takes a walk over the tree, so it is told
/// later: a partial holder is announced at once, since it already can serve.
/// </summary>
internal sealed class HoldingsTracker(IBlockStore store, Exchange exchange, TimeProvider time)
{
    /// <summary>Roots that are watched for peers; the one looked at least recently makes room.</summary>
    private const int MaxRoots = 1024;

    /// <summary>A walk may take a twentieth of the time: a large tree is looked at less often.</summary>
    private const int RestFactor = 20;

    /// <summary>Partial holdings are looked at again so often though nothing came through the exchange: an import writes to the store directly.</summary>
    private static readonly TimeSpan Recheck = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly Dictionary<Cid, Watch> _watches = [];
    private bool _walking;
    private long _restUntil;

    public void Ask(PeerConnection connection, uint requestId, in Cid root)
    {
        HoldingState state;
        lock (_gate)
        {
            var watch = Find(root);
            watch.Asked = time.GetTimestamp();
            if (!watch.Listeners.Contains(connection)) watch.Listeners.Add(connection);
            if (watch.State != HoldingState.Complete || !store.Contains(root)) watch.State = AtLeast(root);
            state = watch.State;
        }
        connection.Send(requestId, new Holdings(root, state));
    }

    private HoldingState AtLeast(in Cid root) => store.Contains(root) ? HoldingState.Partial : HoldingState.None;

    private Watch Find(in Cid root)
    {
        if (_watches.TryGetValue(root, out var watch)) return watch;
        if (_watches.Count >= MaxRoots) _watches.Remove(_watches.MinBy(known => known.Value.Asked).Key);
        return _watches[root] = new Watch();
    }

    public void Forget(PeerConnection connection)
    {
        lock (_gate)
        {
            foreach (var watch in _watches.Values) watch.Listeners.Remove(connection);
        }
    }

    /// <summary>Called a few times a second: notices what has changed.</summary>
    public void Look()
    {
        lock (_gate)
        {
            var now = time.GetTimestamp();
            foreach (var (root, watch) in _watches)
            {
                if (watch.Listeners.Count == 0) continue;
                var atLeast = AtLeast(root);
                if (atLeast == HoldingState.None || watch.State == HoldingState.None) Tell(root, watch, atLeast);
                if (watch.State == HoldingState.None || !IsDue(root, watch, now)) continue;
                _walking = true;
                watch.Walked = now;
                watch.Losses = store.Losses;
                watch.Delivered = exchange.DeliveredOf(root);
                var (walked, of) = (root, watch);
                _ = Task.Run(() => Walk(walked, of));
            }
        }
    }

    private bool IsDue(in Cid root, Watch watch, long now)
    {
        if (_walking || now < _restUntil) return false;
        if (watch.Walked is not { } walked) return true;
        if (watch.State == HoldingState.Complete) return watch.Losses != store.Losses;
        return watch.Delivered != exchange.DeliveredOf(root) || time.GetElapsedTime(walked, now) > Recheck;
    }

    private void Walk(Cid root, Watch watch)
    {
        var started = time.GetTimestamp();
        var state = IsComplete(root) ? HoldingState.Complete : AtLeast(root);
        lock (_gate)
        {
            var ended = time.GetTimestamp();
            _walking = false;
            _restUntil = ended + RestFactor * (ended - started);
            Tell(root, watch, state);
        }
    }

    private bool IsComplete(in Cid root)
    {
        try
        {
            var walk = new DagWalk(store, root, TreeSelection.Everything);
            foreach (var block in walk.Blocks())
                if (!store.Contains(block.Cid)) return false;
            return walk.MissingNodes.Count == 0;
        }
        catch (InvalidTreeException)
        {
            return false;
        }
    }

    private static void Tell(in Cid root, Watch watch, HoldingState state)
    {
        if (watch.State == state) return;
        watch.State = state;
        foreach (var listener in watch.Listeners) listener.Send(0, new Holdings(root, state));
    }

    private sealed class Watch
    {
        public HoldingState State { get; set; }

        public List<PeerConnection> Listeners { get; } = [];

        public long Asked { get; set; }

        public long? Walked { get; set; }

        public long Losses { get; set; }

        public long Delivered { get; set; }
    }
}
