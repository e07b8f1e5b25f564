using Microsoft.Extensions.Logging;
using SwarmFS.Core;

namespace SwarmFS.Store;

/// <summary>Walks what roots link to, as far as the nodes are here.</summary>
internal sealed class DagReach(BlockReader reader, ILogger logger)
{
    /// <summary>
    /// Calls <paramref name="visit"/> for each root and each block linked to. Iterative; remembers the nodes alone, a hundredth of all blocks, so a block of data
    /// that several nodes list is visited for each.
    /// </summary>
    public void Walk(IEnumerable<Cid> roots, Action<Cid> visit)
    {
        var seen = new HashSet<Cid>();
        var left = new Stack<Cid>(roots);
        var links = new List<DagLink>();
        foreach (var root in left) visit(root);
        while (left.TryPop(out var cid))
        {
            if (cid.Codec != CidCodec.MessagePack || !seen.Add(cid)) continue;
            if (!reader.TryGet(cid, out var node, isUse: false)) continue;
            links.Clear();
            using (node) Read(node, links);
            foreach (var link in links)
            {
                visit(link.Cid);
                if (link.Cid.Codec == CidCodec.MessagePack) left.Push(link.Cid);
            }
        }
    }

    private void Read(Block node, List<DagLink> links)
    {
        try
        {
            DagLinks.Read(node, links);
        }
        catch (InvalidTreeException invalid)
        {
            links.Clear();
            StoreLog.UnreadableNode(logger, node.Cid, invalid.Message);
        }
    }
}
