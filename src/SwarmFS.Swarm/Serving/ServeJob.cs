using SwarmFS.Core;
using SwarmFS.Wire;

namespace SwarmFS.Swarm;

/// <summary>A request of a peer that is being answered. Belongs to its connection's serving queue.</summary>
internal abstract class ServeJob(uint requestId, Cid root, FetchPriority priority, long deadline)
{
    public uint RequestId { get; } = requestId;

    public Cid Root { get; } = root;

    public FetchPriority Priority { get; } = priority;

    /// <summary>When the asker gives up.</summary>
    public long Deadline { get; } = deadline;

    /// <summary>How it ended; meaningful once <see cref="TryPeek"/> has said that nothing is left.</summary>
    public EndStatus Status { get; protected set; } = EndStatus.Complete;

    /// <summary>The next block to send, without taking it.</summary>
    public abstract bool TryPeek(out Cid cid);

    /// <summary>The block was sent.</summary>
    public abstract void Sent(int length);

    /// <summary>The next block is not here: passes over it, and over others that are not.</summary>
    /// <returns>Their places, where the asker is to be told.</returns>
    public abstract ushort[] SkipAbsent(IBlockStore store);

    public abstract void Cancel(ushort[] indices);
}

/// <summary>Blocks by CID.</summary>
internal sealed class WantServeJob(uint requestId, Want want, long deadline) : ServeJob(requestId, want.Root, want.Priority, deadline)
{
    private readonly ReadOnlyMemory<Cid> _blocks = want.Blocks;
    private readonly bool[] _passed = new bool[want.Blocks.Length];
    private int _next;

    public override bool TryPeek(out Cid cid)
    {
        while (_next < _blocks.Length && _passed[_next]) _next++;
        cid = _next < _blocks.Length ? _blocks.Span[_next] : default;
        return _next < _blocks.Length;
    }

    public override void Sent(int length) => _next++;

    public override ushort[] SkipAbsent(IBlockStore store)
    {
        var absent = new List<ushort>();
        for (var i = _next; i < _blocks.Length; i++)
        {
            if (_passed[i] || store.Contains(_blocks.Span[i])) continue;
            _passed[i] = true;
            absent.Add((ushort)i);
        }
        return [.. absent];
    }

    public override void Cancel(ushort[] indices)
    {
        Status = EndStatus.Cancelled;
        if (indices.Length == 0) _next = _blocks.Length;
        foreach (var index in indices)
            if (index < _passed.Length) _passed[index] = true;
    }
}

/// <summary>A part of a DAG in canonical order, until its budget is spent.</summary>
internal sealed class TreeServeJob : ServeJob, IDisposable
{
    /// <summary>So many blocks in a row that are not here are the end: to walk over them costs time and sends nothing, and the asker gets the rest by CID.</summary>
    private const int MaxAbsent = 1024;

    private readonly IEnumerator<DagLink> _walk;
    private readonly IBlockStore _store;
    private long _budget;
    private int _absent;
    private bool _hasCurrent;
    private bool _over;

    public TreeServeJob(uint requestId, TreeWant want, IBlockStore store, long deadline) : base(requestId, want.Root, want.Priority, deadline)
    {
        _store = store;
        _budget = want.Budget;
        _walk = new DagWalk(store, want.Start, want.Selection).Blocks().GetEnumerator();
    }

    public override bool TryPeek(out Cid cid)
    {
        cid = default;
        if (_over) return false;
        if (!_hasCurrent && !Advance()) return false;
        cid = _walk.Current.Cid;
        if (_store.TryGetLength(cid, out var length) && length > _budget)
        {
            Status = EndStatus.Budget;
            _over = true;
            return false;
        }
        return true;
    }

    private bool Advance()
    {
        try
        {
            _hasCurrent = _walk.MoveNext();
        }
        catch (InvalidTreeException)
        {
            // What was asked for is no tree: there is nothing more to send of it.
            Status = EndStatus.Incomplete;
            _hasCurrent = false;
        }
        _over = !_hasCurrent;
        return _hasCurrent;
    }

    public override void Sent(int length)
    {
        _budget -= length;
        _absent = 0;
        _hasCurrent = false;
    }

    public override ushort[] SkipAbsent(IBlockStore store)
    {
        Status = EndStatus.Incomplete;
        _hasCurrent = false;
        _over |= ++_absent == MaxAbsent;
        return [];
    }

    public override void Cancel(ushort[] indices)
    {
        Status = EndStatus.Cancelled;
        _over = true;
    }

    public void Dispose() => _walk.Dispose();
}
