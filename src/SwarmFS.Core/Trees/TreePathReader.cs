namespace SwarmFS.Core;

/// <summary>An entry of a package tree that was looked up by its path.</summary>
/// <param name="Content">File: the block or top file node. Directory: its node. Symlink: none.</param>
/// <param name="Size">Bytes of a file, or of all files below a directory.</param>
public readonly record struct FoundEntry(EntryKind Kind, Cid Content, long Size);

/// <summary>
/// Looks paths up in a package tree without having the tree: reads the nodes on one path, from anywhere, and holds each against what its parent says. So the root proves what is there, and
/// the leaf in which a name would stand proves that it is not.
/// </summary>
public static class TreePathReader
{
    /// <param name="path">Names parted by '/'; symlinks are not followed.</param>
    /// <returns>Null when the tree has no such entry.</returns>
    /// <exception cref="ContentUnavailableException">A node on the path could not be had.</exception>
    /// <exception cref="InvalidTreeException">A node on the path is not what its parent says.</exception>
    public static async ValueTask<FoundEntry?> FindAsync(Cid root, string path, BlockGetter get, CancellationToken cancellationToken)
    {
        FoundEntry? at = new FoundEntry(EntryKind.Directory, await RootDirectoryAsync(root, get, cancellationToken), 0);
        foreach (var name in path.Split('/'))
        {
            if (at is not { Kind: EntryKind.Directory } directory) return null;
            at = await FindInAsync(directory.Content, System.Text.Encoding.UTF8.GetBytes(name), get, cancellationToken);
        }
        return at;
    }

    /// <summary>The names in a small directory, ascending by their bytes.</summary>
    /// <param name="max">More are refused.</param>
    /// <exception cref="ContentUnavailableException">A node of it could not be had.</exception>
    /// <exception cref="InvalidTreeException">It is no directory, too large, or a node of it is not what its parent says.</exception>
    public static async ValueTask<IReadOnlyList<byte[]>> ListAsync(FoundEntry directory, int max, BlockGetter get, CancellationToken cancellationToken)
    {
        if (directory.Kind != EntryKind.Directory) throw new InvalidTreeException($"{directory.Content} is no directory.");
        var names = new List<byte[]>();
        var pending = new Stack<NodeClaim>();
        pending.Push(NodeClaim.Top(directory.Content));
        while (pending.TryPop(out var claim))
        {
            using var node = await get(claim.Node, cancellationToken);
            if (claim.IsLeaf(node)) ReadLeaf(node, claim, entry => names.Add(entry.Name.ToArray()));
            else PushChildren(node, claim, pending);
            if (names.Count > max || pending.Count > max) throw new InvalidTreeException($"The directory {directory.Content} has more than {max} names.");
        }
        return names;
    }

    private static void PushChildren(Block node, in NodeClaim claim, Stack<NodeClaim> pending)
    {
        var children = new List<NodeClaim>();
        var index = new LinkIndexReader(node, claim);
        while (index.Next()) children.Add(index.Claim());
        for (var i = children.Count - 1; i >= 0; i--) pending.Push(children[i]);
    }

    /// <summary>The whole content of a small file.</summary>
    /// <param name="maxLength">In bytes; more is refused before anything is allocated.</param>
    /// <exception cref="ContentUnavailableException">A block of it could not be had.</exception>
    /// <exception cref="InvalidTreeException">It is no file, too long, or a node of it breaks the format.</exception>
    public static async ValueTask<byte[]> ReadFileAsync(FoundEntry file, int maxLength, BlockGetter get, CancellationToken cancellationToken)
    {
        if (file.Kind != EntryKind.File || file.Size > maxLength) throw new InvalidTreeException($"{file.Content} is no file of at most {maxLength} bytes.");
        var content = new byte[file.Size];
        await ReadAsync(file.Content, content, level: Limits.IndexLevels + 1, get, cancellationToken);
        return content;
    }

    private static async ValueTask<Cid> RootDirectoryAsync(Cid root, BlockGetter get, CancellationToken cancellationToken)
    {
        using var block = await get(root, cancellationToken);
        try
        {
            return TreeNode.Read(block.Span).Directory;
        }
        catch (MessagePackFormatException fault)
        {
            throw new InvalidTreeException($"{root} is not the root of a tree: {fault.Message}");
        }
    }

    private static async ValueTask<FoundEntry?> FindInAsync(Cid directory, byte[] name, BlockGetter get, CancellationToken cancellationToken)
    {
        for (var claim = NodeClaim.Top(directory); ;)
        {
            using var node = await get(claim.Node, cancellationToken);
            if (claim.IsLeaf(node)) return FindInLeaf(node, claim, name);
            claim = LinkDirectory.ChildFor(node, claim, name);
        }
    }

    private static FoundEntry? FindInLeaf(Block node, in NodeClaim claim, byte[] name)
    {
        FoundEntry? found = null;
        ReadLeaf(node, claim, entry =>
        {
            if (entry.Name.SequenceEqual(name)) found = new FoundEntry(entry.Kind, entry.Content, entry.Size);
        });
        return found;
    }

    /// <summary>Reads all entries of a leaf, so that it is known to be well-formed and to have as many rows as its parent says.</summary>
    private static void ReadLeaf(Block node, in NodeClaim claim, Action<DirectoryEntry> each)
    {
        var rows = 0L;
        try
        {
            var leaf = new DirectoryLeafReader(node.Span);
            for (var isFirst = true; leaf.Next(); isFirst = false)
            {
                claim.CheckName(leaf.Current.Name, isFirst);
                rows += 1 + leaf.Current.Descendants;
                each(leaf.Current);
            }
        }
        catch (MessagePackFormatException fault)
        {
            throw claim.Refuse(fault.Message);
        }
        if (claim.Rows >= 0 && rows != claim.Rows) throw claim.Refuse($"it has {rows} entries, not {claim.Rows}");
    }

    /// <param name="into">As long as the parent says that the content is; every part has a byte or more, so their number is bounded.</param>
    /// <param name="level">The node's must be below.</param>
    private static async ValueTask ReadAsync(Cid cid, Memory<byte> into, int level, BlockGetter get, CancellationToken cancellationToken)
    {
        using var block = await get(cid, cancellationToken);
        if (cid.Codec == CidCodec.Raw)
        {
            if (block.Length != into.Length) throw new InvalidTreeException($"The block {cid} has {block.Length} bytes, not {into.Length}.");
            block.Span.CopyTo(into.Span);
            return;
        }
        var (childLevel, parts) = ReadFileNode(block, into.Length, level);
        foreach (var (part, size) in parts)
        {
            await ReadAsync(part, into[..size], childLevel, get, cancellationToken);
            into = into[size..];
        }
    }

    private static (int Level, (Cid Part, int Size)[] Parts) ReadFileNode(Block block, int size, int level)
    {
        try
        {
            var node = new FileNode(block.Span);
            if (node.Level >= level) throw new InvalidTreeException($"The file node {block.Cid} does not stand below level {level}.");
            if (node.Size != size) throw new InvalidTreeException($"The file node {block.Cid} has {node.Size} bytes, not {size}.");
            var parts = new (Cid, int)[node.Count];
            for (var i = 0; i < parts.Length; i++) parts[i] = (node.Link(i), (int)node.Sizes[i]);
            return (node.Level, parts);
        }
        catch (MessagePackFormatException fault)
        {
            throw new InvalidTreeException($"The file node {block.Cid} is malformed: {fault.Message}");
        }
    }
}
