using Microsoft.Extensions.Logging;
using SwarmFS.Core;

namespace SwarmFS.Store;

/// <summary>
/// One walk, which goes on where it was when there are more roots: no node is read twice, and those that were absent are looked for again. Iterative; remembers the nodes alone, a hundredth
/// of all blocks, so a block of data that several nodes list is visited for each.
/// </summary>
internal sealed class ReachWalk(BlockReader reader, ILogger logger, Action<Cid> visit)
{
    private readonly HashSet<Cid> _read = [];
    private readonly HashSet<Cid> _absent = [];
    private readonly Stack<Cid> _left = new();
    private readonly List<DagLink> _links = [];

    /// <summary>Visits these roots. What they link to is left to <see cref="TryFinish"/>.</summary>
    public void Add(IEnumerable<Cid> roots)
    {
        foreach (var absent in _absent) _left.Push(absent);
        _absent.Clear();
        foreach (var root in roots) Visit(root);
    }

    /// <summary>Reads so many nodes at most. False when there may be more.</summary>
    public bool TryFinish(int maxNodes)
    {
        while (_left.Count > 0)
        {
            if (maxNodes == 0) return false;
            if (TryRead(_left.Pop())) maxNodes--;
        }
        return true;
    }

    private void Visit(in Cid cid)
    {
        visit(cid);
        if (cid.Codec == CidCodec.MessagePack) _left.Push(cid);
    }

    /// <summary>False when it was read before or is not here.</summary>
    private bool TryRead(in Cid cid)
    {
        if (_read.Contains(cid)) return false;
        if (!reader.TryGet(cid, out var node, isUse: false))
        {
            _absent.Add(cid);
            return false;
        }
        _read.Add(cid);
        _links.Clear();
        using (node) ReadLinks(node);
        foreach (var link in _links) Visit(link.Cid);
        return true;
    }

    private void ReadLinks(Block node)
    {
        try
        {
            DagLinks.Read(node, _links);
        }
        catch (InvalidTreeException invalid)
        {
            _links.Clear();
            StoreLog.UnreadableNode(logger, node.Cid, invalid.Message);
        }
    }
}
