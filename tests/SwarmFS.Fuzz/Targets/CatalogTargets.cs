using SwarmFS.Catalog;
using SwarmFS.Catalog.Tests;
using SwarmFS.Core;
using SwarmFS.Signing;
using SwarmFS.Transparency;

namespace SwarmFS.Fuzz.Targets;

/// <summary>An entry of somebody's log, of any kind: what is accepted is written back with the same bytes.</summary>
internal sealed class CatalogRecordTarget : IFuzzTarget
{
    public string Name => "catalog-record";

    public IEnumerable<byte[]> Seeds() => RecordSamples.All.Select(sample => sample.Record.Encode());

    public void Run(ReadOnlySpan<byte> input)
    {
        if (CatalogRecord.TryRead(input, out _) is not { } record) return;
        if (!record.Encode().AsSpan().SequenceEqual(input)) throw new FuzzFindingException("two encodings of one record");
    }
}

/// <summary>What a peer says of a log: what is accepted is written back with the same bytes by whoever has the key.</summary>
internal sealed class CheckpointAnnouncementTarget : IFuzzTarget
{
    private readonly Ed25519PrivateKey _key = Ed25519PrivateKey.FromSeed(new byte[Ed25519PrivateKey.SeedLength]);

    public string Name => "checkpoint-announcement";

    public IEnumerable<byte[]> Seeds()
    {
        var note = new NoteSigner("importer.example/log", _key).Sign(new Checkpoint("importer.example/log", 0, MerkleHash.EmptyRoot).ToText());
        yield return new CheckpointAnnouncement(_key.PublicKey, Cid.Of(CidCodec.MessagePack, "files"u8), note).Sign(_key);
        note = note.With(new Cosigner("witness.example", _key).Cosign(note.Text, DateTimeOffset.FromUnixTimeSeconds(1_763_690_000)));
        yield return new CheckpointAnnouncement(_key.PublicKey, Cid.Of(CidCodec.MessagePack, "files"u8), note).Sign(_key);
    }

    public void Run(ReadOnlySpan<byte> input)
    {
        if (!CheckpointAnnouncement.TryRead(input, out var announcement, out _) || !announcement.Log.Equals(_key.PublicKey)) return;
        if (!announcement.Sign(_key).AsSpan().SequenceEqual(input)) throw new FuzzFindingException("two encodings of one announcement");
    }
}

/// <summary>A policy from wherever its signers keep it: what is accepted is written back with the same bytes, and says the same when its text is made anew.</summary>
internal sealed class SignedPolicyTarget : IFuzzTarget
{
    public string Name => "signed-policy";

    public IEnumerable<byte[]> Seeds()
    {
        yield return PolicySamples.Sign(PolicySamples.FullText(), 1, 3);
        yield return PolicySamples.Sign(PolicySamples.Text(1, [1], 1), 1);
    }

    public void Run(ReadOnlySpan<byte> input)
    {
        if (!SignedPolicy.TryRead(input, out var policy, out _)) return;
        _ = policy.Policy.ToCatalogPolicy();
        if (!policy.Note.ToBytes().AsSpan().SequenceEqual(input) || policy.Policy.ToText() != policy.Note.Text) throw new FuzzFindingException("two encodings of one policy");
    }
}
