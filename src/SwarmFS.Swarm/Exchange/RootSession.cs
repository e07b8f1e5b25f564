using SwarmFS.Core;
using SwarmFS.Wire;

namespace SwarmFS.Swarm;

/// <summary>A lane as one session sees it.</summary>
internal sealed class SessionLane(Lane lane)
{
    public Lane Lane { get; } = lane;

    /// <summary>What an estimate of one answer weighs: about the last twenty count.</summary>
    private const double Weight = 0.05;

    /// <summary>Below this a partial holder would never be tried again.</summary>
    private const double LeastHits = 0.05;

    private double _hits = 1;
    private int _number = -1;

    /// <summary>Null until the peer has said.</summary>
    public HoldingState? State { get; set; }

    /// <summary>When the peer was asked for its holdings last.</summary>
    public long Asked { get; set; }

    /// <summary>Which part of what it was asked for lately the peer had: a partial holder is asked for as much as it is good for.</summary>
    public double Hits => State == HoldingState.Complete || IsListed ? 1 : Math.Max(_hits, LeastHits);

    /// <summary>The peer says block by block what it has.</summary>
    public bool IsListed => _number >= 0;

    /// <summary>It lists, but there was no room to remember it all. Until it begins anew it counts as one that does not list.</summary>
    public bool IsLost { get; private set; }

    /// <summary>When it last had more than before; null: not while we looked. Who grows is a newcomer like this node, with as much use for different blocks.</summary>
    public long? Grown { get; set; }

    public bool MayHave(BlockWant want) => !IsListed || want.Holders is { } holders && (holders.Peers & Bit) != 0;

    private ulong Bit => 1UL << _number;

    /// <returns>False when the map has no room for another peer.</returns>
    public bool TryList(HolderMap map)
    {
        if (!IsListed) _number = map.AddPeer();
        return IsListed;
    }

    /// <param name="forGood">What it lists afterwards would be a part only, and the rest be missed.</param>
    public void Unlist(HolderMap map, bool forGood)
    {
        if (IsListed) map.RemovePeer(_number);
        (_number, IsLost) = (-1, forGood);
    }

    public void Has(BlockHolders block) => block.Peers |= Bit;

    public void Lacks(BlockWant want)
    {
        if (IsListed && want.Holders is { } holders) holders.Peers &= ~Bit;
    }

    public void Answered(bool had) => _hits += Weight * ((had ? 1 : 0) - _hits);

    /// <summary>The peer has more than before.</summary>
    public void Renew() => _hits = Math.Max(_hits, 0.5);
}

/// <summary>
/// Everything about one root: who holds it, what is wanted of it. Survives the reads that use it, so that the next one starts warm. Belongs to the exchange's lock.
/// </summary>
internal sealed class RootSession(Cid root)
{
    private readonly WantQueue[] _queues =
        [new(FetchPriority.Metadata), new(FetchPriority.Demand), new(FetchPriority.Prefetch), new(FetchPriority.Background)];

    public Cid Root { get; } = root;

    public List<SessionLane> Lanes { get; } = [];

    public Dictionary<Cid, BlockWant> Wants { get; } = [];

    /// <summary>Wants that nobody at hand can answer.</summary>
    public List<BlockWant> Parked { get; } = [];

    public HolderMap Holders { get; } = new();

    /// <summary>Short ids of blocks that came and that the peers have not been told of.</summary>
    public List<uint> Gained { get; } = [];

    public long GainedBytes { get; set; }

    /// <summary>Null: never.</summary>
    public long? GainsTold { get; set; }

    /// <summary>Tree requests in progress.</summary>
    public int Trees { get; set; }

    public long LastUsed { get; set; }

    /// <summary>Blocks that came for this root since the node started.</summary>
    public long Delivered { get; set; }

    /// <summary>When the last of them did, or a part of one that takes long.</summary>
    public long LastReceived { get; set; } = long.MinValue;

    public Dictionary<NodeId, TransferCount> Transfers { get; } = [];

    public bool IsIdle => Wants.Count == 0 && Trees == 0;

    public bool HasQueued => Array.Exists(_queues, queue => !queue.IsEmpty);

    public WantQueue QueueOf(FetchPriority priority) => _queues[(int)priority];

    public SessionLane? Find(Lane lane)
    {
        foreach (var known in Lanes)
            if (ReferenceEquals(known.Lane, lane)) return known;
        return null;
    }

    /// <summary>True when some peer is known to hold at least a part.</summary>
    public bool HasHolder
    {
        get
        {
            foreach (var lane in Lanes)
                if (lane.State is HoldingState.Partial or HoldingState.Complete) return true;
            return false;
        }
    }

    /// <summary>True when this peer may be asked: it holds something, or has not said yet and nobody better is known.</summary>
    public static bool MayAsk(SessionLane lane, bool hasHolder) => !lane.Lane.Closed && (lane.State is { } state ? state != HoldingState.None : !hasHolder);

    public BlockWant Open(in Cid cid, FetchPriority priority)
    {
        var want = new BlockWant(this, cid, priority);
        Wants[cid] = want;
        if (Holders.IsInUse) Holders.Attach(want);
        QueueOf(priority).Add(want);
        return want;
    }

    public void Close(BlockWant want)
    {
        want.State = WantState.Done;
        Wants.Remove(want.Cid);
        Holders.Detach(want);
    }

    public void Requeue(BlockWant want)
    {
        want.State = WantState.Queued;
        QueueOf(want.Priority).Return(want);
    }

    public void RequeueParked(Lane? forget)
    {
        foreach (var want in Parked)
        {
            want.ForgetDenials(forget);
            if (want.State == WantState.Parked) Requeue(want);
        }
        Parked.Clear();
    }

    public void Count(NodeId from, int bytes, long now)
    {
        Delivered++;
        LastReceived = now;
        if (!Transfers.TryGetValue(from, out var count)) Transfers[from] = count = new TransferCount();
        count.Bytes += bytes;
        count.Blocks++;
    }
}

internal sealed class TransferCount
{
    public long Bytes { get; set; }

    public long Blocks { get; set; }
}
