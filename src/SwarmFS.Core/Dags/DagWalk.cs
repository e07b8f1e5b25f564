namespace SwarmFS.Core;

/// <summary>
/// Enumerates the blocks of a DAG in canonical block order, each distinct CID once: first the start; then the directory nodes, parents before children, siblings in
/// order, each subtree whole before the next; then the nodes of large files in the order of the files; then the data in the order of the files.
/// So a prefix of the order is always the most useful part, and the number of a block in it is a function of the DAG alone (holdings are bitmaps over it).
/// Nodes that are not in the store are enumerated themselves, what lies below them is not. Iterative; memory is about 48 bytes a link and a distinct block.
/// </summary>
public sealed class DagWalk(IBlockStore store, Cid start, TreeSelection selection)
{
    private readonly HashSet<Cid> _seen = [];
    private readonly List<DagLink> _files = [];
    private readonly HashSet<Cid> _missing = [];

    /// <summary>The nodes that the enumeration could not look into, as far as it has come. Data blocks are not looked for.</summary>
    public IReadOnlyCollection<Cid> MissingNodes => _missing;

    /// <summary>Enumerates once; the caller may stop at any block.</summary>
    /// <exception cref="InvalidTreeException">A node breaks the format, or the DAG is beyond <see cref="Limits"/>.</exception>
    public IEnumerable<DagLink> Blocks()
    {
        foreach (var node in Directories()) yield return node;
        if (selection == TreeSelection.Directories) yield break;
        foreach (var node in FileNodes()) yield return node;
        if (selection == TreeSelection.Nodes) yield break;
        foreach (var data in Data()) yield return data;
    }

    private IEnumerable<DagLink> Directories()
    {
        var pending = new Stack<DagLink>();
        pending.Push(new DagLink(start, start.Codec == CidCodec.Raw ? DagLinkKind.Data : DagLinkKind.Directory, 0));
        var links = new List<DagLink>();
        while (pending.TryPop(out var next))
        {
            if (next.Kind != DagLinkKind.Directory)
            {
                AddFile(next);
                continue;
            }
            if (!_seen.Add(next.Cid)) continue;
            if (_seen.Count > Limits.NodesPerTree) throw TooLarge();
            links.Clear();
            // The start may be a node of a large file, which belongs to the second part.
            if (!ReadLinks(next.Cid, links, out var isFile) || !isFile)
            {
                yield return next;
            }
            else
            {
                _seen.Remove(next.Cid);
                AddFile(next with { Kind = DagLinkKind.FileNode });
                continue;
            }
            for (var i = links.Count - 1; i >= 0; i--) pending.Push(links[i]);
            if (pending.Count > Limits.BlocksPerTree) throw TooLarge();
        }
    }

    private IEnumerable<DagLink> FileNodes()
    {
        foreach (var file in _files)
        {
            if (file.Kind != DagLinkKind.FileNode) continue;
            foreach (var node in Below(file, DagLinkKind.FileNode, _seen)) yield return node;
        }
    }

    private IEnumerable<DagLink> Data()
    {
        var visited = new HashSet<Cid>();
        foreach (var file in _files)
        {
            if (file.Kind == DagLinkKind.Data)
            {
                if (_seen.Add(file.Cid)) yield return file;
                continue;
            }
            foreach (var chunk in Below(file, DagLinkKind.Data, visited))
            {
                if (_seen.Add(chunk.Cid)) yield return chunk;
            }
        }
    }

    /// <summary>The links of one kind at and below a file node, in order; no node is looked into twice.</summary>
    private IEnumerable<DagLink> Below(DagLink file, DagLinkKind wanted, HashSet<Cid> visited)
    {
        var pending = new Stack<DagLink>();
        var links = new List<DagLink>();
        pending.Push(file);
        while (pending.TryPop(out var next))
        {
            if (next.Kind == DagLinkKind.Directory) throw new InvalidTreeException($"A file of {start} leads to the directory node {next.Cid}.");
            if (next.Kind == DagLinkKind.Data)
            {
                if (wanted == DagLinkKind.Data) yield return next;
                continue;
            }
            if (!visited.Add(next.Cid)) continue;
            if (_seen.Count + visited.Count > Limits.BlocksPerTree) throw TooLarge();
            if (wanted == DagLinkKind.FileNode) yield return next;
            links.Clear();
            ReadLinks(next.Cid, links, out _);
            for (var i = links.Count - 1; i >= 0; i--) pending.Push(links[i]);
        }
    }

    private void AddFile(DagLink file)
    {
        if (selection == TreeSelection.Directories || selection == TreeSelection.Nodes && file.Kind == DagLinkKind.Data) return;
        if (_files.Count == Limits.BlocksPerTree) throw TooLarge();
        _files.Add(file);
    }

    private bool ReadLinks(Cid cid, List<DagLink> into, out bool isFile)
    {
        isFile = false;
        if (NodeBytes.TryRead(store, cid, out var node))
        {
            using (node)
            {
                try
                {
                    isFile = DagLinks.Read(cid, node.Span, into);
                    return true;
                }
                catch (InvalidTreeException) when (!NodeBytes.IsIntact(store, cid))
                {
                    into.Clear();
                }
            }
        }
        _missing.Add(cid);
        return false;
    }

    private InvalidTreeException TooLarge() => new($"The DAG below {start} has more than {Limits.NodesPerTree} nodes or {Limits.BlocksPerTree} blocks.");
}
