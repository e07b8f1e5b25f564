namespace SwarmFS.Core;

/// <summary>The <c>tree</c> of the grammar in <see cref="NodeKind"/>: the root of a package.</summary>
/// <param name="Directory">The node of the root directory.</param>
/// <param name="Rows">Entries of the tree, the root directory included.</param>
/// <param name="Bytes">Sum of the sizes of its files, a hard-link group counted once.</param>
internal sealed record TreeNode(EntryAttributes Attributes, Cid Directory, int Rows, long Bytes)
{
    public const int Version = 1;

    public void Write(MessagePackWriter writer)
    {
        var root = AsEntry();
        writer.WriteMapHeader(6);
        AttributeCodec.WriteNumber(writer, NodeKey.Kind, (ulong)NodeKind.Tree);
        AttributeCodec.WriteNumber(writer, NodeKey.TreeVersion, Version);
        writer.WriteKey(NodeKey.TreeAttributes);
        writer.WriteMapHeader(AttributeCodec.CountKeys(root, baseMtime: 0));
        AttributeCodec.Write(writer, root, baseMtime: 0);
        writer.WriteKey(NodeKey.TreeDirectory);
        writer.WriteDigest(Directory.Digest);
        AttributeCodec.WriteNumber(writer, NodeKey.TreeRows, (ulong)Rows);
        AttributeCodec.WriteNumber(writer, NodeKey.TreeBytes, (ulong)Bytes);
    }

    /// <exception cref="MessagePackFormatException">Not a tree node of this version.</exception>
    public static TreeNode Read(ReadOnlySpan<byte> node)
    {
        var reader = new MessagePackReader(node);
        NodeHeader.Expect(ref reader, NodeKind.Tree, keys: 6);
        NodeHeader.ExpectKey(ref reader, NodeKey.TreeVersion);
        if (reader.ReadInt32() is var version && version != Version) throw reader.Refuse($"tree version {version} is not supported; {Version} is");
        NodeHeader.ExpectKey(ref reader, NodeKey.TreeAttributes);
        var attributes = ReadAttributes(ref reader);
        NodeHeader.ExpectKey(ref reader, NodeKey.TreeDirectory);
        var directory = new Cid(CidCodec.MessagePack, reader.ReadDigest());
        NodeHeader.ExpectKey(ref reader, NodeKey.TreeRows);
        var rows = (int)AttributeCodec.ReadNonZero(ref reader, Limits.EntriesPerTree);
        NodeHeader.ExpectKey(ref reader, NodeKey.TreeBytes);
        var bytes = (long)reader.ReadUInt64(long.MaxValue);
        reader.End();
        return new TreeNode(attributes, directory, rows, bytes);
    }

    private static EntryAttributes ReadAttributes(ref MessagePackReader reader)
    {
        var root = new DirectoryEntry { Kind = EntryKind.Directory, Permissions = DirectoryEntry.DefaultPermissions(EntryKind.Directory), Xattrs = [] };
        var map = reader.ReadMapHeader(7);
        while (map.Next(ref reader, out var key))
        {
            if (!AttributeCodec.TryRead(ref reader, key, ref root, baseMtime: 0)) throw reader.Refuse($"key {key} is not an attribute's");
        }
        return new EntryAttributes(root.Permissions, root.SpecialBits, root.Uid, root.Gid, root.MtimeSeconds, root.MtimeNanoseconds, root.Xattrs);
    }

    private DirectoryEntry AsEntry() => new()
    {
        Kind = EntryKind.Directory,
        Permissions = Attributes.Permissions,
        SpecialBits = Attributes.SpecialBits,
        Uid = Attributes.Uid,
        Gid = Attributes.Gid,
        MtimeSeconds = Attributes.MtimeSeconds,
        MtimeNanoseconds = Attributes.MtimeNanoseconds,
        Xattrs = [.. Attributes.Xattrs],
    };
}
