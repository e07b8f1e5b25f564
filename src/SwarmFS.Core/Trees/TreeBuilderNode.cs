namespace SwarmFS.Core;

/// <summary>An entry under construction.</summary>
internal sealed class TreeBuilderNode(byte[] name, EntryKind kind)
{
    /// <summary>For directories that nobody has added: 0755, owned by root, mtime 0.</summary>
    public static readonly EntryAttributes ImplicitAttributes = new(0b111_101_101, 0, 0, 0, 0, 0, []);

    public byte[] Name { get; } = name;

    public EntryKind Kind { get; } = kind;

    /// <summary>Null for a directory that is known only as somebody's parent.</summary>
    public EntryAttributes? Attributes { get; set; }

    public Xattr[] Xattrs { get; set; } = [];

    public long Size { get; set; }

    public Cid Content { get; set; }

    public byte[] Target { get; init; } = [];

    /// <summary>The first-added entry of its hard-link group, or null.</summary>
    public TreeBuilderNode? LinkOf { get; set; }

    /// <summary>On the first-added entry of a group: true once it has another link.</summary>
    public bool IsLinked { get; set; }

    /// <summary>On the first-added entry of a group, while finishing: the group's number.</summary>
    public int LinkGroup { get; set; }

    public int Descendants { get; set; }

    /// <summary>A directory whose nodes were made before: content, size and descendants are known.</summary>
    public bool IsGrafted { get; init; }

    /// <summary>Of a directory that is not grafted.</summary>
    public Dictionary<byte[], TreeBuilderNode>? Children { get; set; }

    public DirectoryEntry ToEntry()
    {
        var source = LinkOf ?? this;
        var attributes = source.Attributes ?? ImplicitAttributes;
        return new DirectoryEntry
        {
            Name = Name,
            Kind = Kind,
            Permissions = attributes.Permissions,
            SpecialBits = attributes.SpecialBits,
            Uid = attributes.Uid,
            Gid = attributes.Gid,
            MtimeSeconds = attributes.MtimeSeconds,
            MtimeNanoseconds = attributes.MtimeNanoseconds,
            Xattrs = source.Xattrs,
            Size = source.Size,
            Content = source.Content,
            Target = source.Target,
            Descendants = Descendants,
            LinkGroup = source.LinkGroup,
        };
    }
}

/// <summary>Compares names by their bytes and lets a dictionary be asked with a span.</summary>
internal sealed class NameComparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
{
    public static readonly NameComparer Instance = new();

    public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

    public int GetHashCode(byte[] obj) => GetHashCode(obj.AsSpan());

    public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

    public int GetHashCode(ReadOnlySpan<byte> alternate)
    {
        var hash = new HashCode();
        hash.AddBytes(alternate);
        return hash.ToHashCode();
    }

    public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
}
