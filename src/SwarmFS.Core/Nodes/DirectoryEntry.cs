namespace SwarmFS.Core;

/// <summary>One entry as a directory leaf holds it; the spans are views of the node's bytes.</summary>
internal ref struct DirectoryEntry
{
    public ReadOnlySpan<byte> Name;
    public EntryKind Kind;
    public ushort Permissions;
    public byte SpecialBits;
    public uint Uid;
    public uint Gid;
    public long MtimeSeconds;
    public int MtimeNanoseconds;
    public Xattr[] Xattrs;

    /// <summary>Bytes of a file, or of all files below a directory, each hard-link group counted at its first entry in canonical order; 0 for a symlink.</summary>
    public long Size;

    public Cid Content;
    public ReadOnlySpan<byte> Target;

    /// <summary>Rows below a directory.</summary>
    public int Descendants;

    /// <summary>0: no other link. Groups are numbered from 1 in the canonical order of their first entries.</summary>
    public int LinkGroup;

    /// <summary>The measure by which directories are split (see <see cref="ShardCutter"/>): about its encoded length.</summary>
    public readonly int Weight
    {
        get
        {
            var weight = ShardCutter.FixedWeight + Name.Length + Target.Length;
            foreach (var xattr in Xattrs) weight += xattr.Name.Length + xattr.Value.Length;
            return weight;
        }
    }

    public static ushort DefaultPermissions(EntryKind kind) => kind switch
    {
        EntryKind.Directory => 0b111_101_101,
        EntryKind.Symlink => 0b111_111_111,
        _ => 0b110_100_100,
    };
}
