using SwarmFS.Core;

namespace SwarmFS.Swarm;

/// <summary>Who a peer is: the SHA-256 of its public key (SubjectPublicKeyInfo, DER). A re-issued certificate keeps it. Orders as its bytes do.</summary>
public readonly record struct NodeId(Sha256Digest Digest) : IComparable<NodeId>
{
    private const int ShortLength = 12;

    public bool IsNone => Digest == default;

    public int CompareTo(NodeId other) => Digest.CompareTo(other.Digest);

    public static bool operator <(NodeId left, NodeId right) => left.CompareTo(right) < 0;
    public static bool operator >(NodeId left, NodeId right) => left.CompareTo(right) > 0;
    public static bool operator <=(NodeId left, NodeId right) => left.CompareTo(right) <= 0;
    public static bool operator >=(NodeId left, NodeId right) => left.CompareTo(right) >= 0;

    /// <summary>64 lower-case hexadecimal digits.</summary>
    public override string ToString() => Digest.ToString();

    /// <summary>The first twelve digits: enough for logs and for people.</summary>
    public string ToShortString() => Digest.ToString()[..ShortLength];

    public static bool TryParse(ReadOnlySpan<char> text, out NodeId id)
    {
        var parsed = Sha256Digest.TryParseHex(text, out var digest);
        id = new NodeId(digest);
        return parsed;
    }
}
