using System.Collections.Concurrent;
using System.Text;
using SwarmFS.Testing;

namespace SwarmFS.Transparency.Tests;

public sealed class WitnessTests : IDisposable
{
    private readonly SampleLog _log = new(200);
    private readonly SampleWitness _key = new("witness.example/w1");
    private readonly MemoryWitnessStore _store = new();
    private readonly ManualTimeProvider _time = new();
    private readonly Witness _witness;

    public WitnessTests() => _witness = Over(_store);

    public void Dispose()
    {
        _log.Dispose();
        _key.Dispose();
    }

    private Witness Over(IWitnessStore store) => new(_key.Cosigner, [_log.Key], store, _time);

    private WitnessAnswer Ask(long oldSize, long newSize) => _witness.AddCheckpoint(_log.Request(oldSize, newSize).ToBytes());

    [Fact]
    public void A_growing_log_is_cosigned_step_by_step_with_the_time()
    {
        foreach (var (from, to) in new[] { (0, 0), (0, 1), (1, 7), (7, 7), (7, 128), (128, 200) })
        {
            _time.Advance(TimeSpan.FromMinutes(1));
            var answer = Ask(from, to);
            (answer.StatusCode, answer.ContentType).ShouldBe((200, "text/plain; charset=utf-8"));
            answer.Body.ShouldEndWith("\n");
            NoteSignature.TryParse(answer.Body.AsSpan().TrimEnd('\n'), out var cosignature).ShouldBeTrue();
            _log.CheckpointAt(to).With(cosignature).TryGetCosignatureTime(_key.Key, out var time).ShouldBeTrue();
            time.ShouldBe(_time.GetUtcNow());
        }
        var latest = _witness.Latest("example.com/log")!;
        latest.Text.ShouldBe(_log.CheckpointAt(200).Text);
        latest.Verify(_log.Key).ShouldBe(NoteVerdict.Valid);
        latest.Verify(_key.Key).ShouldBe(NoteVerdict.Valid);
        _witness.Latest("example.com/unknown").ShouldBeNull();
    }

    [Fact]
    public void A_log_that_is_not_known_gets_404()
    {
        using var other = new SampleLog(3, "example.com/other");
        _witness.AddCheckpoint(other.Request(0, 3).ToBytes()).StatusCode.ShouldBe(404);
    }

    [Fact]
    public void A_checkpoint_that_the_log_did_not_sign_gets_403()
    {
        var text = _log.CheckpointAt(3).Text;
        var stranger = SignedNote.Of(text, new NoteSignature("stranger.example", 1, new byte[64]));
        _witness.AddCheckpoint(new AddCheckpointRequest(0, [], stranger).ToBytes()).StatusCode.ShouldBe(403);
        var signature = _log.CheckpointAt(3).Signatures[0];
        var forged = SignedNote.Of(text, signature with { Signature = new byte[64] });
        _witness.AddCheckpoint(new AddCheckpointRequest(0, [], forged).ToBytes()).StatusCode.ShouldBe(403);
        var both = Encoding.UTF8.GetBytes($"old 0\n\n{text}\n{signature}\n{signature with { Signature = new byte[64] }}\n");
        _witness.AddCheckpoint(both).StatusCode.ShouldBe(403);
    }

    [Fact]
    public void Signatures_of_strangers_are_passed_over_and_not_kept()
    {
        var note = _log.CheckpointAt(3).With(new NoteSignature("stranger.example", 1, new byte[64]));
        _witness.AddCheckpoint(new AddCheckpointRequest(0, [], note).ToBytes()).StatusCode.ShouldBe(200);
        _witness.Latest("example.com/log")!.Signatures.Select(signature => signature.Name).ShouldBe(["example.com/log", "witness.example/w1"]);
    }

    [Fact]
    public void An_old_size_above_the_new_one_gets_400()
    {
        Ask(0, 5);
        _witness.AddCheckpoint((_log.Request(0, 3) with { OldSize = 5 }).ToBytes()).StatusCode.ShouldBe(400);
    }

    [Fact]
    public void An_old_size_that_is_not_the_last_one_gets_409_and_the_last_one()
    {
        Ask(0, 5);
        foreach (var old in new[] { 0, 4, 6 })
        {
            var answer = Ask(old, 10);
            (answer.StatusCode, answer.ContentType, answer.Body).ShouldBe((409, "text/x.tlog.size", "5\n"));
        }
    }

    [Fact]
    public void A_proof_that_does_not_hold_or_is_not_asked_for_gets_422()
    {
        using var fork = new SampleLog(200, history: "another");
        _witness.AddCheckpoint((_log.Request(0, 5) with { Proof = [MerkleHash.EmptyRoot] }).ToBytes()).StatusCode.ShouldBe(422);
        Ask(0, 5).StatusCode.ShouldBe(200);
        _witness.AddCheckpoint(fork.Request(5, 9).ToBytes()).StatusCode.ShouldBe(422);
        _witness.AddCheckpoint((_log.Request(5, 9) with { Proof = [] }).ToBytes()).StatusCode.ShouldBe(422);
        _witness.AddCheckpoint((_log.Request(5, 5) with { Proof = [MerkleHash.EmptyRoot] }).ToBytes()).StatusCode.ShouldBe(422);
        Ask(5, 9).StatusCode.ShouldBe(200);
    }

    [Fact]
    public void Another_root_of_the_same_size_gets_422_and_gives_the_log_away()
    {
        using var fork = new SampleLog(5, history: "another");
        Ask(0, 5);
        var answer = _witness.AddCheckpoint(fork.Request(5, 5).ToBytes());
        answer.StatusCode.ShouldBe(422);
        answer.Evidence!.Verify(out _).ShouldBeTrue();
        answer.Evidence.Log.ShouldBe(_log.Key);
    }

    [Fact]
    public void An_empty_tree_with_another_root_than_the_empty_one_is_refused()
    {
        var note = _log.Signer.Sign($"example.com/log\n0\n{Convert.ToBase64String(new byte[32])}\n");
        _witness.AddCheckpoint(Encoding.UTF8.GetBytes($"old 0\n\n{Encoding.UTF8.GetString(note.ToBytes())}")).StatusCode.ShouldBe(422);
    }

    [Theory]
    [InlineData("old 0", "old 00")]
    [InlineData("old 0", "old -0")]
    [InlineData("old 0", "old +0")]
    [InlineData("old 0", "old  0")]
    [InlineData("old 0", "old 0 ")]
    [InlineData("old 0", "old")]
    [InlineData("old 0", "Old 0")]
    [InlineData("old 0\n", "")]
    [InlineData("old 0\n", "old 0\n\n")]
    [InlineData("old 0\n", "old 0\nAAAA\n")]
    [InlineData("old 0\n", "old 0\r\n")]
    [InlineData("old 0\n", "old 0\nold 0\n")]
    public void A_body_that_is_not_quite_a_request_gets_400(string from, string to)
    {
        var body = Encoding.UTF8.GetString(_log.Request(0, 3).ToBytes());
        body.ShouldContain(from);
        _witness.AddCheckpoint(Encoding.UTF8.GetBytes(body.Replace(from, to))).StatusCode.ShouldBe(400);
    }

    [Fact]
    public void A_request_has_at_most_63_hashes_and_a_bounded_length()
    {
        var request = _log.Request(0, 3);
        _witness.AddCheckpoint((request with { Proof = [.. Enumerable.Repeat(MerkleHash.EmptyRoot, 63)] }).ToBytes()).StatusCode.ShouldBe(422);
        _witness.AddCheckpoint((request with { Proof = [.. Enumerable.Repeat(MerkleHash.EmptyRoot, 64)] }).ToBytes()).StatusCode.ShouldBe(400);
        _witness.AddCheckpoint(new byte[AddCheckpointRequest.MaxLength + 1]).StatusCode.ShouldBe(400);
    }

    [Fact]
    public async Task Of_fifty_requests_at_once_no_cosigned_size_is_below_an_earlier_one()
    {
        var store = new RecordingStore();
        var witness = Over(store);
        var cosigned = new ConcurrentBag<long>();
        using var start = new ManualResetEventSlim();
        var clients = Enumerable.Range(0, 50).Select(client => Task.Factory.StartNew(() =>
        {
            start.Wait();
            // Each wants its own size and asks again with the size that it was told, while others push the log on.
            for (long old = 0, size = 1 + client * 4; ;)
            {
                if (old > size) return;
                var answer = witness.AddCheckpoint(_log.Request(old, size).ToBytes());
                if (answer.Outcome == WitnessOutcome.Cosigned) cosigned.Add(size);
                if (answer.Outcome != WitnessOutcome.OldSizeDiffers) return;
                old = long.Parse(answer.Body.AsSpan().TrimEnd('\n'), System.Globalization.CultureInfo.InvariantCulture);
            }
        }, TaskCreationOptions.LongRunning)).ToList();
        start.Set();
        await Task.WhenAll(clients);
        var sizes = store.Sizes.ToList();
        sizes.ShouldBe(sizes.Order());
        sizes.ShouldBe(cosigned, ignoreOrder: true);
        sizes[^1].ShouldBe(197);
    }

    /// <summary>Remembers the order of what was written, and takes its time about it, so that a missing lock shows.</summary>
    private sealed class RecordingStore : IWitnessStore
    {
        private readonly MemoryWitnessStore _inner = new();

        public ConcurrentQueue<long> Sizes { get; } = [];

        public byte[]? Read(string origin) => _inner.Read(origin);

        public void Write(string origin, ReadOnlySpan<byte> note)
        {
            SignedNote.TryRead(note, out var read, out _).ShouldBeTrue();
            Checkpoint.TryRead(read.Text, out var checkpoint, out _).ShouldBeTrue();
            for (var turn = 0; turn < 20; turn++) Thread.Yield();
            Sizes.Enqueue(checkpoint.Size);
            _inner.Write(origin, note);
        }
    }

    [Fact]
    public void A_disk_that_fails_lets_no_cosignature_out_and_the_log_may_ask_again()
    {
        var store = new FailingStore();
        var witness = Over(store);
        witness.AddCheckpoint(_log.Request(0, 5).ToBytes()).StatusCode.ShouldBe(200);
        store.Fails = true;
        Should.Throw<IOException>(() => witness.AddCheckpoint(_log.Request(5, 9).ToBytes()));
        store.Fails = false;
        witness.AddCheckpoint(_log.Request(9, 12).ToBytes()).Body.ShouldBe("5\n");
        witness.AddCheckpoint(_log.Request(5, 9).ToBytes()).StatusCode.ShouldBe(200);
    }

    private sealed class FailingStore : IWitnessStore
    {
        private readonly MemoryWitnessStore _inner = new();

        public bool Fails { get; set; }

        public byte[]? Read(string origin) => _inner.Read(origin);

        public void Write(string origin, ReadOnlySpan<byte> note)
        {
            if (Fails) throw new IOException("disk full");
            _inner.Write(origin, note);
        }
    }

    [Fact]
    public void After_a_restart_the_witness_still_refuses_what_it_refused()
    {
        using var fork = new SampleLog(200, history: "another");
        var directory = Directory.CreateTempSubdirectory("swarmfs-witness-");
        try
        {
            using (var store = new FileWitnessStore(directory.FullName))
                Over(store).AddCheckpoint(_log.Request(0, 100).ToBytes()).StatusCode.ShouldBe(200);
            // As a crash in the middle of the next write would leave it.
            File.WriteAllText(directory.GetFiles().Single(file => file.Name != "lock").FullName + ".new", "torn");
            using (var store = new FileWitnessStore(directory.FullName))
            {
                var witness = Over(store);
                witness.Latest("example.com/log")!.Verify(_key.Key).ShouldBe(NoteVerdict.Valid);
                witness.AddCheckpoint(_log.Request(0, 50).ToBytes()).Body.ShouldBe("100\n");
                witness.AddCheckpoint(fork.Request(100, 150).ToBytes()).StatusCode.ShouldBe(422);
                witness.AddCheckpoint(_log.Request(100, 150).ToBytes()).StatusCode.ShouldBe(200);
            }
            directory.GetFiles().Select(file => file.Name).ShouldNotContain(name => name.EndsWith(".new"));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public void A_damaged_record_stops_the_witness_instead_of_beginning_anew()
    {
        var directory = Directory.CreateTempSubdirectory("swarmfs-witness-");
        try
        {
            using var store = new FileWitnessStore(directory.FullName);
            Over(store).AddCheckpoint(_log.Request(0, 100).ToBytes()).StatusCode.ShouldBe(200);
            var file = directory.GetFiles().Single(file => file.Name != "lock").FullName;
            File.WriteAllText(file, File.ReadAllText(file).Replace("\n100\n", "\n10\n"));
            Should.Throw<IOException>(() => Over(store).AddCheckpoint(_log.Request(10, 110).ToBytes())).Message.ShouldContain("damaged");
            File.WriteAllBytes(file, []);
            Should.Throw<IOException>(() => Over(store).AddCheckpoint(_log.Request(0, 110).ToBytes())).Message.ShouldContain("damaged");
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public void Two_witnesses_do_not_share_a_directory()
    {
        var directory = Directory.CreateTempSubdirectory("swarmfs-witness-");
        try
        {
            using var store = new FileWitnessStore(directory.FullName);
            Should.Throw<IOException>(() => new FileWitnessStore(directory.FullName));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }
}
