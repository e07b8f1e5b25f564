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
        var rows = 0L;
        try
        {
            var leaf = new DirectoryLeafReader(node.Span);
            for (var isFirst = true; leaf.Next(); isFirst = false)
            {
                var entry = leaf.Current;
                claim.CheckName(entry.Name, isFirst);
                rows += 1 + entry.Descendants;
                if (entry.Name.SequenceEqual(name)) found = new FoundEntry(entry.Kind, entry.Content, entry.Size);
            }
        }
        catch (MessagePackFormatException fault)
        {
            throw claim.Refuse(fault.Message);
        }
        if (claim.Rows >= 0 && rows != claim.Rows) throw claim.Refuse($"it has {rows} entries, not {claim.Rows}");
        return found;
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
