using System.Text;
using SwarmFS.Core;
using SwarmFS.Testing;
using SwarmFS.Transparency;

namespace SwarmFS.Catalog.Tests;

public sealed class ImporterLogTests : IDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly TestImporter _importer;

    public ImporterLogTests() => _importer = new TestImporter(1, _time);

    public void Dispose() => _importer.Dispose();

    private static Checkpoint CheckpointOf(ReadOnlyMemory<byte> announcement)
    {
        CheckpointAnnouncement.TryRead(announcement.Span, out var read, out var error).ShouldBeTrue(error);
        Checkpoint.TryRead(read!.Note.Text, out var checkpoint, out error).ShouldBeTrue(error);
        return checkpoint!;
    }

    private async Task<byte[]> ReadAsync(Cid root, string path)
    {
        BlockGetter get = (cid, _) => _importer.Store.TryGet(cid, out var block) ? ValueTask.FromResult(block) : throw new ContentUnavailableException($"{cid}");
        var found = (await TreePathReader.FindAsync(root, path, get, CancellationToken.None)).ShouldNotBeNull(path);
        return await TreePathReader.ReadFileAsync(found, 1 << 20, get, CancellationToken.None);
    }

    [Fact]
    public async Task A_batch_ends_with_a_head_and_says_nothing_twice()
    {
        var suite = _importer.Suite(1, "gedit_44.2-1");
        (await _importer.AppendAsync(suite, TestImporter.Tree("gedit_44.2-1"), suite)).ShouldBe(new BatchResult(3, 2, null));
        (await _importer.AppendAsync(suite)).ShouldBe(new BatchResult(3, 0, null));
        CheckpointOf(_importer.Announcement).Size.ShouldBe(3);
        _importer.Log.State.NewestHead!.Value.Index.ShouldBe(2);
    }

    [Fact]
    public async Task The_files_of_the_log_prove_its_head_and_its_head_names_the_catalogue()
    {
        var suite = _importer.Suite(1, "gedit_44.2-1", "hello_2.10-3");
        await _importer.AppendAsync(suite, TestImporter.Tree("hello_2.10-3"));
        CheckpointAnnouncement.TryRead(_importer.Announcement.Span, out var announcement, out _).ShouldBeTrue();
        var entry = await ReadAsync(announcement!.Files, "head");
        TlogProof.TryRead(await ReadAsync(announcement.Files, "head.tlog-proof"), out var proof, out _).ShouldBeTrue();
        proof!.Verify(_importer.VerifierKey, MerkleHash.OfLeaf(entry), out var error).ShouldBeTrue(error);
        proof.Extra!.Value.ToArray().ShouldBe(entry);
        (await ReadAsync(announcement.Files, "checkpoint")).ShouldBe(announcement.Note.ToBytes());
        LogTiles.TryReadEntries(await ReadAsync(announcement.Files, "tile/entries/000.p/3"), 3, out var entries).ShouldBeTrue();
        entries![0].ToArray().ShouldBe(suite.Encode());
        var head = CatalogRecord.TryRead(entry, out _).ShouldBeOfType<HeadRecord>();
        (await ReadAsync(head.Catalogue, "suites/debian%2fbookworm%2fmain%2famd64/record")).ShouldBe(suite.Encode());
        _importer.Store.Pins.Select(pin => pin.Root).ShouldBe([head.Catalogue, announcement.Files], ignoreOrder: true);
    }

    [Fact]
    public async Task A_catalogue_that_was_updated_in_place_is_the_one_that_a_restart_builds_anew()
    {
        await _importer.AppendAsync(_importer.Suite(1, "a_1"), TestImporter.Tree("a_1"));
        await _importer.AppendAsync(_importer.Suite(2, "a_1", "b_1"), TestImporter.Tree("b_1"), ReleaseRecord.Sign("my_tool", "1_0", 1, TestImporter.Root("t"), null, TestImporter.Day(1), _importer.Key));
        await _importer.AppendAsync(ReleaseRecord.Sign("my_tool", "1_1", 2, TestImporter.Root("u"), null, TestImporter.Day(1), _importer.Key), RevokeRecord.Sign("my_tool", "1_0", "withdrawn: bad", _importer.Key));
        var updated = _importer.Log.State.NewestHead!.Value.Record.Catalogue;
        CatalogueDirectory.Of(_importer.Store, _importer.Log.State).Write(_importer.Store).ShouldBe(updated);
        var tree = new List<Cid>();
        TreeLoader.TryLoad(updated, _importer.Store, tree, out var table).ShouldBeTrue();
        var publisher = CatalogNamespace.OfPublisher(_importer.Key.PublicKey);
        table!.TryFindPath(Encoding.ASCII.GetBytes($"{publisher}/my%5ftool_1_1"), out _).ShouldBeTrue();
        table.TryFindPath(Encoding.ASCII.GetBytes($"{publisher}/my%5ftool_1_0"), out _).ShouldBeFalse();
    }

    [Fact]
    public async Task After_a_kill_at_any_point_what_was_returned_is_provable_and_no_second_history_is_signed()
    {
        var signed = new List<(int Records, byte[] Checkpoint, Sha256Digest Root, long Size)>();
        for (var batch = 1; batch <= 3; batch++)
        {
            await _importer.AppendAsync(_importer.Suite(batch, $"a_{batch}"), TestImporter.Tree($"a_{batch}"));
            var checkpoint = CheckpointOf(_importer.Announcement);
            signed.Add((_importer.Journal.Count, _importer.Files.Read("checkpoint")!, checkpoint.Root, checkpoint.Size));
        }
        var whole = _importer.Journal;
        for (var cut = 0; cut <= whole.Count; cut++)
        {
            // The checkpoint on disk is at most the newest one that the journal covers: it is written after the entries.
            foreach (var newest in signed.Where(state => state.Records <= cut).Select(state => state.Checkpoint).Prepend(null))
            {
                _importer.Journal = whole.Cut(cut);
                _importer.Files = new MemoryStateFiles();
                if (newest is not null) _importer.Files.Replace("checkpoint", newest);
                _importer.Restart();
                if (cut == 0) continue;
                var after = CheckpointOf(_importer.Announcement);
                after.Size.ShouldBeGreaterThanOrEqualTo(cut);
                _importer.Log.State.NewestHead!.Value.Index.ShouldBe(after.Size - 1);
                var tree = new MerkleTree();
                foreach (var entry in _importer.Journal.ReadAll()) tree.Append(entry.Span);
                tree.RootAt(after.Size).ShouldBe(after.Root);
                foreach (var (_, _, root, size) in signed.Where(state => state.Records <= cut)) tree.RootAt(size).ShouldBe(root);
            }
        }
    }

    [Fact]
    public async Task A_journal_that_is_older_than_the_checkpoint_stops_the_start_with_a_clear_word()
    {
        await _importer.AppendAsync(TestImporter.Tree("a_1"));
        await _importer.AppendAsync(TestImporter.Tree("b_1"));
        _importer.Journal = _importer.Journal.Cut(2);
        Should.Throw<LogDamagedException>(() => _importer.Restart()).Message.ShouldContain("covers 4 entries, but its journal has 2");
    }

    [Fact]
    public async Task A_checkpoint_of_other_entries_or_another_key_stops_the_start()
    {
        await _importer.AppendAsync(TestImporter.Tree("a_1"));
        using var other = new TestImporter(2, _time);
        await other.AppendAsync(TestImporter.Tree("b_1"));
        _importer.Journal = other.Journal;
        Should.Throw<LogDamagedException>(() => _importer.Restart()).Message.ShouldContain("not of the entries");
        _importer.Files = other.Files;
        Should.Throw<LogDamagedException>(() => _importer.Restart()).Message.ShouldContain("not signed by its key");
    }

    [Fact]
    public async Task A_journal_that_fails_within_a_batch_is_finished_by_the_next()
    {
        _importer.Journal.FailAfter = 1;
        await Should.ThrowAsync<IOException>(() => _importer.AppendAsync(TestImporter.Tree("a_1"), TestImporter.Tree("b_1")));
        _importer.Log.Announcement.ShouldBeNull();
        _importer.Journal.FailAfter = -1;
        (await _importer.AppendAsync(TestImporter.Tree("b_1"))).Entries.ShouldBe(3);
        var sum = CheckpointOf(_importer.Announcement).Root;
        _importer.Restart();
        CheckpointOf(_importer.Announcement).Root.ShouldBe(sum);
    }

    [Fact]
    public async Task What_a_failed_batch_left_in_the_journal_is_in_the_catalogue_of_the_next_head()
    {
        await _importer.AppendAsync(TestImporter.Tree("a_1"));
        _importer.Journal.FailAfter = 1;
        await Should.ThrowAsync<IOException>(() => _importer.AppendAsync(TestImporter.Tree("b_1"), TestImporter.Tree("c_1")));
        _importer.Journal.FailAfter = -1;
        (await _importer.AppendAsync(TestImporter.Tree("b_1"), TestImporter.Tree("c_1"))).Appended.ShouldBe(1);
        var signed = _importer.Log.State.NewestHead!.Value.Record.Catalogue;
        CatalogueDirectory.Of(_importer.Store, _importer.Log.State).Write(_importer.Store).ShouldBe(signed);
    }

    [Fact]
    public async Task A_full_store_refuses_the_batch_and_leaves_the_log_as_it_was()
    {
        var suite = _importer.Suite(1, "a_1");
        _importer.Store.Capacity = _importer.Store.Bytes;
        await Should.ThrowAsync<StoreFullException>(() => _importer.AppendAsync(suite));
        _importer.Journal.Count.ShouldBe(0);
        _importer.Store.Capacity = long.MaxValue;
        (await _importer.AppendAsync(suite)).IsPublished.ShouldBeTrue();
    }

    [Fact]
    public async Task A_batch_is_published_when_the_quorum_has_cosigned_it_and_the_heartbeat_renews_its_age()
    {
        using var witnesses = new Witnesses(_time, 3, 2);
        using var importer = new TestImporter(3, _time, witnesses.Policy, witnesses);
        witnesses.Down.UnionWith([0, 1]);
        var result = await importer.AppendAsync(TestImporter.Tree("a_1"));
        result.Missing.ShouldNotBeNull().ShouldContain("1 of 3");
        result.Missing.ShouldEndWith("(witness.example/0: it is down; witness.example/1: it is down)");
        importer.Log.Announcement.ShouldBeNull();
        witnesses.Down.Remove(1);
        (await importer.Log.HeartbeatAsync(CancellationToken.None)).ShouldBeNull();
        CheckpointAnnouncement.TryRead(importer.Announcement.Span, out var first, out _).ShouldBeTrue();
        _time.Advance(ImporterLog.HeartbeatInterval);
        (await importer.Log.HeartbeatAsync(CancellationToken.None)).ShouldBeNull();
        CheckpointAnnouncement.TryRead(importer.Announcement.Span, out var second, out _).ShouldBeTrue();
        second!.Note.Text.ShouldBe(first!.Note.Text);
        var renewed = witnesses.Policy.Evaluate(second.Note, importer.VerifierKey).Time!.Value - witnesses.Policy.Evaluate(first.Note, importer.VerifierKey).Time!.Value;
        renewed.ShouldBe(ImporterLog.HeartbeatInterval);
        witnesses.Requests[^1].OldSize.ShouldBe(2);
        importer.Log.Unrenewed.ShouldBeNull();
        witnesses.Down.UnionWith([1, 2]);
        (await importer.Log.HeartbeatAsync(CancellationToken.None)).ShouldBeNull();
        importer.Log.Unpublished.ShouldBeNull();
        importer.Log.Unrenewed.ShouldNotBeNull().ShouldContain("witness.example/2: it is down");
        importer.Restart();
        CheckpointAnnouncement.TryRead(importer.Announcement.Span, out var third, out _).ShouldBeTrue();
        third!.Note.ToBytes().ShouldBe(second.Note.ToBytes());
    }

    [Fact]
    public async Task Full_bundles_are_named_again_and_not_written_again()
    {
        for (var i = 0; i < 300; i++) await _importer.AppendAsync(TestImporter.Tree($"package{i}_1"));
        CheckpointAnnouncement.TryRead(_importer.Announcement.Span, out var announcement, out _).ShouldBeTrue();
        LogTiles.TryReadEntries(await ReadAsync(announcement!.Files, "tile/entries/001"), 256, out _).ShouldBeTrue();
        (await ReadAsync(announcement.Files, "tile/0/001")).Length.ShouldBe(LogTile.FullWidth * Sha256Digest.Length);
        (await ReadAsync(announcement.Files, "tile/1/000.p/2")).Length.ShouldBe(2 * Sha256Digest.Length);
        _importer.Restart();
        CheckpointAnnouncement.TryRead(_importer.Announcement.Span, out var again, out _).ShouldBeTrue();
        again!.Files.ShouldBe(announcement.Files);
        _importer.Store.Pins.Count.ShouldBe(ImporterLog.CataloguesKept + 1);
    }
}
