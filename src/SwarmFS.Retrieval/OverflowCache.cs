using System.Diagnostics.CodeAnalysis;
using SwarmFS.Core;

namespace SwarmFS.Retrieval;

/// <summary>
/// The blocks that a full store declined, least recently used out first: a read never fails because a disk is full, and the kernel's several reads of one chunk cost one
/// transfer. Owns a reference to each. Safe from any thread.
/// </summary>
internal sealed class OverflowCache(long capacity) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Cid, LinkedListNode<Block>> _blocks = [];
    private readonly LinkedList<Block> _byUse = [];
    private long _bytes;

    public bool IsEmpty => Volatile.Read(ref _bytes) == 0;

    public long Bytes => Volatile.Read(ref _bytes);

    public void Add(Block block)
    {
        lock (_gate)
        {
            if (_blocks.ContainsKey(block.Cid)) return;
            while (_bytes > 0 && _bytes + block.Length > capacity) Remove(_byUse.First!);
            _blocks.Add(block.Cid, _byUse.AddLast(block.RetainAlone()));
            Volatile.Write(ref _bytes, _bytes + block.Length);
        }
    }

    public bool Contains(in Cid cid)
    {
        if (IsEmpty) return false;
        lock (_gate) return _blocks.ContainsKey(cid);
    }

    /// <summary>The caller disposes the block.</summary>
    public bool TryGet(in Cid cid, [NotNullWhen(true)] out Block? block)
    {
        block = null;
        if (IsEmpty) return false;
        lock (_gate)
        {
            if (!_blocks.TryGetValue(cid, out var node)) return false;
            _byUse.Remove(node);
            _byUse.AddLast(node);
            block = node.Value.Retain();
            return true;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            while (_byUse.First is { } node) Remove(node);
        }
    }

    private void Remove(LinkedListNode<Block> node)
    {
        _byUse.Remove(node);
        _blocks.Remove(node.Value.Cid);
        Volatile.Write(ref _bytes, _bytes - node.Value.Length);
        node.Value.Dispose();
    }
}
