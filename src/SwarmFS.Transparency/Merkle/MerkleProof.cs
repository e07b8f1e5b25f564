using System.Numerics;
using SwarmFS.Core;

namespace SwarmFS.Transparency;

/// <summary>
/// Checks of proofs (RFC 9162, sections 2.1.3.2 and 2.1.4.2). False is the answer to everything that is not the proof, whatever is wrong with it; a proof too long or too short included.
/// </summary>
public static class MerkleProof
{
    /// <summary>Hashes in the longest proof: one for each level of a tree of 2^63 entries.</summary>
    public const int MaxLength = 63;

    /// <summary>Does the entry with this hash stand at this index of the tree with this size and root?</summary>
    public static bool VerifyInclusion(long index, long size, in Sha256Digest leafHash, IReadOnlyList<Sha256Digest> proof, in Sha256Digest root)
    {
        if (index < 0 || index >= size || proof.Count > MaxLength) return false;
        var (node, last) = (index, size - 1);
        var hash = leafHash;
        foreach (var sibling in proof)
        {
            if (last == 0) return false;
            if (IsRight(node) || node == last)
            {
                hash = MerkleHash.OfNode(sibling, hash);
                SkipMissingSiblings(ref node, ref last);
            }
            else
            {
                hash = MerkleHash.OfNode(hash, sibling);
            }
            (node, last) = (node >> 1, last >> 1);
        }
        return last == 0 && hash == root;
    }

    /// <summary>Is the tree with the old size and root the beginning of the one with the new size and root? The empty tree is the beginning of any, without a proof.</summary>
    public static bool VerifyConsistency(long oldSize, long newSize, IReadOnlyList<Sha256Digest> proof, in Sha256Digest oldRoot, in Sha256Digest newRoot)
    {
        if (oldSize < 0 || oldSize > newSize || proof.Count > MaxLength) return false;
        if (newSize == 0 && newRoot != MerkleHash.EmptyRoot) return false;
        if (oldSize == newSize) return proof.Count == 0 && oldRoot == newRoot;
        if (oldSize == 0) return proof.Count == 0 && oldRoot == MerkleHash.EmptyRoot;
        // A subtree that is the whole old tree is not part of the proof: its hash is the old root.
        var isWhole = BitOperations.IsPow2(oldSize);
        if (proof.Count == 0) return false;
        var (node, last) = (oldSize - 1, newSize - 1);
        for (; IsRight(node); node >>= 1) last >>= 1;
        var (oldHash, newHash) = isWhole ? (oldRoot, oldRoot) : (proof[0], proof[0]);
        for (var i = isWhole ? 0 : 1; i < proof.Count; i++)
        {
            if (last == 0) return false;
            if (IsRight(node) || node == last)
            {
                oldHash = MerkleHash.OfNode(proof[i], oldHash);
                newHash = MerkleHash.OfNode(proof[i], newHash);
                SkipMissingSiblings(ref node, ref last);
            }
            else
            {
                newHash = MerkleHash.OfNode(newHash, proof[i]);
            }
            (node, last) = (node >> 1, last >> 1);
        }
        return last == 0 && oldHash == oldRoot && newHash == newRoot;
    }

    private static bool IsRight(long node) => (node & 1) == 1;

    /// <summary>A last node without a right sibling moves up unhashed, until it is a right child itself.</summary>
    private static void SkipMissingSiblings(ref long node, ref long last)
    {
        for (; !IsRight(node) && node != 0; node >>= 1) last >>= 1;
    }
}
