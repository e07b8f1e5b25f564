namespace SwarmFS.Core;

/// <summary>
/// Walks the directory nodes of a tree in canonical order and collects its rows. Refuses what a builder would not have made: names out of order, separators that are
/// not the first name below them, shards cut elsewhere than <see cref="ShardCutter"/> cuts, numbers of rows and bytes that do not add up, hard links that disagree.
/// Every directory's rows are counted against what its entry declared before they are read, so the whole costs at most the declared rows, and those are
/// at most <see cref="Limits.EntriesPerTree"/>, however often the nodes refer to each other.
/// </summary>
internal sealed class TreeTableBuilder(Cid root, TreeNode tree, IBlockStore store)
{
    private readonly TreeRows _rows = new(tree.Rows);
    private readonly List<Cid> _directoryNodes = [root];
    private readonly HashSet<Cid> _seenNodes = [root];
    private readonly HashSet<Cid> _missing = [];

    /// <summary>Per link group its first row; group g is at g − 1.</summary>
    private readonly List<int> _leaders = [];
    private int _depth;
    private int _pathLength;
    private long _metadata;

    public IReadOnlyCollection<Cid> Missing => _missing;

    /// <summary>The nodes that were read.</summary>
    public IReadOnlyCollection<Cid> Seen => _seenNodes;

    /// <summary>The tree, or null when nodes are missing.</summary>
    public TreeTable? TryBuild()
    {
        _rows.AddRoot(tree);
        var bytes = ReadDirectory(row: 0, tree.Directory, tree.Rows - 1);
        if (_missing.Count > 0) return null;
        if (bytes != tree.Bytes) throw Invalid(root, $"its files have {bytes} bytes, not {tree.Bytes}");
        _rows.LinkUp(_leaders.Count, root);
        return _rows.ToTable(root, _directoryNodes);
    }

    /// <returns>Bytes of the files below it that count there.</returns>
    private long ReadDirectory(int row, Cid node, int descendants)
    {
        if (++_depth > Limits.TreeDepth) throw Invalid(node, $"directories are nested deeper than {Limits.TreeDepth} levels");
        var directory = new DirectoryInProgress { Row = row, RowsLeft = descendants };
        ReadNode(node, level: -1, isLast: true, expectedFirst: default, directory);
        if (directory.RowsLeft != 0) throw Invalid(node, $"the directory has {directory.RowsLeft} rows less than declared");
        _depth--;
        return directory.Bytes;
    }

    /// <summary>Reads a directory node of any kind.</summary>
    /// <param name="level">What its parent says: 0 for a leaf, n for an index, −1 for the top.</param>
    /// <param name="isLast">True for the last node of its level in this directory, which may end anywhere.</param>
    private void ReadNode(Cid node, int level, bool isLast, ReadOnlySpan<byte> expectedFirst, DirectoryInProgress directory)
    {
        if (!NodeBytes.TryRead(store, node, out var bytes))
        {
            _missing.Add(node);
            directory.SkipRest(level);
            return;
        }
        if (_seenNodes.Add(node))
        {
            _directoryNodes.Add(node);
            if (_directoryNodes.Count > Limits.NodesPerTree) throw Invalid(root, $"the tree has more than {Limits.NodesPerTree} nodes");
        }
        using (bytes)
        {
            try
            {
                var kind = NodeHeader.Peek(bytes.Span);
                if (kind == NodeKind.DirectoryLeaf && level <= 0) ReadLeaf(node, bytes.Span, isTop: level < 0, isLast, expectedFirst, directory);
                else if (kind == NodeKind.DirectoryIndex && level != 0) ReadIndex(node, bytes.Span, level, isLast, expectedFirst, directory);
                else throw Invalid(node, $"a node of kind {(int)kind} stands where a directory node of level {level} belongs");
            }
            catch (MessagePackFormatException fault)
            {
                throw new InvalidTreeException($"The directory node {node} is malformed: {fault.Message}");
            }
        }
    }

    private void ReadIndex(Cid node, ReadOnlySpan<byte> bytes, int level, bool isLast, ReadOnlySpan<byte> expectedFirst, DirectoryInProgress directory)
    {
        var reader = new DirectoryIndexReader(bytes);
        if (level >= 0 && reader.Level != level) throw Invalid(node, $"its level is {reader.Level}, its parent's says {level}");
        if (level < 0 && reader.Count == 1) throw Invalid(node, "the top of a directory's index has one child only");
        var cutter = new ShardCutter(reader.Level);
        var ended = false;
        var (left, isFirst) = (reader.Count, true);
        while (reader.Next())
        {
            var shard = reader.Current;
            if (ended) throw Invalid(node, "the index node goes on where it has to end");
            if (isFirst && level >= 0 && !shard.FirstName.SequenceEqual(expectedFirst)) throw Invalid(node, "its first name is not the one that its parent lists");
            isFirst = false;
            left--;
            ended = cutter.Add(shard.FirstName, ShardCutter.FixedWeight + shard.FirstName.Length);
            if (shard.Rows > directory.RowsLeft) throw Invalid(node, "it has more rows than its directory declares");
            var rowsBehind = directory.RowsLeft - shard.Rows;
            directory.ShardRows = shard.Rows;
            ReadNode(shard.Node, reader.Level - 1, isLast && left == 0, shard.FirstName, directory);
            if (directory.RowsLeft != rowsBehind) throw Invalid(shard.Node, $"it has not the {shard.Rows} rows that its parent declares");
        }
        if (!ended && !isLast) throw Invalid(node, "the index node ends where it has to go on");
    }

    private void ReadLeaf(Cid node, ReadOnlySpan<byte> bytes, bool isTop, bool isLast, ReadOnlySpan<byte> expectedFirst, DirectoryInProgress directory)
    {
        var reader = new DirectoryLeafReader(bytes);
        if (reader.Count == 0 && !isTop) throw Invalid(node, "a shard of a directory is empty");
        var (isFirst, weight) = (true, 0L);
        while (reader.Next())
        {
            ref readonly var entry = ref reader.Current;
            if (isFirst && !isTop && !entry.Name.SequenceEqual(expectedFirst)) throw Invalid(node, "its first name is not the one that its parent lists");
            if (isFirst && directory.LastChild > 0 && _rows.Name(directory.LastChild).SequenceCompareTo(entry.Name) >= 0)
                throw Invalid(node, "names do not ascend from shard to shard");
            isFirst = false;
            weight += entry.Weight;
            ReadEntry(node, entry, directory);
        }
        if (!isTop || !ShardCutter.FitsOneLeaf(reader.Count, weight)) CheckCut(node, bytes, isLast);
        directory.Weight += weight;
        directory.Entries += reader.Count;
        if (!isTop && isLast && directory.IsWhole && ShardCutter.FitsOneLeaf(directory.Entries, directory.Weight)) throw Invalid(node, "a directory that fits one leaf is split");
    }

    /// <summary>A shard ends at the first entry after which the cutter ends it; the last may end earlier.</summary>
    private static void CheckCut(Cid node, ReadOnlySpan<byte> bytes, bool isLast)
    {
        var reader = new DirectoryLeafReader(bytes);
        var cutter = new ShardCutter(level: 0);
        var ended = false;
        while (reader.Next())
        {
            if (ended) throw Invalid(node, "the shard goes on where it has to end");
            ended = cutter.Add(reader.Current.Name, reader.Current.Weight);
        }
        if (!ended && !isLast) throw Invalid(node, "the shard ends where it has to go on");
    }

    private void ReadEntry(Cid node, in DirectoryEntry entry, DirectoryInProgress directory)
    {
        if (directory.RowsLeft < 1 + entry.Descendants) throw Invalid(node, "it has more rows than its directory declares");
        _pathLength += entry.Name.Length + 1;
        if (_pathLength > Limits.PathLength + 1) throw Invalid(node, $"a path is longer than {Limits.PathLength} bytes");
        _metadata += entry.Weight - ShardCutter.FixedWeight;
        if (_metadata > Limits.MetadataPerTree) throw Invalid(node, $"names, targets and attributes take more than {Limits.MetadataPerTree} bytes");
        directory.RowsLeft -= 1 + entry.Descendants;
        var row = _rows.Add(entry, directory.Row);
        directory.LastChild = row;
        if (entry.Kind == EntryKind.Directory)
        {
            var bytes = ReadDirectory(row, entry.Content, entry.Descendants);
            if (_missing.Count == 0 && bytes != entry.Size) throw Invalid(entry.Content, $"its files have {bytes} bytes, not {entry.Size}");
            directory.Add(entry.Size, entry.Content);
        }
        else if (entry.LinkGroup == 0 || JoinGroup(node, row, entry.LinkGroup))
        {
            directory.Add(entry.Size, node);
        }
        _pathLength -= entry.Name.Length + 1;
    }

    /// <returns>True for the first entry of the group.</returns>
    private bool JoinGroup(Cid node, int row, int group)
    {
        // While nodes are missing the numbers have gaps, and the tree is not built anyway.
        if (_missing.Count > 0) return false;
        if (group == _leaders.Count + 1)
        {
            _leaders.Add(row);
            return true;
        }
        if (group > _leaders.Count) throw Invalid(node, $"hard-link group {group} is not numbered in order");
        if (!_rows.TryLink(row, _leaders[group - 1])) throw Invalid(node, $"the entries of hard-link group {group} differ in more than their names");
        return false;
    }

    private static InvalidTreeException Invalid(Cid node, string reason) => new($"The tree is malformed at node {node}: {reason}.");

    /// <summary>What is known of the directory that is being read.</summary>
    private sealed class DirectoryInProgress
    {
        public required int Row { get; init; }
        public required int RowsLeft { get; set; }
        public int ShardRows { get; set; }
        public int LastChild { get; set; }
        public int Entries { get; set; }
        public long Weight { get; set; }
        public long Bytes { get; private set; }

        /// <summary>No shard of it was missing.</summary>
        public bool IsWhole { get; private set; } = true;

        public void Add(long size, Cid node) =>
            Bytes = size <= long.MaxValue - Bytes ? Bytes + size : throw Invalid(node, "the sizes exceed 2^63");

        public void SkipRest(int level)
        {
            IsWhole = false;
            RowsLeft -= level < 0 ? RowsLeft : ShardRows;
        }
    }
}
