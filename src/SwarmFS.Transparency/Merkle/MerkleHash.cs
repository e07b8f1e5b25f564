using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using SwarmFS.Core;

namespace SwarmFS.Transparency;

/// <summary>The hashes of a transparency log's tree (RFC 6962, section 2.1): SHA-256, with one byte before leaves and another before nodes, so that neither passes for the other.</summary>
public static class MerkleHash
{
    private const byte LeafPrefix = 0;
    private const byte NodePrefix = 1;

    /// <summary>Root of the tree without entries: the hash of nothing.</summary>
    public static Sha256Digest EmptyRoot { get; } = Sha256Digest.Of([]);

    /// <summary>The hash under which an entry stands in the tree.</summary>
    public static Sha256Digest OfLeaf(ReadOnlySpan<byte> entry)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData([LeafPrefix]);
        hash.AppendData(entry);
        Span<byte> digest = stackalloc byte[Sha256Digest.Length];
        hash.GetHashAndReset(digest);
        return new Sha256Digest(digest);
    }

    /// <summary>The hash of a node over its two children; allocates nothing.</summary>
    [SkipLocalsInit]
    public static Sha256Digest OfNode(in Sha256Digest left, in Sha256Digest right)
    {
        Span<byte> bytes = stackalloc byte[1 + 2 * Sha256Digest.Length];
        bytes[0] = NodePrefix;
        left.CopyTo(bytes[1..]);
        right.CopyTo(bytes[(1 + Sha256Digest.Length)..]);
        return Sha256Digest.Of(bytes);
    }
}
