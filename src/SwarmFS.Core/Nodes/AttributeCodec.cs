namespace SwarmFS.Core;

/// <summary>The <c>attributes</c> of the grammar in <see cref="NodeKind"/>: shared by entries and by the tree node, which has them for the root directory.</summary>
internal static class AttributeCodec
{
    /// <summary>How many keys <see cref="Write"/> will write.</summary>
    public static int CountKeys(in DirectoryEntry entry, long baseMtime)
    {
        var count = 0;
        if (entry.Permissions != DirectoryEntry.DefaultPermissions(entry.Kind)) count++;
        if (entry.SpecialBits != 0) count++;
        if (entry.Uid != 0) count++;
        if (entry.Gid != 0) count++;
        if (entry.MtimeSeconds != baseMtime) count++;
        if (entry.MtimeNanoseconds != 0) count++;
        if (entry.Xattrs.Length != 0) count++;
        return count;
    }

    public static void Write(MessagePackWriter writer, in DirectoryEntry entry, long baseMtime)
    {
        if (entry.Permissions != DirectoryEntry.DefaultPermissions(entry.Kind)) WriteNumber(writer, NodeKey.Permissions, entry.Permissions);
        if (entry.SpecialBits != 0) WriteNumber(writer, NodeKey.SpecialBits, entry.SpecialBits);
        if (entry.Uid != 0) WriteNumber(writer, NodeKey.Uid, entry.Uid);
        if (entry.Gid != 0) WriteNumber(writer, NodeKey.Gid, entry.Gid);
        if (entry.MtimeSeconds != baseMtime)
        {
            writer.WriteKey(NodeKey.MtimeSeconds);
            writer.WriteInt64(unchecked(entry.MtimeSeconds - baseMtime));
        }
        if (entry.MtimeNanoseconds != 0) WriteNumber(writer, NodeKey.MtimeNanoseconds, (ulong)entry.MtimeNanoseconds);
        if (entry.Xattrs.Length == 0) return;
        writer.WriteKey(NodeKey.Xattrs);
        writer.WriteArrayHeader(2 * entry.Xattrs.Length);
        foreach (var xattr in entry.Xattrs)
        {
            writer.WriteBinary(xattr.Name.Span);
            writer.WriteBinary(xattr.Value.Span);
        }
    }

    /// <summary>Takes the value of one key into the entry; false when the key is not an attribute's.</summary>
    public static bool TryRead(ref MessagePackReader reader, int key, ref DirectoryEntry entry, long baseMtime)
    {
        switch (key)
        {
            case NodeKey.Permissions:
                entry.Permissions = (ushort)reader.ReadUInt64(0b111_111_111);
                if (entry.Permissions == DirectoryEntry.DefaultPermissions(entry.Kind)) throw reader.Refuse("the permissions are the default and written out");
                return true;
            case NodeKey.SpecialBits:
                entry.SpecialBits = (byte)ReadNonZero(ref reader, 7);
                return true;
            case NodeKey.Uid:
                entry.Uid = (uint)ReadNonZero(ref reader, uint.MaxValue);
                return true;
            case NodeKey.Gid:
                entry.Gid = (uint)ReadNonZero(ref reader, uint.MaxValue);
                return true;
            case NodeKey.MtimeSeconds:
                var difference = reader.ReadInt64();
                if (difference == 0) throw reader.Refuse("the mtime is the base and written out");
                entry.MtimeSeconds = unchecked(baseMtime + difference);
                return true;
            case NodeKey.MtimeNanoseconds:
                entry.MtimeNanoseconds = (int)ReadNonZero(ref reader, 999_999_999);
                return true;
            case NodeKey.Xattrs:
                entry.Xattrs = ReadXattrs(ref reader);
                return true;
            default:
                return false;
        }
    }

    /// <summary>A number whose default, zero, is expressed by absence.</summary>
    public static ulong ReadNonZero(ref MessagePackReader reader, ulong max)
    {
        var value = reader.ReadUInt64(max);
        return value != 0 ? value : throw reader.Refuse("the number is the default, zero, and written out");
    }

    public static void WriteNumber(MessagePackWriter writer, int key, ulong value)
    {
        writer.WriteKey(key);
        writer.WriteUInt64(value);
    }

    private static Xattr[] ReadXattrs(ref MessagePackReader reader)
    {
        var items = reader.ReadArrayHeader(2 * Limits.XattrsPerEntry);
        if (items == 0 || items % 2 != 0) throw reader.Refuse("extended attributes come as one or more pairs of name and value");
        var xattrs = new Xattr[items / 2];
        ReadOnlySpan<byte> previous = [];
        for (var i = 0; i < xattrs.Length; i++)
        {
            var name = reader.ReadBinary(Limits.XattrNameLength);
            if (name.IsEmpty || name.Contains((byte)0)) throw reader.Refuse("an extended attribute's name is empty or holds a NUL");
            if (i > 0 && previous.SequenceCompareTo(name) >= 0) throw reader.Refuse("the extended attributes are not in ascending order");
            previous = name;
            xattrs[i] = new Xattr(name.ToArray(), reader.ReadBinary(Limits.XattrValueLength).ToArray());
        }
        return xattrs;
    }
}
