using System.Globalization;
using SwarmFS.Core;
using SwarmFS.Signing;

namespace SwarmFS.Transparency.Tests;

public class CheckpointTests
{
    private const string Root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";

    [Fact]
    public void The_example_of_the_specification_is_read_and_written_back()
    {
        const string Text = $"example.com/behind-the-sofa\n20852163\n{Root}\n";
        Checkpoint.TryRead(Text, out var checkpoint, out _).ShouldBeTrue();
        (checkpoint.Origin, checkpoint.Size).ShouldBe(("example.com/behind-the-sofa", 20852163));
        checkpoint.ToText().ShouldBe(Text);
    }

    [Theory]
    [InlineData($"\n1\n{Root}\n")]
    [InlineData($"a\n01\n{Root}\n")]
    [InlineData($"a\n+1\n{Root}\n")]
    [InlineData($"a\n1\0\n{Root}\n")]
    [InlineData($"a\n-0\n{Root}\n")]
    [InlineData($"a\n-1\n{Root}\n")]
    [InlineData($"a\n 1\n{Root}\n")]
    [InlineData($"a\n1 \n{Root}\n")]
    [InlineData($"a\n١\n{Root}\n")]
    [InlineData($"a\n9223372036854775808\n{Root}\n")]
    [InlineData($"a\n\n{Root}\n")]
    [InlineData($"a\n1\n{Root}")]
    [InlineData($"a\n1\n{Root}\nextension\n")]
    [InlineData($"a\n1\n{Root}\n\n")]
    [InlineData("a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n")]
    [InlineData("a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I\n")]
    [InlineData("a\n1\nCsUYapGGPo4dkMgIAUqom Xajj7h2fB2MPA3j2jxq2I=\n")]
    [InlineData("a\n1\nCsUYapGGPo4dkMgIAUqom_Xajj7h2fB2MPA3j2jxq2I=\n")]
    [InlineData("a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jx\n")]
    [InlineData($"a\r\n1\n{Root}\n")]
    public void Another_spelling_is_refused(string text) => Checkpoint.TryRead(text, out _, out _).ShouldBeFalse();

    [Fact]
    public void An_origin_has_at_most_255_bytes()
    {
        Checkpoint.TryRead($"{new string('o', 255)}\n1\n{Root}\n", out _, out _).ShouldBeTrue();
        Checkpoint.TryRead($"{new string('o', 256)}\n1\n{Root}\n", out _, out _).ShouldBeFalse();
        Checkpoint.TryRead($"{new string('ö', 128)}\n1\n{Root}\n", out _, out _).ShouldBeFalse();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(long.MaxValue)]
    public void Every_size_survives_the_way_through_text(long size)
    {
        var checkpoint = new Checkpoint("example.com/log", size, MerkleHash.EmptyRoot);
        Checkpoint.TryRead(checkpoint.ToText(), out var read, out _).ShouldBeTrue();
        read.ShouldBe(checkpoint);
    }

    [Fact]
    public void A_cosignature_tells_its_time_and_covers_time_and_text()
    {
        using var logKey = Ed25519PrivateKey.FromSeed(new byte[32]);
        using var witnessKey = Ed25519PrivateKey.FromSeed(Sha256(1));
        var cosigner = new Cosigner("witness.example/w1", witnessKey);
        var text = new Checkpoint("example.com/log", 7, Sha256Digest.Of("root"u8)).ToText();
        var time = DateTimeOffset.Parse("2026-07-01T12:00:00Z", CultureInfo.InvariantCulture);
        var note = new NoteSigner("example.com/log", logKey).Sign(text).With(cosigner.Cosign(text, time));
        SignedNote.TryRead(note.ToBytes(), out var read, out _).ShouldBeTrue();
        read.Verify(cosigner.VerifierKey).ShouldBe(NoteVerdict.Valid);
        read.TryGetCosignatureTime(cosigner.VerifierKey, out var told).ShouldBeTrue();
        told.ShouldBe(time);
        var signature = read.Signatures[1];
        for (var at = 0; at < signature.Signature.Length; at++)
        {
            var bytes = signature.Signature.ToArray();
            bytes[at] ^= 1;
            var changed = read.With(signature with { Signature = bytes });
            changed.Verify(cosigner.VerifierKey).ShouldBe(NoteVerdict.Invalid);
            changed.TryGetCosignatureTime(cosigner.VerifierKey, out _).ShouldBeFalse();
        }
    }

    [Fact]
    public void A_logs_signature_tells_no_time()
    {
        using var key = Ed25519PrivateKey.FromSeed(new byte[32]);
        var signer = new NoteSigner("example.com/log", key);
        signer.Sign("text\n").TryGetCosignatureTime(signer.VerifierKey, out _).ShouldBeFalse();
    }

    [Fact]
    public void Of_several_cosignatures_of_one_witness_the_newest_counts()
    {
        using var key = Ed25519PrivateKey.FromSeed(new byte[32]);
        var cosigner = new Cosigner("w", key);
        var text = new Checkpoint("log", 1, MerkleHash.EmptyRoot).ToText();
        var lines = new[] { 200, 300, 100 }.Select(second => cosigner.Cosign(text, DateTimeOffset.FromUnixTimeSeconds(second)).ToString());
        SignedNote.TryRead(System.Text.Encoding.UTF8.GetBytes($"{text}\n{string.Join('\n', lines)}\n"), out var note, out _).ShouldBeTrue();
        note.TryGetCosignatureTime(cosigner.VerifierKey, out var time).ShouldBeTrue();
        time.ToUnixTimeSeconds().ShouldBe(300);
    }

    [Fact]
    public void Only_a_checkpoint_is_cosigned_and_only_with_a_time()
    {
        using var key = Ed25519PrivateKey.FromSeed(new byte[32]);
        var cosigner = new Cosigner("w", key);
        var text = new Checkpoint("log", 1, MerkleHash.EmptyRoot).ToText();
        Should.Throw<ArgumentException>(() => cosigner.Cosign("text\n", DateTimeOffset.FromUnixTimeSeconds(1)));
        Should.Throw<ArgumentException>(() => cosigner.Cosign(text, DateTimeOffset.UnixEpoch));
    }

    private static byte[] Sha256(byte value) => System.Security.Cryptography.SHA256.HashData([value]);
}
