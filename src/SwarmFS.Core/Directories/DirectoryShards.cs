using System.Buffers;

namespace SwarmFS.Core;

/// <summary>One finished node of a directory, as the level above lists it.</summary>
/// <param name="FirstName">Of the first entry at or below it; empty in an empty directory.</param>
/// <param name="Rows">Entries in it plus all rows below them.</param>
internal sealed record FinishedShard(byte[] FirstName, Cid Node, int Rows);

/// <summary>
/// Sorted entries become the nodes of one directory, as a stream: leaves are put as they end, and so are the index nodes above them. Where they end is <see cref="ShardCutter"/>'s word.
/// Memory is one node a level. A level above is begun when a level has its second node, so nothing is put that the directory does not need.
/// Used for one directory after the other; not thread-safe.
/// </summary>
internal sealed class DirectoryShards(IBlockStore store)
{
    private readonly Level[] _levels = [.. Enumerable.Range(0, 1 + Limits.IndexLevels).Select(number => new Level(number))];
    private readonly ArrayBufferWriter<byte> _node = new();
    private bool _isSplit;

    /// <param name="isSplit">False when all entries are one leaf (<see cref="ShardCutter.FitsOneLeaf"/>).</param>
    public void Begin(bool isSplit)
    {
        _isSplit = isSplit;
        foreach (var level in _levels) level.Begin();
    }

    /// <summary>The caller adds entries ascending by the bytes of their names.</summary>
    /// <exception cref="StoreFullException">The store has no space for a node.</exception>
    /// <exception cref="InvalidTreeException">The names need too many levels.</exception>
    public void Add(in DirectoryEntry entry)
    {
        var leaf = _levels[0];
        if (leaf.Items == 0) (leaf.FirstName, leaf.BaseMtime) = (entry.Name.ToArray(), entry.MtimeSeconds);
        DirectoryLeafWriter.WriteEntry(new MessagePackWriter(leaf.Body), entry, leaf.BaseMtime);
        leaf.Items++;
        leaf.Rows += 1 + entry.Descendants;
        if (_isSplit && leaf.Cutter.Add(entry.Name, entry.Weight)) End(leaf);
    }

    /// <summary>True when a whole node of this level may come next (0: a leaf): no node of its level or below is begun.</summary>
    public bool IsAtBoundary(int level)
    {
        for (var below = 0; below < level; below++)
            if (_levels[below] is not { Items: 0, Single: null }) return false;
        return _levels[level].Items == 0;
    }

    /// <summary>Adds a node that was made before, with all that is below it. It must have ended by the cutter's word and not because nothing followed.</summary>
    public void AddNode(int level, FinishedShard node)
    {
        for (var below = 0; below < level; below++) _levels[below].IsListed = true;
        Complete(_levels[level], node);
    }

    /// <returns>The top node. After <see cref="AddNode"/> it may be an index of a single child, which is no directory's top.</returns>
    public FinishedShard Finish()
    {
        if (_levels[0] is { Items: 0, IsListed: false, Single: null }) return Put(_levels[0]);
        foreach (var level in _levels)
        {
            if (level.Items > 0) End(level);
            if (level.Single is { } top) return top;
        }
        throw new InvalidOperationException("The directory has no top node.");
    }

    private void End(Level level)
    {
        var node = Put(level);
        level.EndNode();
        Complete(level, node);
    }

    private void Complete(Level level, FinishedShard node)
    {
        if (!level.IsListed && level.Single is null)
        {
            level.Single = node;
            return;
        }
        if (level.Single is { } first)
        {
            (level.Single, level.IsListed) = (null, true);
            List(level.Number + 1, first);
        }
        List(level.Number + 1, node);
    }

    private void List(int number, FinishedShard child)
    {
        if (number > Limits.IndexLevels) throw new InvalidTreeException($"A directory needs more than {Limits.IndexLevels} levels of index nodes: its names are made to defeat the index.");
        var level = _levels[number];
        if (level.Items == 0) level.FirstName = child.FirstName;
        DirectoryIndexWriter.WriteShard(new MessagePackWriter(level.Body), new DirectoryShard { FirstName = child.FirstName, Node = child.Node, Rows = child.Rows });
        level.Items++;
        level.Rows += child.Rows;
        if (level.Cutter.Add(child.FirstName, ShardCutter.FixedWeight + child.FirstName.Length)) End(level);
    }

    private FinishedShard Put(Level level)
    {
        _node.ResetWrittenCount();
        var writer = new MessagePackWriter(_node);
        if (level.Number == 0) DirectoryLeafWriter.WriteHeader(writer, level.BaseMtime, level.Items);
        else DirectoryIndexWriter.WriteHeader(writer, level.Number, level.Items);
        _node.Write(level.Body.WrittenSpan);
        return new FinishedShard(level.FirstName, BlockPut.Node(store, _node.WrittenSpan), level.Rows);
    }

    /// <summary>
    /// One level while it is written: the node that is begun, and what became of those before it.
    /// <code>
    /// nothing yet -> [a node ends] -> Single -> [a second ends] -> IsListed: the level above lists its nodes
    /// </code>
    /// </summary>
    private sealed class Level(int number)
    {
        public int Number { get; } = number;
        public ArrayBufferWriter<byte> Body { get; } = new();
        public ShardCutter Cutter;
        public byte[] FirstName { get; set; } = [];
        public long BaseMtime { get; set; }
        public int Items { get; set; }
        public int Rows { get; set; }
        public FinishedShard? Single { get; set; }
        public bool IsListed { get; set; }

        public void Begin()
        {
            (Single, IsListed) = (null, false);
            EndNode();
        }

        public void EndNode()
        {
            Body.ResetWrittenCount();
            Cutter = new ShardCutter(Number);
            (FirstName, BaseMtime, Items, Rows) = ([], 0, 0, 0);
        }
    }
}
