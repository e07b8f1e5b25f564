using System.Buffers;

namespace SwarmFS.Core;

/// <summary>Turns finished directories into nodes, depth first; the link groups get their numbers on the way, so the canonical order is the order of this walk.</summary>
internal sealed class DirectoryWriter(IBlockStore store)
{
    private readonly ArrayBufferWriter<byte> _buffer = new();
    private readonly DirectoryShards _shards = new(store);
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
            if (entry.IsGrafted) bytes += entry.Size;
            else if (entry.Kind == EntryKind.Directory) bytes += WriteDirectory(entry);
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
        _shards.Begin(isSplit: !ShardCutter.FitsOneLeaf(entries.Length, weight));
        foreach (var entry in entries) _shards.Add(entry.ToEntry());
        return _shards.Finish().Node;
    }
}
