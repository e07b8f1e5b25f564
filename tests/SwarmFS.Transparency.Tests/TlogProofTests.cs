using System.Text;
using SwarmFS.Signing;

namespace SwarmFS.Transparency.Tests;

public sealed class TlogProofTests : IDisposable
{
    private readonly Ed25519PrivateKey _key = Ed25519PrivateKey.FromSeed(new byte[32]);
    private readonly MerkleTree _tree = new();
    private readonly NoteSigner _log;
    private readonly TlogProof _proof;

    public TlogProofTests()
    {
        for (var i = 0; i < 11; i++) _tree.Append(Encoding.ASCII.GetBytes($"entry {i}"));
        _log = new NoteSigner("example.com/log", _key);
        _proof = new TlogProof(4, _tree.ProveInclusion(4, 11), _log.Sign(new Checkpoint("example.com/log", 11, _tree.RootAt(11)).ToText()), "more"u8.ToArray());
    }

    public void Dispose() => _key.Dispose();

    private string Text => Encoding.UTF8.GetString(_proof.ToBytes());

    private static bool IsRead(string text) => TlogProof.TryRead(Encoding.UTF8.GetBytes(text), out _, out _);

    [Fact]
    public void A_proof_survives_the_way_through_bytes_and_verifies()
    {
        Text.ShouldStartWith("c2sp.org/tlog-proof@v1\nextra bW9yZQ==\nindex 4\n");
        TlogProof.TryRead(_proof.ToBytes(), out var read, out _).ShouldBeTrue();
        read.ToBytes().ShouldBe(_proof.ToBytes());
        read.Extra!.Value.ToArray().ShouldBe("more"u8.ToArray());
        read.Verify(_log.VerifierKey, _tree.LeafHash(4), out _).ShouldBeTrue();
        IsRead(Text.Replace("extra bW9yZQ==\n", "")).ShouldBeTrue();
    }

    [Fact]
    public void It_proves_no_other_entry_index_log_or_tree()
    {
        _proof.Verify(_log.VerifierKey, _tree.LeafHash(5), out var error).ShouldBeFalse();
        error.ShouldContain("hashes");
        (_proof with { Index = 5 }).Verify(_log.VerifierKey, _tree.LeafHash(4), out _).ShouldBeFalse();
        (_proof with { Hashes = [.. _proof.Hashes.Skip(1)] }).Verify(_log.VerifierKey, _tree.LeafHash(4), out _).ShouldBeFalse();
        _proof.Verify(VerifierKey.OfLog("example.com/other", _key.PublicKey), _tree.LeafHash(4), out error).ShouldBeFalse();
        error.ShouldContain("another log");
        using var stranger = Ed25519PrivateKey.FromSeed(Enumerable.Repeat((byte)9, 32).ToArray());
        _proof.Verify(VerifierKey.OfLog("example.com/log", stranger.PublicKey), _tree.LeafHash(4), out error).ShouldBeFalse();
        error.ShouldContain("not signed");
        (_proof with { Note = _log.Sign("hello\n") }).Verify(_log.VerifierKey, _tree.LeafHash(4), out error).ShouldBeFalse();
        error.ShouldContain("no checkpoint");
    }

    [Theory]
    [InlineData("c2sp.org/tlog-proof@v1", "c2sp.org/tlog-proof@v2")]
    [InlineData("c2sp.org/tlog-proof@v1\n", "c2sp.org/tlog-proof@v1\r\n")]
    [InlineData("index 4", "index 04")]
    [InlineData("index 4", "index +4")]
    [InlineData("index 4", "index -4")]
    [InlineData("index 4", "index  4")]
    [InlineData("index 4", "Index 4")]
    [InlineData("index 4\n", "")]
    [InlineData("extra bW9yZQ==", "extra bW9yZR==")]
    [InlineData("extra bW9yZQ==", "extra bW9yZQ")]
    [InlineData("extra bW9yZQ==", "extra ")]
    [InlineData("extra bW9yZQ==", "extra bW9yZQ==\nextra bW9yZQ==")]
    [InlineData("extra bW9yZQ==\nindex 4", "index 4\nextra bW9yZQ==")]
    [InlineData("index 4\n", "index 4\n\n")]
    [InlineData("index 4\n", "index 4\nAAAA\n")]
    public void Another_spelling_is_refused(string from, string to)
    {
        Text.ShouldContain(from);
        IsRead(Text.Replace(from, to)).ShouldBeFalse();
    }

    [Fact]
    public void A_proof_has_at_most_63_hashes_and_a_bounded_length()
    {
        var hashes = Enumerable.Repeat(MerkleHash.EmptyRoot, 64).ToArray();
        TlogProof.TryRead((_proof with { Hashes = hashes[1..] }).ToBytes(), out _, out _).ShouldBeTrue();
        TlogProof.TryRead((_proof with { Hashes = hashes }).ToBytes(), out _, out _).ShouldBeFalse();
        TlogProof.TryRead((_proof with { Extra = new byte[TlogProof.MaxExtraLength + 1] }).ToBytes(), out _, out _).ShouldBeFalse();
        TlogProof.TryRead(new byte[TlogProof.MaxLength + 1], out _, out var error).ShouldBeFalse();
        error.ShouldContain("longer");
    }
}
