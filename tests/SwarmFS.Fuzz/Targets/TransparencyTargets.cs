using System.Text;
using SwarmFS.Transparency;
using SwarmFS.Transparency.Tests;

namespace SwarmFS.Fuzz.Targets;

/// <summary>Well-formed inputs, of a log of eleven entries and a fork of it.</summary>
internal static class TransparencySeeds
{
    public static SampleLog Log { get; } = new(11);

    public static SampleLog Fork { get; } = new(11, history: "another");

    public static SampleWitness Witness { get; } = new("witness.example/w1");

    public static SignedNote Note { get; } = Log.CheckpointAt(11).With(Witness.Cosign(Log.CheckpointAt(11), 1_790_000_000));

    /// <summary>Those bytes that are accepted have to be those that are written.</summary>
    public static void CheckCanonical(ReadOnlySpan<byte> input, ReadOnlySpan<byte> written, string what)
    {
        if (!written.SequenceEqual(input)) throw new FuzzFindingException($"two encodings of one {what}");
    }
}

internal sealed class NoteTarget : IFuzzTarget
{
    public string Name => "note";

    public IEnumerable<byte[]> Seeds() => [TransparencySeeds.Note.ToBytes(), TransparencySeeds.Log.Signer.Sign("öne\n\ntwo\n").ToBytes()];

    public void Run(ReadOnlySpan<byte> input)
    {
        if (!SignedNote.TryRead(input, out var note, out _)) return;
        TransparencySeeds.CheckCanonical(input, note.ToBytes(), "note");
        if (note.Signatures.Count is 0 or > SignedNote.MaxSignatures || !note.Text.EndsWith('\n')) throw new FuzzFindingException("a note out of its bounds");
        if (note.Verify(TransparencySeeds.Log.Key) == NoteVerdict.Valid && note.Text != TransparencySeeds.Note.Text && !note.Text.StartsWith('ö'))
            throw new FuzzFindingException("a text that the log did not sign");
        note.TryGetCosignatureTime(TransparencySeeds.Witness.Key, out _);
    }
}

internal sealed class CheckpointTarget : IFuzzTarget
{
    public string Name => "checkpoint";

    public IEnumerable<byte[]> Seeds() => [Encoding.UTF8.GetBytes(TransparencySeeds.Note.Text), Encoding.UTF8.GetBytes(new Checkpoint("öne", 0, MerkleHash.EmptyRoot).ToText())];

    public void Run(ReadOnlySpan<byte> input)
    {
        var text = Encoding.Latin1.GetString(input);
        if (Checkpoint.TryRead(text, out var checkpoint, out _) && checkpoint.ToText() != text) throw new FuzzFindingException("two texts of one checkpoint");
    }
}

internal sealed class VerifierKeyTarget : IFuzzTarget
{
    public string Name => "verifier-key";

    public IEnumerable<byte[]> Seeds() => [Encoding.UTF8.GetBytes(TransparencySeeds.Log.Key.ToString()), Encoding.UTF8.GetBytes(TransparencySeeds.Witness.Key.ToString())];

    public void Run(ReadOnlySpan<byte> input)
    {
        var text = Encoding.Latin1.GetString(input);
        if (VerifierKey.TryParse(text, out var key) && key.ToString() != text) throw new FuzzFindingException("two texts of one key");
    }
}

internal sealed class TlogProofTarget : IFuzzTarget
{
    private static readonly TlogProof Sample = new(4, TransparencySeeds.Log.Tree.ProveInclusion(4, 11), TransparencySeeds.Note);

    public string Name => "tlog-proof";

    public IEnumerable<byte[]> Seeds() => [Sample.ToBytes(), (Sample with { Extra = "more"u8.ToArray() }).ToBytes()];

    public void Run(ReadOnlySpan<byte> input)
    {
        if (!TlogProof.TryRead(input, out var proof, out _)) return;
        TransparencySeeds.CheckCanonical(input, proof.ToBytes(), "proof");
        if (proof.Verify(TransparencySeeds.Log.Key, TransparencySeeds.Log.Tree.LeafHash(4), out _) && proof.Index != 4) throw new FuzzFindingException("an entry at an index where it does not stand");
    }
}

internal sealed class TlogPolicyTarget : IFuzzTarget
{
    public string Name => "tlog-policy";

    public IEnumerable<byte[]> Seeds()
    {
        yield return Encoding.UTF8.GetBytes($"""
            # all of the grammar
            log {TransparencySeeds.Log.Key} https://example.com/
            witness A {TransparencySeeds.Witness.Key}	https://example.com/
            group G 1 A
            group H all G
            group I any H
            quorum I

            """);
        yield return "quorum none\n"u8.ToArray();
    }

    public void Run(ReadOnlySpan<byte> input)
    {
        if (!TlogPolicy.TryRead(input, out var policy, out _)) return;
        var verdict = policy.Evaluate(TransparencySeeds.Note, TransparencySeeds.Log.Key);
        if (verdict.IsMet && policy.AsksForWitnesses == verdict.Time is null) throw new FuzzFindingException("a quorum that is met without a time, or has one without witnesses");
    }
}

/// <summary>A request as it comes from outside, up to the witness's answer; after a cosignature the witness must not have fallen behind.</summary>
internal sealed class AddCheckpointTarget : IFuzzTarget
{
    public string Name => "add-checkpoint";

    public IEnumerable<byte[]> Seeds() =>
        [TransparencySeeds.Log.Request(0, 5).ToBytes(), TransparencySeeds.Log.Request(5, 11).ToBytes(), TransparencySeeds.Log.Request(5, 5).ToBytes(), TransparencySeeds.Fork.Request(5, 11).ToBytes()];

    public void Run(ReadOnlySpan<byte> input)
    {
        if (AddCheckpointRequest.TryRead(input, out var request, out _)) TransparencySeeds.CheckCanonical(input, request.ToBytes(), "request");
        var witness = new Witness(TransparencySeeds.Witness.Cosigner, [TransparencySeeds.Log.Key], new MemoryWitnessStore(), TimeProvider.System);
        witness.AddCheckpoint(TransparencySeeds.Log.Request(0, 5).ToBytes());
        var answer = witness.AddCheckpoint(input);
        var text = witness.Latest(TransparencySeeds.Log.Key.Name)!.Text;
        if (text != TransparencySeeds.Log.CheckpointAt(5).Text && text != TransparencySeeds.Log.CheckpointAt(11).Text) throw new FuzzFindingException("a tree was cosigned that does not extend the last one");
        if (answer.Outcome == WitnessOutcome.Cosigned && request is null) throw new FuzzFindingException("something that is no request was cosigned");
    }
}

/// <summary>A byte for the count, and the bundle.</summary>
internal sealed class EntryBundleTarget : IFuzzTarget
{
    public string Name => "entry-bundle";

    public IEnumerable<byte[]> Seeds() => [[2, .. LogTiles.EncodeEntries([new byte[] { 1, 2, 3 }, new byte[300]])], [0, .. LogTiles.EncodeEntries([.. Enumerable.Repeat(ReadOnlyMemory<byte>.Empty, 256)])]];

    public void Run(ReadOnlySpan<byte> input)
    {
        if (input.Length == 0 || !LogTiles.TryReadEntries(input[1..].ToArray(), input[0] == 0 ? LogTile.FullWidth : input[0], out var entries)) return;
        TransparencySeeds.CheckCanonical(input[1..], LogTiles.EncodeEntries(entries), "bundle");
    }
}

internal sealed class TilePathTarget : IFuzzTarget
{
    public string Name => "tile-path";

    public IEnumerable<byte[]> Seeds() => [.. new LogTile[] { new(0, 1234067, 5), new(LogTile.Entries, 0, 256), new(7, long.MaxValue, 255) }.Select(tile => Encoding.ASCII.GetBytes(tile.Path))];

    public void Run(ReadOnlySpan<byte> input)
    {
        var text = Encoding.Latin1.GetString(input);
        if (LogTile.TryParsePath(text, out var tile) && (tile.Path != text || text.Contains(".."))) throw new FuzzFindingException("two paths of one tile");
    }
}

internal sealed class ForkEvidenceTarget : IFuzzTarget
{
    public string Name => "fork-evidence";

    public IEnumerable<byte[]> Seeds()
    {
        var (log, fork) = (TransparencySeeds.Log, TransparencySeeds.Fork);
        yield return ForkEvidence.Find(log.Key, log.CheckpointAt(7), fork.CheckpointAt(7), null)!.ToBytes();
        yield return ForkEvidence.Find(log.Key, log.CheckpointAt(7), fork.CheckpointAt(11), fork.Tree)!.ToBytes();
        yield return new ForkEvidence(log.Key, log.CheckpointAt(7), log.CheckpointAt(11), new ForkProof(log.Tree.RootAt(7), log.Tree.ProveConsistency(7, 11))).ToBytes();
    }

    public void Run(ReadOnlySpan<byte> input)
    {
        if (!ForkEvidence.TryRead(input, out var evidence, out _)) return;
        TransparencySeeds.CheckCanonical(input, evidence.ToBytes(), "evidence");
        if (evidence.Verify(out _) && evidence.Log != TransparencySeeds.Log.Key) throw new FuzzFindingException("a log is accused that did nothing");
    }
}
