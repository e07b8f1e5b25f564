namespace SwarmFS.Core;

/// <summary>One child of a directory index: a leaf or a lower index.</summary>
internal ref struct DirectoryShard
{
    /// <summary>The name of the first entry at or below the child.</summary>
    public ReadOnlySpan<byte> FirstName;

    public Cid Node;

    /// <summary>Entries in the child plus all rows below them.</summary>
    public int Rows;
}

/// <summary>Reads the <c>index</c> of the grammar in <see cref="NodeKind"/>.</summary>
internal ref struct DirectoryIndexReader
{
    private MessagePackReader _reader;
    private ReadOnlySpan<byte> _previous;
    private int _left;

    /// <exception cref="MessagePackFormatException">Not a directory index.</exception>
    public DirectoryIndexReader(ReadOnlySpan<byte> node)
    {
        _reader = new MessagePackReader(node);
        NodeHeader.Expect(ref _reader, NodeKind.DirectoryIndex, keys: 3);
        NodeHeader.ExpectKey(ref _reader, NodeKey.IndexLevel);
        Level = (int)AttributeCodec.ReadNonZero(ref _reader, Limits.IndexLevels);
        NodeHeader.ExpectKey(ref _reader, NodeKey.IndexChildren);
        Count = _left = _reader.ReadArrayHeader(Limits.LinksPerNode);
        if (Count == 0) throw _reader.Refuse("a directory index has no children");
    }

    /// <summary>1: the children are leaves; otherwise indexes of one level less.</summary>
    public int Level { get; }

    public int Count { get; }

    /// <summary>The child that <see cref="Next"/> read.</summary>
    public DirectoryShard Current { get; private set; }

    /// <exception cref="MessagePackFormatException">The next child, or what follows the last, is malformed.</exception>
    public bool Next()
    {
        if (_left == 0)
        {
            _reader.End();
            return false;
        }
        _reader.ReadArrayHeaderExactly(3);
        var shard = default(DirectoryShard);
        shard.FirstName = _reader.ReadBinary(Limits.NameLength);
        if (!EntryName.IsValid(shard.FirstName)) throw _reader.Refuse("a shard's first name is empty, '.', '..' or holds '/' or NUL");
        if (_left < Count && _previous.SequenceCompareTo(shard.FirstName) >= 0) throw _reader.Refuse("the shards are not in ascending order");
        shard.Node = new Cid(CidCodec.MessagePack, _reader.ReadDigest());
        shard.Rows = (int)AttributeCodec.ReadNonZero(ref _reader, Limits.EntriesPerTree);
        _previous = shard.FirstName;
        _left--;
        Current = shard;
        return true;
    }
}

/// <summary>Writes the <c>index</c> of the grammar in <see cref="NodeKind"/>.</summary>
internal static class DirectoryIndexWriter
{
    public static void WriteHeader(MessagePackWriter writer, int level, int count)
    {
        writer.WriteMapHeader(3);
        AttributeCodec.WriteNumber(writer, NodeKey.Kind, (ulong)NodeKind.DirectoryIndex);
        AttributeCodec.WriteNumber(writer, NodeKey.IndexLevel, (ulong)level);
        writer.WriteKey(NodeKey.IndexChildren);
        writer.WriteArrayHeader(count);
    }

    public static void WriteShard(MessagePackWriter writer, in DirectoryShard shard)
    {
        writer.WriteArrayHeader(3);
        writer.WriteBinary(shard.FirstName);
        writer.WriteDigest(shard.Node.Digest);
        writer.WriteUInt64((ulong)shard.Rows);
    }
}
