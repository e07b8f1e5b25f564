namespace SwarmFS.Core;

/// <summary>A name that gets a target, or loses the one it has.</summary>
/// <param name="Target">Null: the name is removed, if it is there.</param>
public readonly record struct LinkChange(ReadOnlyMemory<byte> Name, ReadOnlyMemory<byte>? Target);

public static partial class LinkDirectory
{
    /// <summary>
    /// The directory after changes: the same nodes as a build of all its entries makes. Nodes that no change touches are taken over without being read, as soon as the new ones
    /// end where the old ones ended, so it reads and writes a few nodes a level for each change. Memory is one node a level.
    /// </summary>
    /// <param name="changes">Ascending by name, each name once.</param>
    /// <exception cref="ContentUnavailableException">A node that it has to read is not in the store.</exception>
    /// <exception cref="InvalidTreeException">A change is none or out of order; or the old directory is malformed where it was read.</exception>
    /// <exception cref="StoreFullException">The store has no space for a node.</exception>
    public static BuiltDirectory Update(IBlockStore store, Cid oldRoot, IReadOnlyList<LinkChange> changes)
    {
        CheckChanges(changes);
        if (changes.Count == 0) return new BuiltDirectory(oldRoot, Count(store, oldRoot));
        using (var top = Get(store, oldRoot))
        {
            if (NodeClaim.Top(oldRoot).IsLeaf(top)) return Rebuild(store, oldRoot, changes);
        }
        var merge = new LinkMerge(store, changes);
        // What may fit one leaf now is put together anew: it is small.
        return merge.TryRun(oldRoot, out var built) ? built : Rebuild(store, oldRoot, changes);
    }

    private static void CheckChanges(IReadOnlyList<LinkChange> changes)
    {
        for (var i = 0; i < changes.Count; i++)
        {
            var name = changes[i].Name.Span;
            LinkEntry.Check(name, changes[i].Target is { } target ? target.Span : "-"u8);
            if (i > 0 && changes[i - 1].Name.Span.SequenceCompareTo(name) >= 0)
                throw new InvalidTreeException($"The change of '{TreePath.Show(name)}' does not stand behind that of '{TreePath.Show(changes[i - 1].Name.Span)}': names ascend by their bytes.");
        }
    }

    private static BuiltDirectory Rebuild(IBlockStore store, Cid oldRoot, IReadOnlyList<LinkChange> changes)
    {
        var builder = new LinkDirectoryBuilder(store);
        var next = 0;
        foreach (var link in Enumerate(store, oldRoot))
        {
            for (; next < changes.Count && changes[next].Name.Span.SequenceCompareTo(link.Name) < 0; next++) AddNew(changes[next]);
            if (next < changes.Count && changes[next].Name.Span.SequenceEqual(link.Name)) AddNew(changes[next++]);
            else builder.Add(link.Name, link.Target);
        }
        for (; next < changes.Count; next++) AddNew(changes[next]);
        return builder.Finish();

        void AddNew(LinkChange change)
        {
            if (change.Target is { } target) builder.Add(change.Name.Span, target.Span);
        }
    }
}

/// <summary>Merges changes into a directory of more than one leaf. Used once.</summary>
internal sealed class LinkMerge(IBlockStore store, IReadOnlyList<LinkChange> changes)
{
    private readonly DirectoryShards _shards = new(store);
    private int _next;

    /// <returns>False when the result has so few entries that it may have to be one leaf.</returns>
    public bool TryRun(Cid root, out BuiltDirectory built)
    {
        _shards.Begin(isSplit: true);
        Merge(NodeClaim.Top(root), isLast: true);
        var top = _shards.Finish();
        if (top.Rows > Limits.EntriesPerTree) throw new InvalidTreeException($"The directory has more than {Limits.EntriesPerTree} entries.");
        built = new BuiltDirectory(SkipSingles(top.Node), top.Rows);
        return top.Rows > Limits.LinksPerNode;
    }

    /// <param name="isLast">True for the last node of its level: it may have ended because nothing followed, so it is put together anew.</param>
    private void Merge(in NodeClaim claim, bool isLast)
    {
        if (!isLast && !ChangesBefore(claim.Before!) && _shards.IsAtBoundary(claim.Level))
        {
            _shards.AddNode(claim.Level, new FinishedShard(claim.First!, claim.Node, claim.Rows));
            return;
        }
        using var node = LinkDirectory.Get(store, claim.Node);
        if (claim.IsLeaf(node))
        {
            MergeLeaf(node, claim);
            return;
        }
        var index = new LinkIndexReader(node, claim);
        while (index.Next()) Merge(index.Claim(), isLast && index.Following.IsEmpty);
    }

    private void MergeLeaf(Block node, in NodeClaim claim)
    {
        var leaf = new LinkLeafReader(node, claim);
        while (leaf.Next())
        {
            while (ChangesBefore(leaf.Name)) AddChange();
            if (_next < changes.Count && changes[_next].Name.Span.SequenceEqual(leaf.Name)) AddChange();
            else _shards.Add(LinkEntry.Of(leaf.Name, leaf.Target));
        }
        while (claim.Before is null ? _next < changes.Count : ChangesBefore(claim.Before)) AddChange();
    }

    private bool ChangesBefore(ReadOnlySpan<byte> name) => _next < changes.Count && changes[_next].Name.Span.SequenceCompareTo(name) < 0;

    private void AddChange()
    {
        var change = changes[_next++];
        if (change.Target is { } target) _shards.Add(LinkEntry.Of(change.Name.Span, target.Span));
    }

    /// <summary>An index that was taken over and that nothing stands beside any more may have a single child: then the child is the top.</summary>
    private Cid SkipSingles(Cid top)
    {
        while (true)
        {
            using var node = LinkDirectory.Get(store, top);
            if (NodeHeader.Peek(node.Span) != NodeKind.DirectoryIndex) return top;
            var index = new DirectoryIndexReader(node.Span);
            if (index.Count > 1) return top;
            index.Next();
            top = index.Current.Node;
        }
    }
}
