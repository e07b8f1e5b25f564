using System.Buffers;

namespace SwarmFS.Core;

/// <summary>What an entry has besides its name and content; all of it is part of the root.</summary>
/// <param name="Permissions">Bits 0777.</param>
/// <param name="SpecialBits">Setuid 4, setgid 2, sticky 1.</param>
/// <param name="MtimeNanoseconds">0–999,999,999, counted forward from <paramref name="MtimeSeconds"/>, which may be negative.</param>
/// <param name="Xattrs">In any order; the node lists them by name.</param>
public sealed record EntryAttributes(
    ushort Permissions, byte SpecialBits, uint Uid, uint Gid, long MtimeSeconds, int MtimeNanoseconds, IReadOnlyList<Xattr> Xattrs);

/// <summary>What a finished build made.</summary>
/// <param name="Entries">Rows of the tree, the root included.</param>
/// <param name="Bytes">Sum of the sizes of its regular files, a hard-link group counted once.</param>
public sealed record BuiltTree(Cid Root, int Entries, long Bytes);

/// <summary>A tree that the formats do not allow, with the path and the reason. Nothing of the build is published.</summary>
public sealed class InvalidTreeException(string message) : Exception(message);

/// <summary>
/// Makes a package tree from entries in any order, as an archive has them, and puts its blocks into a store. The root depends on the set of entries alone.
/// Paths are bytes, relative, separated by '/'; "" and "." are the root, whose attributes belong to the tree. Parents that nobody adds are directories of 0755, root, mtime 0.
/// File contents are streamed: memory is bounded by one chunk and the metadata of <see cref="Limits.EntriesPerTree"/> entries. Not thread-safe; used for one tree.
/// The caller keeps what is put from eviction (<see cref="IBlockStore.HoldNew"/>) until the root is pinned.
/// </summary>
public sealed class TreeBuilder(IBlockStore store)
{
    private readonly TreeBuilderNode _root = new([], EntryKind.Directory) { Children = new(NameComparer.Instance) };
    private readonly FileContentWriter _content = new(store);
    private int _entries = 1;
    private long _metadata;
    private bool _finished;

    /// <exception cref="InvalidTreeException">The path is malformed, taken, or below a file.</exception>
    public void AddDirectory(ReadOnlySpan<byte> path, EntryAttributes attributes)
    {
        var xattrs = CheckAttributes(path, attributes);
        var normal = TreePath.Normalise(path);
        var directory = normal.IsEmpty ? _root : FindOrAddDirectory(normal, path);
        if (directory.Attributes is not null) throw Duplicate(path);
        directory.Attributes = attributes;
        directory.Xattrs = xattrs;
    }

    /// <summary>Puts a directory that was made before at a path, with all that is below it. Nothing can be added below it.</summary>
    /// <param name="directory">Its top node, which is in the store. No hard links may be below it: their groups are numbered through a whole tree.</param>
    /// <param name="descendants">All entries below it: of a <see cref="BuiltDirectory"/> its entries.</param>
    /// <param name="bytes">Sum of the sizes of the files below it, on the caller's word: 0 where all are links.</param>
    /// <exception cref="InvalidTreeException">The path is malformed, taken, or below a file; or the node is no directory of so many entries.</exception>
    public void AddDirectory(ReadOnlySpan<byte> path, EntryAttributes attributes, Cid directory, int descendants, long bytes)
    {
        var xattrs = CheckAttributes(path, attributes);
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        var rows = DirectoryTop.Rows(store, directory);
        if (rows != descendants) throw new InvalidTreeException($"The directory {directory} that '{TreePath.Show(path)}' is to be has {rows} entries below it, not {descendants}.");
        var (parent, name) = Place(path);
        if (descendants > Limits.EntriesPerTree - _entries) throw TooManyEntries();
        Add(parent, new TreeBuilderNode(name, EntryKind.Directory)
        {
            Attributes = attributes,
            Xattrs = xattrs,
            IsGrafted = true,
            Content = directory,
            Descendants = descendants,
            Size = bytes,
        });
        _entries += descendants;
    }

    /// <summary>A file whose content is at hand.</summary>
    /// <exception cref="InvalidTreeException">The path is malformed, taken, or below a file.</exception>
    /// <exception cref="StoreFullException">Disk or quota is full and nothing more may be evicted.</exception>
    public void AddFile(ReadOnlySpan<byte> path, EntryAttributes attributes, ReadOnlySpan<byte> content) =>
        AddFile(path, attributes, new MemoryStream(content.ToArray(), writable: false), content.Length);

    /// <summary>Adds a file whose blocks the store has from an earlier build: the caller vouches for content and size.</summary>
    /// <exception cref="InvalidTreeException">The path is malformed, taken, or below a file.</exception>
    public void AddFile(ReadOnlySpan<byte> path, EntryAttributes attributes, Cid content, long size)
    {
        var xattrs = CheckAttributes(path, attributes);
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        var (parent, name) = Place(path);
        Add(parent, new TreeBuilderNode(name, EntryKind.File) { Attributes = attributes, Xattrs = xattrs, Size = size, Content = content });
    }

    /// <summary>The content of a file as it is when it is added to a tree, put into the store.</summary>
    /// <exception cref="StoreFullException">Disk or quota is full and nothing more may be evicted.</exception>
    public Cid PutContent(ReadOnlySpan<byte> content) => _content.Write(new MemoryStream(content.ToArray(), writable: false), content.Length, out _);

    /// <param name="size">Exactly this many bytes are read.</param>
    /// <exception cref="InvalidTreeException">The path is malformed, taken, or below a file; or the content ends early.</exception>
    /// <exception cref="StoreFullException">Disk or quota is full and nothing more may be evicted.</exception>
    public void AddFile(ReadOnlySpan<byte> path, EntryAttributes attributes, Stream content, long size)
    {
        var xattrs = CheckAttributes(path, attributes);
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        var (parent, name) = Place(path);
        var file = new TreeBuilderNode(name, EntryKind.File) { Attributes = attributes, Xattrs = xattrs, Size = size };
        file.Content = _content.Write(content, size, out var missing);
        if (missing > 0) throw new InvalidTreeException($"The content of '{TreePath.Show(path)}' ends {missing} bytes before its {size}.");
        Add(parent, file);
    }

    /// <exception cref="InvalidTreeException">The path is malformed, taken, or below a file; or the target is empty, too long or holds a NUL.</exception>
    public void AddSymlink(ReadOnlySpan<byte> path, EntryAttributes attributes, ReadOnlySpan<byte> target)
    {
        var xattrs = CheckAttributes(path, attributes);
        if (target.Length is 0 or > Limits.SymlinkTargetLength || target.Contains((byte)0))
            throw new InvalidTreeException($"The symlink '{TreePath.Show(path)}' has a target of {target.Length} bytes or with a NUL; 1–{Limits.SymlinkTargetLength} without NUL are allowed.");
        var (parent, name) = Place(path);
        Add(parent, new TreeBuilderNode(name, EntryKind.Symlink) { Attributes = attributes, Xattrs = xattrs, Target = target.ToArray() });
    }

    /// <summary>Gives a file or symlink that was added before another name; attributes and content are shared.</summary>
    /// <exception cref="InvalidTreeException">A path is malformed or taken, or there is nothing, or a directory, at the existing path.</exception>
    public void AddHardLink(ReadOnlySpan<byte> path, ReadOnlySpan<byte> existingPath)
    {
        var existing = Find(TreePath.Normalise(existingPath))
            ?? throw new InvalidTreeException($"'{TreePath.Show(path)}' is a hard link to '{TreePath.Show(existingPath)}', which is not in the tree.");
        if (existing.Kind == EntryKind.Directory)
            throw new InvalidTreeException($"'{TreePath.Show(path)}' is a hard link to the directory '{TreePath.Show(existingPath)}'.");
        var leader = existing.LinkOf ?? existing;
        var (parent, name) = Place(path);
        Add(parent, new TreeBuilderNode(name, existing.Kind) { LinkOf = leader });
        leader.IsLinked = true;
    }

    /// <summary>Makes the nodes. The builder is used up.</summary>
    /// <exception cref="InvalidTreeException">Nested too deeply.</exception>
    /// <exception cref="StoreFullException">Disk or quota is full and nothing more may be evicted.</exception>
    public BuiltTree Finish()
    {
        if (_finished) throw new InvalidOperationException("The tree is finished already.");
        _finished = true;
        var writer = new DirectoryWriter(store);
        var bytes = writer.WriteDirectory(_root);
        var attributes = (_root.Attributes ?? TreeBuilderNode.ImplicitAttributes) with { Xattrs = _root.Xattrs };
        var tree = new TreeNode(attributes, _root.Content, _entries, bytes);
        return new BuiltTree(writer.PutNode(tree.Write), _entries, bytes);
    }

    private (TreeBuilderNode Parent, byte[] Name) Place(ReadOnlySpan<byte> path)
    {
        var normal = TreePath.Normalise(path);
        if (normal.IsEmpty) throw new InvalidTreeException("The root of a tree is a directory, nothing else.");
        var slash = normal.LastIndexOf((byte)'/');
        var parent = slash < 0 ? _root : FindOrAddDirectory(normal[..slash], path);
        var name = normal[(slash + 1)..];
        if (parent.Children!.GetAlternateLookup<ReadOnlySpan<byte>>().ContainsKey(name)) throw Duplicate(path);
        return (parent, name.ToArray());
    }

    private void Add(TreeBuilderNode parent, TreeBuilderNode child)
    {
        if (_entries >= Limits.EntriesPerTree) throw TooManyEntries();
        _metadata += child.ToEntry().Weight - ShardCutter.FixedWeight;
        if (_metadata > Limits.MetadataPerTree) throw new InvalidTreeException($"Names, targets and attributes of the tree take more than {Limits.MetadataPerTree} bytes.");
        parent.Children!.Add(child.Name, child);
        _entries++;
    }

    private TreeBuilderNode FindOrAddDirectory(ReadOnlySpan<byte> directory, ReadOnlySpan<byte> shown)
    {
        var at = _root;
        foreach (var part in directory.Split((byte)'/'))
        {
            var name = directory[part];
            if (!at.Children!.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(name, out var next))
            {
                next = new TreeBuilderNode(name.ToArray(), EntryKind.Directory) { Children = new(NameComparer.Instance) };
                Add(at, next);
            }
            if (next.Kind != EntryKind.Directory)
                throw new InvalidTreeException($"'{TreePath.Show(shown)}' needs '{TreePath.Show(next.Name)}' to be a directory, but the tree has a file of this name.");
            if (next.IsGrafted) throw new InvalidTreeException($"'{TreePath.Show(shown)}' lies below '{TreePath.Show(next.Name)}', a directory that was made before and stays as it is.");
            at = next;
        }
        return at;
    }

    private TreeBuilderNode? Find(ReadOnlySpan<byte> path)
    {
        var at = _root;
        if (path.IsEmpty) return at;
        foreach (var part in path.Split((byte)'/'))
        {
            if (at.Children is null || !at.Children.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(path[part], out var next)) return null;
            at = next;
        }
        return at;
    }

    private static Xattr[] CheckAttributes(ReadOnlySpan<byte> path, EntryAttributes attributes)
    {
        if (attributes.Permissions > 0b111_111_111 || attributes.SpecialBits > 7 || attributes.MtimeNanoseconds is < 0 or > 999_999_999)
            throw new InvalidTreeException($"'{TreePath.Show(path)}' has permissions, special bits or mtime nanoseconds out of range.");
        if (attributes.Xattrs.Count == 0) return [];
        if (attributes.Xattrs.Count > Limits.XattrsPerEntry)
            throw new InvalidTreeException($"'{TreePath.Show(path)}' has {attributes.Xattrs.Count} extended attributes; at most {Limits.XattrsPerEntry} are allowed.");
        var sorted = attributes.Xattrs.ToArray();
        Array.Sort(sorted, (a, b) => a.Name.Span.SequenceCompareTo(b.Name.Span));
        for (var i = 0; i < sorted.Length; i++)
        {
            var name = sorted[i].Name.Span;
            if (name.Length is 0 or > Limits.XattrNameLength || name.Contains((byte)0) || sorted[i].Value.Length > Limits.XattrValueLength)
                throw new InvalidTreeException($"'{TreePath.Show(path)}' has an extended attribute with a malformed name or a value above {Limits.XattrValueLength} bytes.");
            if (i > 0 && sorted[i - 1].Name.Span.SequenceEqual(name))
                throw new InvalidTreeException($"'{TreePath.Show(path)}' has the extended attribute '{TreePath.Show(name)}' twice.");
        }
        return sorted;
    }

    private static InvalidTreeException TooManyEntries() => new($"The tree has more than {Limits.EntriesPerTree} entries.");

    private static InvalidTreeException Duplicate(ReadOnlySpan<byte> path) => new($"The path '{TreePath.Show(path)}' occurs twice in the tree.");
}
