namespace SwarmFS.Core;

/// <summary>
/// A view of the <c>file</c> of the grammar in <see cref="NodeKind"/>. Children fill nodes in order: all nodes of a level but the last have
/// <see cref="Limits.LinksPerNode"/> links, so a file has one tree.
/// </summary>
internal readonly ref struct FileNode
{
    private readonly ReadOnlySpan<byte> _digests;

    /// <exception cref="MessagePackFormatException">Not a file node, or sizes that do not add up.</exception>
    public FileNode(ReadOnlySpan<byte> node)
    {
        var reader = new MessagePackReader(node);
        NodeHeader.Expect(ref reader, NodeKind.File, keys: 5);
        NodeHeader.ExpectKey(ref reader, NodeKey.FileLevel);
        Level = reader.ReadInt32(Limits.IndexLevels);
        NodeHeader.ExpectKey(ref reader, NodeKey.FileSize);
        Size = (long)reader.ReadUInt64(long.MaxValue);
        NodeHeader.ExpectKey(ref reader, NodeKey.FileDigests);
        _digests = reader.ReadBinary(Limits.LinksPerNode * Sha256Digest.Length);
        Count = _digests.Length / Sha256Digest.Length;
        if (Count == 0 || _digests.Length % Sha256Digest.Length != 0) throw reader.Refuse("a file node's digests are one or more of 32 bytes each");
        NodeHeader.ExpectKey(ref reader, NodeKey.FileSizes);
        reader.ReadArrayHeaderExactly(Count);
        Sizes = new long[Count];
        long sum = 0;
        foreach (ref var size in Sizes.AsSpan())
        {
            size = (long)AttributeCodec.ReadNonZero(ref reader, Level == 0 ? Block.MaxLength : (ulong)long.MaxValue);
            if (size > Size - sum) throw reader.Refuse($"the links' sizes exceed the node's {Size} bytes");
            sum += size;
        }
        if (sum != Size) throw reader.Refuse($"the links' sizes add up to {sum}, not to the node's {Size}");
        reader.End();
    }

    /// <summary>0: the links are raw chunks; otherwise file nodes of one level less.</summary>
    public int Level { get; }

    public long Size { get; }

    public int Count { get; }

    /// <summary>Bytes of the file below each link.</summary>
    public long[] Sizes { get; }

    public Sha256Digest Digest(int link) => new(_digests.Slice(link * Sha256Digest.Length, Sha256Digest.Length));

    public Cid Link(int link) => new(Level == 0 ? CidCodec.Raw : CidCodec.MessagePack, Digest(link));

    public static void Write(MessagePackWriter writer, int level, ReadOnlySpan<Sha256Digest> digests, ReadOnlySpan<long> sizes)
    {
        long total = 0;
        foreach (var size in sizes) total += size;
        writer.WriteMapHeader(5);
        AttributeCodec.WriteNumber(writer, NodeKey.Kind, (ulong)NodeKind.File);
        AttributeCodec.WriteNumber(writer, NodeKey.FileLevel, (ulong)level);
        AttributeCodec.WriteNumber(writer, NodeKey.FileSize, (ulong)total);
        writer.WriteKey(NodeKey.FileDigests);
        var bytes = new byte[digests.Length * Sha256Digest.Length];
        for (var i = 0; i < digests.Length; i++) digests[i].CopyTo(bytes.AsSpan(i * Sha256Digest.Length));
        writer.WriteBinary(bytes);
        writer.WriteKey(NodeKey.FileSizes);
        writer.WriteArrayHeader(sizes.Length);
        foreach (var size in sizes) writer.WriteUInt64((ulong)size);
    }
}
