using SwarmFS.Core;

namespace SwarmFS.Swarm;

/// <summary>A WANT or TREE in progress at a peer. Belongs to the exchange's lock.</summary>
internal abstract class LaneRequest(Lane lane, uint id, long askedAt)
{
    public Lane Lane { get; } = lane;

    public uint Id { get; } = id;

    public long AskedAt { get; } = askedAt;
}

// Waiting -> [BLOCK, DONT_HAVE] -> Answered
// Waiting -> [CANCEL sent] -> Cancelled -> [BLOCK that was under way, END] -> Answered
internal enum SlotState : byte
{
    Waiting,
    Cancelled,
    Answered,
}

/// <summary>One WANT frame in progress. Its blocks mostly come in the order asked, which the search for one relies on for speed alone.</summary>
internal sealed class WantRequest : LaneRequest
{
    private readonly BlockWant[] _wants;
    private readonly SlotState[] _states;
    private int _next;
    private int _unanswered;

    public WantRequest(Lane lane, uint id, long askedAt, FetchPriority priority, BlockWant[] wants) : base(lane, id, askedAt)
    {
        Priority = priority;
        _wants = wants;
        _states = new SlotState[wants.Length];
        _unanswered = wants.Length;
    }

    public FetchPriority Priority { get; }

    public int Count => _wants.Length;

    /// <summary>Every block was answered: the request is over, whether its END has come or not.</summary>
    public bool IsOver => _unanswered == 0;

    public BlockWant this[int index] => _wants[index];

    /// <summary>Some block is still waited for here.</summary>
    public bool IsAwaited => _states.AsSpan().Contains(SlotState.Waiting);

    public SlotState StateOf(int index) => _states[index];

    /// <summary>The place of a block that may still come, or -1.</summary>
    public int IndexOf(in Cid cid)
    {
        for (var i = _next; i < _wants.Length; i++)
            if (_wants[i].Cid == cid) return _states[i] != SlotState.Answered ? Found(i) : -1;
        for (var i = 0; i < _next; i++)
            if (_wants[i].Cid == cid) return _states[i] != SlotState.Answered ? i : -1;
        return -1;
    }

    public int IndexOf(BlockWant want)
    {
        for (var i = 0; i < _wants.Length; i++)
            if (ReferenceEquals(_wants[i], want)) return i;
        return -1;
    }

    /// <summary>Returns the state before, so that the caller knows what to release.</summary>
    public SlotState MarkAnswered(int index)
    {
        var before = _states[index];
        if (before != SlotState.Answered) _unanswered--;
        _states[index] = SlotState.Answered;
        return before;
    }

    public void MarkCancelled(int index) => _states[index] = SlotState.Cancelled;

    private int Found(int index)
    {
        _next = index + 1;
        return index;
    }
}
