using System.Diagnostics.CodeAnalysis;

namespace SwarmFS.Core;

/// <summary>Reads the <c>leaf</c> of the grammar in <see cref="NodeKind"/>, entry by entry, without a heap object unless an entry has extended attributes.</summary>
internal ref struct DirectoryLeafReader
{
    private MessagePackReader _reader;
    private readonly long _baseMtime;
    private DirectoryEntry _current;
    private int _left;

    /// <exception cref="MessagePackFormatException">Not a directory leaf.</exception>
    public DirectoryLeafReader(ReadOnlySpan<byte> node)
    {
        _reader = new MessagePackReader(node);
        NodeHeader.Expect(ref _reader, NodeKind.DirectoryLeaf, keys: 3);
        NodeHeader.ExpectKey(ref _reader, NodeKey.LeafBaseMtime);
        _baseMtime = _reader.ReadInt64();
        NodeHeader.ExpectKey(ref _reader, NodeKey.LeafEntries);
        Count = _left = _reader.ReadArrayHeader(Limits.LinksPerNode);
        if (Count == 0 && _baseMtime != 0) throw _reader.Refuse("an empty directory has a base mtime");
    }

    public int Count { get; }

    /// <summary>The entry that <see cref="Next"/> read.</summary>
    [UnscopedRef]
    public readonly ref readonly DirectoryEntry Current => ref _current;

    /// <exception cref="MessagePackFormatException">The next entry, or what follows the last, is malformed.</exception>
    public bool Next()
    {
        if (_left == 0)
        {
            _reader.End();
            return false;
        }
        var isFirst = _left-- == Count;
        var previousName = _current.Name;
        ReadEntry(ref _current);
        if (!isFirst && previousName.SequenceCompareTo(_current.Name) >= 0) throw _reader.Refuse("the names are not in ascending order");
        if (isFirst && _current.MtimeSeconds != _baseMtime) throw _reader.Refuse("the base mtime is not that of the first entry");
        return true;
    }

    private void ReadEntry(ref DirectoryEntry entry)
    {
        entry = new DirectoryEntry { Xattrs = [], MtimeSeconds = _baseMtime };
        var map = _reader.ReadMapHeader(15);
        if (!map.Next(ref _reader, out var key) || key != NodeKey.Name) throw _reader.Refuse("an entry begins with its name");
        entry.Name = _reader.ReadBinary(Limits.NameLength);
        if (!EntryName.IsValid(entry.Name)) throw _reader.Refuse("an entry's name is empty, '.', '..' or holds '/' or NUL");
        var more = map.Next(ref _reader, out key);
        if (more && key == NodeKey.EntryKind)
        {
            entry.Kind = (EntryKind)AttributeCodec.ReadNonZero(ref _reader, (ulong)EntryKind.Symlink);
            more = map.Next(ref _reader, out key);
        }
        entry.Permissions = DirectoryEntry.DefaultPermissions(entry.Kind);
        for (; more; more = map.Next(ref _reader, out key))
        {
            if (!AttributeCodec.TryRead(ref _reader, key, ref entry, _baseMtime)) ReadContentField(key, ref entry);
        }
        CheckComplete(entry);
    }

    private void ReadContentField(int key, ref DirectoryEntry entry)
    {
        switch (key, entry.Kind)
        {
            case (NodeKey.Size, EntryKind.File or EntryKind.Directory):
                entry.Size = (long)AttributeCodec.ReadNonZero(ref _reader, long.MaxValue);
                break;
            case (NodeKey.Block, EntryKind.File):
                entry.Content = new Cid(CidCodec.Raw, _reader.ReadDigest());
                break;
            case (NodeKey.Node, EntryKind.File or EntryKind.Directory) when entry.Content.IsNone:
                entry.Content = new Cid(CidCodec.MessagePack, _reader.ReadDigest());
                break;
            case (NodeKey.Target, EntryKind.Symlink):
                entry.Target = _reader.ReadBinary(Limits.SymlinkTargetLength);
                break;
            case (NodeKey.Descendants, EntryKind.Directory):
                entry.Descendants = (int)AttributeCodec.ReadNonZero(ref _reader, Limits.EntriesPerTree);
                break;
            case (NodeKey.LinkGroup, EntryKind.File or EntryKind.Symlink):
                entry.LinkGroup = (int)AttributeCodec.ReadNonZero(ref _reader, Limits.EntriesPerTree);
                break;
            default:
                throw _reader.Refuse($"key {key} does not belong to an entry of kind {(int)entry.Kind}");
        }
    }

    private readonly void CheckComplete(in DirectoryEntry entry)
    {
        if (entry.Kind == EntryKind.Symlink)
        {
            if (entry.Target.IsEmpty || entry.Target.Contains((byte)0)) throw _reader.Refuse("a symlink has no target, or a NUL in it");
            return;
        }
        if (entry.Content.IsNone) throw _reader.Refuse("an entry has no content");
        if (entry.Content.Codec == CidCodec.Raw && entry.Size > Block.MaxLength) throw _reader.Refuse($"one block cannot hold {entry.Size} bytes");
        if (entry.Kind == EntryKind.File && entry.Content.Codec == CidCodec.MessagePack && entry.Size < 2) throw _reader.Refuse("a file of less than two bytes has a node");
    }
}

/// <summary>Writes the <c>leaf</c> of the grammar in <see cref="NodeKind"/>.</summary>
internal static class DirectoryLeafWriter
{
    public static void WriteHeader(MessagePackWriter writer, long baseMtime, int count)
    {
        writer.WriteMapHeader(3);
        AttributeCodec.WriteNumber(writer, NodeKey.Kind, (ulong)NodeKind.DirectoryLeaf);
        writer.WriteKey(NodeKey.LeafBaseMtime);
        writer.WriteInt64(baseMtime);
        writer.WriteKey(NodeKey.LeafEntries);
        writer.WriteArrayHeader(count);
    }

    public static void WriteEntry(MessagePackWriter writer, in DirectoryEntry entry, long baseMtime)
    {
        var keys = 1 + AttributeCodec.CountKeys(entry, baseMtime);
        if (entry.Kind != EntryKind.File) keys++;
        if (entry.Size != 0) keys++;
        if (!entry.Content.IsNone) keys++;
        if (entry.Kind == EntryKind.Symlink) keys++;
        if (entry.Descendants != 0) keys++;
        if (entry.LinkGroup != 0) keys++;

        writer.WriteMapHeader(keys);
        writer.WriteKey(NodeKey.Name);
        writer.WriteBinary(entry.Name);
        if (entry.Kind != EntryKind.File) AttributeCodec.WriteNumber(writer, NodeKey.EntryKind, (ulong)entry.Kind);
        AttributeCodec.Write(writer, entry, baseMtime);
        if (entry.Size != 0) AttributeCodec.WriteNumber(writer, NodeKey.Size, (ulong)entry.Size);
        if (!entry.Content.IsNone)
        {
            writer.WriteKey(entry.Content.Codec == CidCodec.Raw ? NodeKey.Block : NodeKey.Node);
            writer.WriteDigest(entry.Content.Digest);
        }
        if (entry.Kind == EntryKind.Symlink)
        {
            writer.WriteKey(NodeKey.Target);
            writer.WriteBinary(entry.Target);
        }
        if (entry.Descendants != 0) AttributeCodec.WriteNumber(writer, NodeKey.Descendants, (ulong)entry.Descendants);
        if (entry.LinkGroup != 0) AttributeCodec.WriteNumber(writer, NodeKey.LinkGroup, (ulong)entry.LinkGroup);
    }
}
