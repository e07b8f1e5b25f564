using FsCheck;
using FsCheck.Fluent;
using SwarmFS.Core;

namespace SwarmFS.Transparency.Tests;

public class MerkleTests
{
    private const int Sizes = 70;

    // The tree of eight entries by which implementations of RFC 6962 compare themselves.
    private static readonly string[] KnownEntries = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

    private static readonly string[] KnownRoots =
    [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    private static MerkleTree KnownTree()
    {
        var tree = new MerkleTree();
        foreach (var entry in KnownEntries) tree.Append(Convert.FromHexString(entry));
        return tree;
    }

    private static byte[][] Entries(int count) => [.. Enumerable.Range(0, count).Select(i => new[] { (byte)i, (byte)(i >> 8) })];

    private static MerkleTree TreeOf(byte[][] entries)
    {
        var tree = new MerkleTree();
        foreach (var entry in entries) tree.Append(entry);
        return tree;
    }

    [Fact]
    public void Roots_of_the_known_tree_are_the_known_ones()
    {
        var tree = KnownTree();
        for (var size = 0; size < KnownRoots.Length; size++) tree.RootAt(size).ToString().ShouldBe(KnownRoots[size]);
        MerkleHash.EmptyRoot.ToString().ShouldBe(KnownRoots[0]);
    }

    [Fact]
    public void Proofs_of_the_known_tree_are_the_known_ones()
    {
        var tree = KnownTree();
        tree.ProveInclusion(0, 8).Select(hash => hash.ToString()).ShouldBe(
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ]);
        tree.ProveConsistency(6, 8).Select(hash => hash.ToString()).ShouldBe(
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ]);
    }

    [Fact]
    public void Roots_and_proofs_of_every_size_are_those_of_the_definition()
    {
        var entries = Entries(Sizes);
        var reference = new ReferenceTree(entries);
        var tree = TreeOf(entries);
        for (var size = 0; size <= Sizes; size++)
        {
            tree.RootAt(size).ShouldBe(reference.Root(size));
            for (var index = 0; index < size; index++) tree.ProveInclusion(index, size).ShouldBe(reference.Path(index, size));
            for (var old = 1; old <= size; old++) tree.ProveConsistency(old, size).ShouldBe(reference.Proof(old, size));
        }
    }

    [Fact]
    public void Every_proof_is_accepted_and_for_no_other_index_size_leaf_or_root()
    {
        var tree = TreeOf(Entries(Sizes));
        for (var size = 1; size <= Sizes; size++)
        {
            var root = tree.RootAt(size);
            for (var index = 0; index < size; index++)
            {
                var proof = tree.ProveInclusion(index, size);
                for (var claimed = 0; claimed <= size; claimed++)
                    MerkleProof.VerifyInclusion(claimed, size, tree.LeafHash(index), proof, root).ShouldBe(claimed == index);
                MerkleProof.VerifyInclusion(index, size, tree.LeafHash(index), proof, tree.RootAt(size - 1)).ShouldBeFalse();
                MerkleProof.VerifyInclusion(index, size, MerkleHash.OfLeaf("another"u8), proof, root).ShouldBeFalse();
                MerkleProof.VerifyInclusion(index, size, tree.LeafHash(index), [.. proof, root], root).ShouldBeFalse();
                if (proof.Length > 0) MerkleProof.VerifyInclusion(index, size, tree.LeafHash(index), proof[..^1], root).ShouldBeFalse();
            }
        }
    }

    [Fact]
    public void A_tree_is_shown_to_begin_another_and_no_other_tree_is()
    {
        var tree = TreeOf(Entries(Sizes));
        for (var newSize = 0; newSize <= Sizes; newSize++)
        {
            for (var oldSize = 0; oldSize <= newSize; oldSize++)
            {
                var (proof, oldRoot, newRoot) = (tree.ProveConsistency(oldSize, newSize), tree.RootAt(oldSize), tree.RootAt(newSize));
                MerkleProof.VerifyConsistency(oldSize, newSize, proof, oldRoot, newRoot).ShouldBeTrue($"{oldSize} to {newSize}");
                MerkleProof.VerifyConsistency(oldSize, newSize, proof, MerkleHash.OfLeaf("another"u8), newRoot).ShouldBeFalse();
                MerkleProof.VerifyConsistency(oldSize, newSize, [.. proof, newRoot], oldRoot, newRoot).ShouldBeFalse();
                if (oldSize > 0) MerkleProof.VerifyConsistency(oldSize, newSize, proof, oldRoot, MerkleHash.OfLeaf("another"u8)).ShouldBeFalse();
                if (proof.Length > 0) MerkleProof.VerifyConsistency(oldSize, newSize, proof[1..], oldRoot, newRoot).ShouldBeFalse();
                if (oldSize < newSize) MerkleProof.VerifyConsistency(newSize, oldSize, proof, newRoot, oldRoot).ShouldBeFalse();
            }
        }
    }

    [Fact]
    public void A_changed_hash_anywhere_in_a_proof_is_refused()
    {
        var tree = TreeOf(Entries(Sizes));
        var cases = from size in Gen.Choose(2, Sizes) from at in Gen.Choose(0, size - 2) from hash in Gen.Choose(0, 62) from bit in Gen.Choose(0, 255) select (size, at, hash, bit);
        Prop.ForAll(cases.ToArbitrary(), example =>
        {
            var (size, at, hash, bit) = example;
            var inclusion = tree.ProveInclusion(at, size);
            Flip(inclusion, hash, bit);
            MerkleProof.VerifyInclusion(at, size, tree.LeafHash(at), inclusion, tree.RootAt(size)).ShouldBeFalse();
            var consistency = tree.ProveConsistency(at + 1, size);
            Flip(consistency, hash, bit);
            MerkleProof.VerifyConsistency(at + 1, size, consistency, tree.RootAt(at + 1), tree.RootAt(size)).ShouldBeFalse();
        }).QuickCheckThrowOnFailure();
    }

    private static void Flip(Sha256Digest[] proof, int hash, int bit)
    {
        var bytes = new byte[Sha256Digest.Length];
        proof[hash % proof.Length].CopyTo(bytes);
        bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        proof[hash % proof.Length] = new Sha256Digest(bytes);
    }

    [Theory]
    [InlineData(-1, 5)]
    [InlineData(5, 5)]
    [InlineData(0, 0)]
    [InlineData(0, -1)]
    [InlineData(0, long.MaxValue)]
    [InlineData(long.MaxValue, long.MaxValue)]
    public void No_proof_holds_outside_the_tree(long index, long size)
    {
        var tree = KnownTree();
        MerkleProof.VerifyInclusion(index, size, tree.LeafHash(0), tree.ProveInclusion(0, 5), tree.RootAt(5)).ShouldBeFalse();
        MerkleProof.VerifyConsistency(index, size, tree.ProveConsistency(3, 5), tree.RootAt(3), tree.RootAt(5)).ShouldBeFalse();
    }

    [Fact]
    public void A_proof_longer_than_any_tree_is_high_is_refused_before_it_is_hashed()
    {
        var endless = Enumerable.Repeat(MerkleHash.EmptyRoot, 1_000_000).ToArray();
        MerkleProof.VerifyInclusion(long.MaxValue - 1, long.MaxValue, MerkleHash.EmptyRoot, endless, MerkleHash.EmptyRoot).ShouldBeFalse();
        MerkleProof.VerifyConsistency(1, long.MaxValue, endless, MerkleHash.EmptyRoot, MerkleHash.EmptyRoot).ShouldBeFalse();
    }

    [Fact]
    public void What_lies_outside_the_tree_is_not_answered()
    {
        var tree = KnownTree();
        Should.Throw<ArgumentOutOfRangeException>(() => tree.RootAt(9));
        Should.Throw<ArgumentOutOfRangeException>(() => tree.LeafHash(8));
        Should.Throw<ArgumentOutOfRangeException>(() => tree.ProveInclusion(5, 5));
        Should.Throw<ArgumentOutOfRangeException>(() => tree.ProveConsistency(5, 4));
        Should.Throw<ArgumentOutOfRangeException>(() => tree.Tile(0, 0, 9));
        Should.Throw<ArgumentOutOfRangeException>(() => tree.Tile(0, 1, 1));
        Should.Throw<ArgumentOutOfRangeException>(() => tree.Tile(1, 0, 1));
        Should.Throw<ArgumentOutOfRangeException>(() => tree.Tile(0, 0, 0));
    }

    [Fact]
    public void A_tree_that_was_cut_is_the_tree_of_its_first_entries_and_grows_as_they_do()
    {
        for (var size = 0; size <= 20; size++)
        {
            for (var kept = 0; kept <= size; kept++)
            {
                var (cut, whole) = (new MerkleTree(), new MerkleTree());
                for (var i = 0; i < size; i++) cut.Append([(byte)i]);
                cut.Truncate(kept);
                for (var i = 0; i < kept; i++) whole.Append([(byte)i]);
                cut.Size.ShouldBe(kept);
                for (var i = 0; i < 20; i++)
                {
                    cut.RootAt(cut.Size).ShouldBe(whole.RootAt(whole.Size));
                    cut.Append([(byte)(100 + i)]).ShouldBe(whole.Append([(byte)(100 + i)]));
                }
            }
        }
        Should.Throw<ArgumentOutOfRangeException>(() => new MerkleTree().Truncate(1));
    }
}
