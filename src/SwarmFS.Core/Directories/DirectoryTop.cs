namespace SwarmFS.Core;

/// <summary>What the top node of a directory says of all that is below it.</summary>
internal static class DirectoryTop
{
    /// <summary>All entries of the directory and of those below it, as its top node counts them.</summary>
    /// <exception cref="InvalidTreeException">The node is not in the store, or is no directory.</exception>
    public static int Rows(IBlockStore store, Cid top)
    {
        if (!store.TryGet(top, out var node)) throw new InvalidTreeException($"The directory node {top} is not in the store.");
        using (node)
        {
            try
            {
                var rows = NodeHeader.Peek(node.Span) switch
                {
                    NodeKind.DirectoryLeaf => OfLeaf(node),
                    NodeKind.DirectoryIndex => OfIndex(node),
                    var kind => throw new InvalidTreeException($"{top} is a node of kind {(int)kind}, no directory."),
                };
                return rows <= Limits.EntriesPerTree ? (int)rows : throw new InvalidTreeException($"The directory {top} has more than {Limits.EntriesPerTree} entries below it.");
            }
            catch (MessagePackFormatException fault)
            {
                throw new InvalidTreeException($"The directory node {top} is malformed: {fault.Message}");
            }
        }
    }

    private static long OfLeaf(Block node)
    {
        var leaf = new DirectoryLeafReader(node.Span);
        var rows = 0L;
        while (leaf.Next()) rows += 1 + leaf.Current.Descendants;
        return rows;
    }

    private static long OfIndex(Block node)
    {
        var index = new DirectoryIndexReader(node.Span);
        var rows = 0L;
        while (index.Next()) rows += index.Current.Rows;
        return rows;
    }
}
