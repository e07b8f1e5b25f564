using System.Text;
using SwarmFS.Core;

namespace SwarmFS.Transparency.Tests;

/// <summary>What we make, judged by programs that we did not write; and they refuse what is tampered with, so that their yes means something.</summary>
public sealed class OracleTests(GoOracle go, SigstoreOracle sigstore) : IClassFixture<GoOracle>, IClassFixture<SigstoreOracle>, IDisposable
{
    private const int Entries = 1000;

    private readonly SampleLog _log = new(Entries);
    private readonly SampleWitness _witness = new("witness.example/w1");

    public void Dispose()
    {
        _log.Dispose();
        _witness.Dispose();
    }

    private static string Text(SignedNote note) => Encoding.UTF8.GetString(note.ToBytes());

    private static string[] Proof(IEnumerable<Sha256Digest> hashes) => [.. hashes.Select(hash => StrictText.Base64(hash))];

    private SignedNote Cosigned(long size)
    {
        var note = _log.CheckpointAt(size);
        return note.With(_witness.Cosign(note, 1_790_000_000));
    }

    private OracleQuestion Record(long index, long size) =>
        new("record", _log.Key.ToString(), Text(Cosigned(size))) { Index = index, Entry = _log.Entry(index), Proof = Proof(_log.Tree.ProveInclusion(index, size)) };

    private OracleQuestion Tree(long oldSize, long newSize) => new("tree", _log.Key.ToString(), Text(_log.CheckpointAt(newSize)))
    {
        OldNote = Text(_log.CheckpointAt(oldSize)),
        Proof = Proof(_log.Tree.ProveConsistency(oldSize, newSize)),
    };

    private OracleQuestion Cosignature(SignedNote note) => new("cosignature", _witness.Key.Key.ToString(), Text(note)) { Name = _witness.Key.Name };

    private static string Tampered(string text, string part)
    {
        var at = text.IndexOf(part, StringComparison.Ordinal);
        at.ShouldBeGreaterThanOrEqualTo(0);
        var changed = text.ToCharArray();
        changed[at] = changed[at] == '7' ? '8' : '7';
        return new string(changed);
    }

    private static void ShouldAllBeAccepted(IEnumerable<string?> answers) => answers.ShouldAllBe(answer => answer == null);

    private static void ShouldAllBeRefused(IEnumerable<string?> answers) => answers.ShouldAllBe(answer => answer != null);

    private OracleQuestion[] TamperedRecords()
    {
        var record = Record(700, 1000);
        var root = StrictText.Base64(_log.Tree.RootAt(1000));
        return
        [
            record with { Entry = _log.Entry(701) },
            record with { Index = 701 },
            record with { Note = Text(Cosigned(999)) },
            record with { Note = Tampered(record.Note, "1000\n") },
            record with { Note = Tampered(record.Note, root) },
            record with { Note = Text(_log.Signer.Sign(new Checkpoint(_log.Key.Name, 1000, _log.Tree.RootAt(999)).ToText())) },
            record with { Proof = record.Proof![1..] },
            record with { Proof = [.. record.Proof!, root] },
            record with { Proof = [root, .. record.Proof![1..]] },
            record with { Key = VerifierKey.OfLog(_log.Key.Name, _witness.Key.Key).ToString() },
        ];
    }

    [Fact]
    public void Go_accepts_our_checkpoints_and_inclusion_proofs()
    {
        var questions = new List<OracleQuestion>();
        foreach (var size in new[] { 1, 2, 3, 5, 8, 13, 64, 65, 255, 256, 257, 1000 })
        {
            foreach (var index in new[] { 0, size / 3, size / 2, size - 1 }.Distinct()) questions.Add(Record(index, size));
        }
        ShouldAllBeAccepted(go.Judge(questions));
    }

    [Fact]
    public void Go_refuses_a_tampered_entry_index_size_root_proof_and_key() => ShouldAllBeRefused(go.Judge(TamperedRecords()));

    [Fact]
    public void Go_accepts_our_consistency_proofs_and_no_others()
    {
        int[] sizes = [1, 2, 3, 7, 8, 100, 256, 257, 777, 1000];
        ShouldAllBeAccepted(go.Judge([.. sizes.SelectMany(older => sizes.Where(newer => newer >= older).Select(newer => Tree(older, newer)))]));
        using var fork = new SampleLog(Entries, history: "another");
        var proof = Tree(7, 1000);
        ShouldAllBeRefused(go.Judge(
        [
            proof with { OldNote = Text(fork.CheckpointAt(7)) },
            proof with { Note = Text(fork.CheckpointAt(1000)) },
            proof with { OldNote = Text(_log.CheckpointAt(8)) },
            proof with { Note = Text(_log.CheckpointAt(999)) },
            proof with { Proof = proof.Proof![1..] },
            proof with { Proof = [.. proof.Proof!.Reverse()] },
        ]));
    }

    [Fact]
    public void Go_reads_our_tiles_and_entry_bundles_and_refuses_a_changed_byte()
    {
        var directory = Directory.CreateTempSubdirectory("swarmfs-tiles-");
        try
        {
            foreach (var tile in LogTiles.Of(Entries))
            {
                var path = Path.Join(directory.FullName, tile.Path);
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                File.WriteAllBytes(path, tile.Level == LogTile.Entries
                    ? LogTiles.EncodeEntries([.. Enumerable.Range(0, tile.Width).Select(i => new ReadOnlyMemory<byte>(_log.Entry(tile.Index * LogTile.FullWidth + i)))])
                    : _log.Tree.Tile(tile.Level, tile.Index, tile.Width));
            }
            var question = new OracleQuestion("tiles", _log.Key.ToString(), Text(_log.CheckpointAt(Entries))) { Directory = directory.FullName };
            ShouldAllBeAccepted(go.Judge([question]));
            foreach (var tile in new[] { "tile/0/001", "tile/1/000.p/3", "tile/0/003.p/232", "tile/entries/002" })
            {
                var path = Path.Join(directory.FullName, tile);
                var bytes = File.ReadAllBytes(path);
                bytes[50] ^= 1;
                File.WriteAllBytes(path, bytes);
                ShouldAllBeRefused(go.Judge([question]));
                bytes[50] ^= 1;
                File.WriteAllBytes(path, bytes);
            }
            ShouldAllBeAccepted(go.Judge([question]));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public void Go_and_Node_accept_our_cosignature_and_refuse_another_text_time_or_key()
    {
        var note = Cosigned(1000);
        var signature = note.Signatures[1];
        var later = signature.Signature.ToArray();
        later[7] ^= 1;
        var other = _log.CheckpointAt(999).With(signature);
        OracleQuestion[] bad = [Cosignature(note.With(signature with { Signature = later })), Cosignature(other), Cosignature(note) with { Key = _log.Key.Key.ToString() }];
        foreach (var oracle in new OracleProcess[] { go, sigstore })
        {
            ShouldAllBeAccepted(oracle.Judge([Cosignature(note)]));
            ShouldAllBeRefused(oracle.Judge(bad));
        }
    }

    [Fact]
    public void Sigstore_accepts_our_checkpoints_and_inclusion_proofs()
    {
        var questions = new List<OracleQuestion>();
        foreach (var size in new[] { 1, 2, 3, 7, 8, 100, 257, 1000 })
        {
            foreach (var index in new[] { 0, size / 2, size - 1 }.Distinct()) questions.Add(Record(index, size));
        }
        ShouldAllBeAccepted(sigstore.Judge(questions));
    }

    [Fact]
    public void Sigstore_refuses_a_tampered_entry_index_size_root_proof_and_key() => ShouldAllBeRefused(sigstore.Judge(TamperedRecords()));
}
