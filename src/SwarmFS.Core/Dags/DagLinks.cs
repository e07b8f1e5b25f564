namespace SwarmFS.Core;

/// <summary>What a link leads to.</summary>
public enum DagLinkKind : byte
{
    /// <summary>A directory node or shard.</summary>
    Directory = 0,

    /// <summary>A node of a large file.</summary>
    FileNode = 1,

    /// <summary>A raw block: a file, or a chunk of one.</summary>
    Data = 2,
}

/// <summary>A link of a node.</summary>
/// <param name="Size">Bytes of the files below it; for <see cref="DagLinkKind.Data"/> the length of the block. Of a shard of a large directory it is not told: 0.</param>
public readonly record struct DagLink(Cid Cid, DagLinkKind Kind, long Size);

/// <summary>The links of a node of any kind, for whoever walks DAGs without caring for names: pins and collection, serving, holdings.</summary>
public static class DagLinks
{
    /// <summary>Appends the links in canonical order: entries by name, shards and chunks in order. A CID may occur more than once. A raw block has none.</summary>
    /// <exception cref="InvalidTreeException">Not a node of this format. Some links may have been appended.</exception>
    public static void Read(Block node, List<DagLink> into) => Read(node.Cid, node.Span, into);

    /// <inheritdoc cref="Read(Block, List{DagLink})"/>
    /// <returns>True for a node of a large file.</returns>
    internal static bool Read(in Cid cid, ReadOnlySpan<byte> node, List<DagLink> into)
    {
        if (cid.Codec != CidCodec.MessagePack) return false;
        try
        {
            var kind = NodeHeader.Peek(node);
            switch (kind)
            {
                case NodeKind.Tree:
                    var tree = TreeNode.Read(node);
                    into.Add(new DagLink(tree.Directory, DagLinkKind.Directory, tree.Bytes));
                    break;
                case NodeKind.DirectoryLeaf:
                    ReadLeaf(node, into);
                    break;
                case NodeKind.DirectoryIndex:
                    var index = new DirectoryIndexReader(node);
                    while (index.Next()) into.Add(new DagLink(index.Current.Node, DagLinkKind.Directory, 0));
                    break;
                case NodeKind.File:
                    ReadFile(node, into);
                    break;
            }
            return kind == NodeKind.File;
        }
        catch (MessagePackFormatException fault)
        {
            throw new InvalidTreeException($"The node {cid} is malformed: {fault.Message}");
        }
    }

    /// <summary>Whether the block is content of a file: data, or a node of a large file. Everything else is a package or directory, or no node at all.</summary>
    public static bool IsFile(Block block)
    {
        if (block.Cid.Codec == CidCodec.Raw) return true;
        try
        {
            return NodeHeader.Peek(block.Span) == NodeKind.File;
        }
        catch (MessagePackFormatException)
        {
            return false;
        }
    }

    private static void ReadLeaf(ReadOnlySpan<byte> node, List<DagLink> into)
    {
        var leaf = new DirectoryLeafReader(node);
        into.EnsureCapacity(into.Count + leaf.Count);
        while (leaf.Next())
        {
            ref readonly var entry = ref leaf.Current;
            if (entry.Kind == EntryKind.Symlink) continue;
            var kind = entry.Kind == EntryKind.Directory ? DagLinkKind.Directory : entry.Content.Codec == CidCodec.Raw ? DagLinkKind.Data : DagLinkKind.FileNode;
            into.Add(new DagLink(entry.Content, kind, entry.Size));
        }
    }

    private static void ReadFile(ReadOnlySpan<byte> node, List<DagLink> into)
    {
        var file = new FileNode(node);
        var kind = file.Level == 0 ? DagLinkKind.Data : DagLinkKind.FileNode;
        for (var i = 0; i < file.Count; i++) into.Add(new DagLink(file.Link(i), kind, file.Sizes[i]));
    }
}
