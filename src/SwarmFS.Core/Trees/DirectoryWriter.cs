using System.Buffers;

namespace SwarmFS.Core;

/// <summary>Turns finished directories into nodes, depth first; the link groups get their numbers on the way, so the canonical order is the order of this walk.</summary>
internal sealed class DirectoryWriter(IBlockStore store)
{
    private readonly ArrayBufferWriter<byte> _buffer = new();
    private int _linkGroups;
    private int _depth;

    public Cid PutNode(Action<MessagePackWriter> write)
    {
        _buffer.ResetWrittenCount();
        write(new MessagePackWriter(_buffer));
        return BlockPut.Node(store, _buffer.WrittenSpan);
    }

    /// <summary>Writes the directory and everything below it, and sets its content, size and descendants.</summary>
    /// <returns>Bytes of the files below it, a link group counted at its first entry.</returns>
    public long WriteDirectory(TreeBuilderNode directory)
    {
        if (++_depth > Limits.TreeDepth)
            throw new InvalidTreeException($"The directory '{TreePath.Show(directory.Name)}' lies deeper than {Limits.TreeDepth} levels.");
        TreeBuilderNode[] entries = [.. directory.Children!.Values];
        Array.Sort(entries, (a, b) => a.Name.AsSpan().SequenceCompareTo(b.Name));
        long bytes = 0;
        var descendants = entries.Length;
        foreach (var entry in entries)
        {
            if (entry.Kind == EntryKind.Directory) bytes += WriteDirectory(entry);
            else if (IsFirstOfItsGroup(entry)) bytes += (entry.LinkOf ?? entry).Size;
            descendants += entry.Descendants;
        }
        directory.Size = bytes;
        directory.Descendants = descendants;
        directory.Content = WriteShards(entries);
        directory.Children = null;
        _depth--;
        return bytes;
    }

    private bool IsFirstOfItsGroup(TreeBuilderNode entry)
    {
        var leader = entry.LinkOf ?? entry;
        if (!leader.IsLinked) return true;
        if (leader.LinkGroup != 0) return false;
        leader.LinkGroup = ++_linkGroups;
        return true;
    }

    private Cid WriteShards(TreeBuilderNode[] entries)
    {
        long weight = 0;
        foreach (var entry in entries) weight += entry.ToEntry().Weight;
        if (ShardCutter.FitsOneLeaf(entries.Length, weight)) return WriteLeaf(entries).Node;

        var shards = new List<Shard>();
        var cutter = new ShardCutter(level: 0);
        var start = 0;
        for (var i = 0; i < entries.Length; i++)
        {
            if (!cutter.Add(entries[i].Name, entries[i].ToEntry().Weight) && i < entries.Length - 1) continue;
            shards.Add(WriteLeaf(entries.AsSpan(start..(i + 1))));
            (start, cutter) = (i + 1, new ShardCutter(level: 0));
        }
        for (var level = 1; shards.Count > 1; level++) shards = WriteLevel(level, shards);
        return shards[0].Node;
    }

    private List<Shard> WriteLevel(int level, List<Shard> children)
    {
        if (level > Limits.IndexLevels) throw new InvalidTreeException($"A directory needs more than {Limits.IndexLevels} levels of index nodes: its names are made to defeat the index.");
        var parents = new List<Shard>();
        var cutter = new ShardCutter(level);
        var start = 0;
        for (var i = 0; i < children.Count; i++)
        {
            if (!cutter.Add(children[i].FirstName, ShardCutter.FixedWeight + children[i].FirstName.Length) && i < children.Count - 1) continue;
            parents.Add(WriteIndex(level, children[start..(i + 1)]));
            (start, cutter) = (i + 1, new ShardCutter(level));
        }
        return parents;
    }

    private Shard WriteLeaf(ReadOnlySpan<TreeBuilderNode> entries)
    {
        _buffer.ResetWrittenCount();
        var writer = new MessagePackWriter(_buffer);
        var baseMtime = entries.IsEmpty ? 0 : entries[0].ToEntry().MtimeSeconds;
        DirectoryLeafWriter.WriteHeader(writer, baseMtime, entries.Length);
        var rows = entries.Length;
        foreach (var entry in entries)
        {
            DirectoryLeafWriter.WriteEntry(writer, entry.ToEntry(), baseMtime);
            rows += entry.Descendants;
        }
        return new Shard(entries.IsEmpty ? [] : entries[0].Name, BlockPut.Node(store, _buffer.WrittenSpan), rows);
    }

    private Shard WriteIndex(int level, List<Shard> children)
    {
        _buffer.ResetWrittenCount();
        var writer = new MessagePackWriter(_buffer);
        DirectoryIndexWriter.WriteHeader(writer, level, children.Count);
        var rows = 0;
        foreach (var child in children)
        {
            DirectoryIndexWriter.WriteShard(writer, new DirectoryShard { FirstName = child.FirstName, Node = child.Node, Rows = child.Rows });
            rows += child.Rows;
        }
        return new Shard(children[0].FirstName, BlockPut.Node(store, _buffer.WrittenSpan), rows);
    }

    private readonly record struct Shard(byte[] FirstName, Cid Node, int Rows);
}
