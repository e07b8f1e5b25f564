using SwarmFS.Core;
using SwarmFS.Wire;

namespace SwarmFS.Swarm;

// None -> [the root's block is here] -> Partial -> [a walk finds everything] -> Complete -> [the store has lost blocks and a walk misses some] -> Partial
// any -> [the root's block is gone] -> None

/// <summary>
/// Knows how much of a root this node has, and tells the peers that asked when it changes. A partial holder is announced at once, since it already can serve; which blocks it has takes a walk over
/// the tree and is told a little later, then each new one as it comes. That blocks are lost is not told: who asks for one hears it.
/// </summary>
internal sealed class HoldingsTracker : IDisposable
{
    /// <summary>Roots that are watched for one connection. Its own least recent question makes room, so that who asks for many takes nothing from others.</summary>
    private const int MaxRootsPerPeer = 256;

    /// <summary>Beyond so many a root is only remembered while somebody listens.</summary>
    private const int MaxRoots = 1024;

    /// <summary>Blocks that are listed of one root: half a MiB on the wire, so that no list alone fills a connection's outbox. More are not listed, and the root is only called partial.</summary>
    private const int MaxListed = 1 << 17;

    /// <summary>The same of all roots together, in memory about 8 MiB.</summary>
    private const int MaxListedTogether = 1 << 19;

    /// <summary>A walk may take a twentieth of the time: a large tree is looked at less often.</summary>
    private const int RestFactor = 20;

    /// <summary>Partial holdings are looked at again so often though nothing came through the exchange: an import writes to the store directly.</summary>
    private static readonly TimeSpan Recheck = TimeSpan.FromSeconds(10);

    private readonly IBlockStore _store;
    private readonly Exchange _exchange;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly Dictionary<Cid, Watch> _watches = [];

    /// <summary>What each connection listens to, in the order of its questions.</summary>
    private readonly Dictionary<PeerConnection, List<Cid>> _listening = [];
    private bool _walking;
    private long _restUntil;

    public HoldingsTracker(IBlockStore store, Exchange exchange, TimeProvider time)
    {
        (_store, _exchange, _time) = (store, exchange, time);
        exchange.Gained += Gained;
    }

    public void Dispose() => _exchange.Gained -= Gained;

    public void Ask(PeerConnection connection, uint requestId, in Cid root)
    {
        lock (_gate)
        {
            var watch = Find(root);
            if (watch.State != HoldingState.Complete || !_store.Contains(root)) watch.State = AtLeast(root);
            connection.Send(requestId, new Holdings(root, watch.State, default));
            Listen(connection, root, watch);
            // Who asks again has forgotten.
            if (watch.ListMade is not null) List(connection, root, [.. watch.Listed]);
            StartWalkIfDue(root, watch, _time.GetTimestamp());
        }
    }

    private HoldingState AtLeast(in Cid root) => _store.Contains(root) ? HoldingState.Partial : HoldingState.None;

    private Watch Find(in Cid root)
    {
        if (_watches.TryGetValue(root, out var watch)) return watch;
        return _watches[root] = new Watch();
    }

    private void Listen(PeerConnection connection, in Cid root, Watch watch)
    {
        if (!_listening.TryGetValue(connection, out var roots)) _listening[connection] = roots = [];
        if (!watch.Listeners.Contains(connection)) watch.Listeners.Add(connection);
        else roots.Remove(root);
        roots.Add(root);
        if (roots.Count <= MaxRootsPerPeer) return;
        var oldest = roots[0];
        roots.RemoveAt(0);
        // It hears nothing more of that one: what it was told must not pass for all that is here.
        connection.Send(0, new Holdings(oldest, _watches[oldest].State, default));
        Leave(connection, oldest);
    }

    public void Forget(PeerConnection connection)
    {
        lock (_gate)
        {
            if (!_listening.Remove(connection, out var roots)) return;
            foreach (var root in roots) Leave(connection, root);
        }
    }

    private void Leave(PeerConnection connection, in Cid root)
    {
        var watch = _watches[root];
        watch.Listeners.Remove(connection);
        if (watch.Listeners.Count > 0) return;
        watch.ForgetList();
        if (_watches.Count > MaxRoots) _watches.Remove(root);
    }

    /// <summary>Called a few times a second: notices what has changed.</summary>
    public void Look()
    {
        lock (_gate)
        {
            var now = _time.GetTimestamp();
            foreach (var (root, watch) in _watches)
            {
                if (watch.Listeners.Count == 0) continue;
                var atLeast = AtLeast(root);
                if (atLeast == HoldingState.None || watch.State == HoldingState.None) Tell(root, watch, atLeast);
                StartWalkIfDue(root, watch, now);
            }
        }
    }

    private void StartWalkIfDue(in Cid root, Watch watch, long now)
    {
        if (watch.State == HoldingState.None || !IsDue(root, watch, now)) return;
        var lists = watch.State == HoldingState.Partial && !watch.IsTooLong && (watch.ListMade is not { } made || _time.GetElapsedTime(made, now) > Recheck);
        _walking = true;
        watch.Walked = now;
        watch.Losses = _store.Losses;
        watch.Delivered = _exchange.DeliveredOf(root);
        var (walked, of, listed) = (root, watch, lists ? watch.Listed.ToArray() : null);
        _ = Task.Run(() => Walk(walked, of, listed));
    }

    private bool IsDue(in Cid root, Watch watch, long now)
    {
        if (_walking || now < _restUntil) return false;
        if (watch.Walked is not { } walked) return true;
        if (watch.State == HoldingState.Complete) return watch.Losses != _store.Losses;
        return watch.Delivered != _exchange.DeliveredOf(root) || _time.GetElapsedTime(walked, now) > Recheck;
    }

    /// <param name="listed">What was listed when the walk began; null: no list is made.</param>
    private void Walk(Cid root, Watch watch, uint[]? listed)
    {
        var started = _time.GetTimestamp();
        var here = listed is null ? null : new HashSet<uint>();
        var state = IsComplete(root, here) ? HoldingState.Complete : AtLeast(root);
        lock (_gate)
        {
            var ended = _time.GetTimestamp();
            _walking = false;
            _restUntil = ended + RestFactor * (ended - started);
            Tell(root, watch, state);
            if (here is null || state != HoldingState.Partial || watch.Listeners.Count == 0) return;
            // What was lost is told again should it come back.
            foreach (var block in listed!)
                if (!here.Contains(block)) watch.Listed.Remove(block);
            var isFirst = watch.ListMade is null;
            watch.ListMade = ended;
            if (isFirst) here.UnionWith(watch.Listed);
            if (isFirst) watch.Listed.Clear();
            Add(root, watch, here);
        }
    }

    /// <param name="here">Takes the short ids of the blocks that are in the store; null: the walk ends at the first one that is not.</param>
    private bool IsComplete(in Cid root, HashSet<uint>? here)
    {
        var isComplete = true;
        try
        {
            var walk = new DagWalk(_store, root, TreeSelection.Everything);
            foreach (var block in walk.Blocks())
            {
                var isHere = _store.Contains(block.Cid);
                isComplete &= isHere;
                // Too long a list is not made, so one too many is enough of it.
                if (isHere && here?.Count <= MaxListed) here.Add(Holdings.ShortIdOf(block.Cid));
                if (!isComplete && (here is null || here.Count > MaxListed)) return false;
            }
            return isComplete && walk.MissingNodes.Count == 0;
        }
        catch (InvalidTreeException)
        {
            return false;
        }
    }

    private void Gained(Cid root, uint[] blocks)
    {
        lock (_gate)
        {
            if (!_watches.TryGetValue(root, out var watch) || watch.Listeners.Count == 0) return;
            if (watch.State == HoldingState.None) Tell(root, watch, AtLeast(root));
            if (watch.State != HoldingState.Partial) return;
            Add(root, watch, blocks);
            if (watch.ListMade is null) StartWalkIfDue(root, watch, _time.GetTimestamp());
        }
    }

    /// <summary>Nothing is told before the first whole list: who lists is taken to lack the rest.</summary>
    private void Add(in Cid root, Watch watch, IReadOnlyCollection<uint> blocks)
    {
        if (watch.IsTooLong) return;
        var added = new List<uint>(blocks.Count);
        foreach (var block in blocks)
            if (watch.Listed.Add(block)) added.Add(block);
        if (watch.Listed.Count > MaxListed || _watches.Values.Sum(other => other.Listed.Count) > MaxListedTogether)
        {
            watch.ForgetList();
            watch.IsTooLong = true;
            foreach (var listener in watch.Listeners) listener.Send(0, new Holdings(root, HoldingState.Partial, default));
        }
        else if (added.Count > 0 && watch.ListMade is not null)
        {
            foreach (var listener in watch.Listeners) List(listener, root, [.. added]);
        }
    }

    private static void List(PeerConnection connection, in Cid root, uint[] blocks)
    {
        for (var at = 0; at < blocks.Length; at += WireLimits.BlocksPerHoldings)
            connection.Send(0, new Holdings(root, HoldingState.Partial, blocks.AsMemory(at, Math.Min(WireLimits.BlocksPerHoldings, blocks.Length - at))));
    }

    private static void Tell(in Cid root, Watch watch, HoldingState state)
    {
        if (watch.State == state) return;
        watch.State = state;
        watch.ForgetList();
        foreach (var listener in watch.Listeners) listener.Send(0, new Holdings(root, state, default));
    }

    private sealed class Watch
    {
        public HoldingState State { get; set; }

        public List<PeerConnection> Listeners { get; } = [];

        public long? Walked { get; set; }

        public long Losses { get; set; }

        public long Delivered { get; set; }

        /// <summary>What the listeners have been told that is here, or will be with the first list.</summary>
        public HashSet<uint> Listed { get; private set; } = [];

        /// <summary>When everything that was here was listed last; null: not yet.</summary>
        public long? ListMade { get; set; }

        /// <summary>More blocks than are listed.</summary>
        public bool IsTooLong { get; set; }

        public void ForgetList() => (Listed, ListMade, IsTooLong) = ([], null, false);
    }
}
