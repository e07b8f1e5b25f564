using Microsoft.Extensions.Logging.Abstractions;
using SwarmFS.Core;
using SwarmFS.Testing;
using SwarmFS.Transparency;

namespace SwarmFS.Catalog.Tests;

public sealed class FollowedLogTests : IDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly TestImporter _importer;
    private readonly MemoryBlockStore _store = new();
    private readonly SharedBlocks _blocks;
    private readonly List<MemoryBlockStore> _sources;
    private CutJournal _journal = new();
    private MemoryStateFiles _files = new();
    private FollowedLog _follower;
    private CatalogPolicy _policy;

    public FollowedLogTests()
    {
        _importer = new TestImporter(1, _time);
        _sources = [_importer.Store];
        _blocks = new SharedBlocks(_store, _sources);
        _policy = new CatalogPolicy { Logs = [_importer.VerifierKey], Confirmations = 1, Witnesses = CatalogPolicy.NoWitnesses };
        _follower = Open();
    }

    public void Dispose()
    {
        _follower.Dispose();
        _importer.Dispose();
    }

    private FollowedLog Open() => new(_importer.VerifierKey, _policy, _journal, _files, _store, _blocks, NullLogger.Instance);

    private void Restart()
    {
        _follower.Dispose();
        _follower = Open();
    }

    private Task<FollowResult> HearAsync(ReadOnlyMemory<byte> record)
    {
        CheckpointAnnouncement.TryRead(record.Span, out var announcement, out var error).ShouldBeTrue(error);
        return _follower.AdvanceAsync(announcement!, CancellationToken.None);
    }

    private static Checkpoint CheckpointOf(ReadOnlyMemory<byte> record)
    {
        CheckpointAnnouncement.TryRead(record.Span, out var announcement, out _).ShouldBeTrue();
        Checkpoint.TryRead(announcement!.Note.Text, out var checkpoint, out _).ShouldBeTrue();
        return checkpoint!;
    }

    private async Task ShouldHearAsync(ReadOnlyMemory<byte> record, FollowOutcome outcome)
    {
        var result = await HearAsync(record);
        result.Outcome.ShouldBe(outcome, result.Reason);
    }

    /// <summary>The same importer with another past: what was appended after a copy of its first entries was taken.</summary>
    private TestImporter Fork(int records)
    {
        var fork = new TestImporter(1, _time) { Journal = _importer.Journal.Cut(records) };
        fork.Restart();
        _sources.Add(fork.Store);
        return fork;
    }

    [Fact]
    public async Task A_log_is_followed_as_it_grows_and_only_what_is_new_is_fetched()
    {
        for (var i = 0; i < 200; i++) await _importer.AppendAsync(TestImporter.Tree($"a{i}_1"));
        await ShouldHearAsync(_importer.Announcement, FollowOutcome.Advanced);
        var first = _blocks.FetchedBytes;
        await _importer.AppendAsync(TestImporter.Tree("b_1"));
        await ShouldHearAsync(_importer.Announcement, FollowOutcome.Advanced);
        (_blocks.FetchedBytes - first).ShouldBeLessThan(first / 2);
        _follower.State.Tree(TestImporter.Deb("b_1").Sha256)!.Root.ShouldBe(TestImporter.Root("b_1"));
        _follower.State.Count.ShouldBe(_importer.Log.State.Count);
        await ShouldHearAsync(_importer.Announcement, FollowOutcome.Known);
        var pins = _store.Pins.Select(pin => pin.Root).ToList();
        pins.ShouldContain(_follower.Files);
        pins.ShouldContain(_importer.Log.State.NewestHead!.Value.Record.Catalogue);
        pins.Count.ShouldBe(3, "beside them the catalogue before, for history; not the files before");
    }

    [Fact]
    public async Task An_older_checkpoint_takes_nothing_back_also_after_a_restart()
    {
        await _importer.AppendAsync(TestImporter.Tree("a_1"));
        var old = _importer.Announcement;
        await _importer.AppendAsync(TestImporter.Tree("b_1"));
        await ShouldHearAsync(_importer.Announcement, FollowOutcome.Advanced);
        await ShouldHearAsync(old, FollowOutcome.Known);
        Restart();
        await ShouldHearAsync(old, FollowOutcome.Known);
        _follower.State.Count.ShouldBe(4);
        _follower.Fork.ShouldBeNull();
    }

    [Theory]
    [InlineData(2, 3)]
    [InlineData(3, 2)]
    [InlineData(2, 2)]
    public async Task A_log_with_two_histories_leaves_evidence_and_is_believed_no_further_also_after_a_restart(int batches, int forkedBatches)
    {
        await _importer.AppendAsync(TestImporter.Tree("common_1"));
        using var fork = Fork(records: 2);
        for (var i = 1; i < batches; i++) await _importer.AppendAsync(TestImporter.Tree($"a{i}_1"));
        for (var i = 1; i < forkedBatches; i++) await fork.AppendAsync(TestImporter.Tree($"b{i}_1"));
        await ShouldHearAsync(_importer.Announcement, FollowOutcome.Advanced);
        await ShouldHearAsync(fork.Announcement, FollowOutcome.Forked);

        var evidence = _files.Read($"evidence/{_follower.Id}.txt").ShouldNotBeNull();
        ForkEvidence.TryRead(evidence, out var read, out var error).ShouldBeTrue(error);
        read!.Log.ShouldBe(_importer.VerifierKey);
        read.Verify(out error).ShouldBeTrue(error);

        Restart();
        _follower.Fork.ShouldNotBeNull();
        var count = _follower.State.Count;
        await _importer.AppendAsync(TestImporter.Tree("later_1"));
        await ShouldHearAsync(_importer.Announcement, FollowOutcome.Forked);
        _follower.State.Count.ShouldBe(count);
    }

    [Fact]
    public async Task Files_that_are_not_the_logs_are_garbage_and_no_fork()
    {
        await _importer.AppendAsync(TestImporter.Tree("a_1"));
        await ShouldHearAsync(_importer.Announcement, FollowOutcome.Advanced);
        await _importer.AppendAsync(TestImporter.Tree("b_1"));
        CheckpointAnnouncement.TryRead(_importer.Announcement.Span, out var honest, out _).ShouldBeTrue();
        using var other = new TestImporter(2, _time);
        _sources.Add(other.Store);
        await other.AppendAsync(TestImporter.Tree("x_1"), TestImporter.Tree("y_1"), TestImporter.Tree("z_1"));
        CheckpointAnnouncement.TryRead(other.Announcement.Span, out var foreign, out _).ShouldBeTrue();
        await ShouldHearAsync((honest! with { Files = foreign!.Files }).Sign(_importer.Key), FollowOutcome.Garbage);
        await ShouldHearAsync((honest with { Files = Cid.Of(CidCodec.MessagePack, "nothing"u8) }).Sign(_importer.Key), FollowOutcome.Garbage, orThrows: true);
        _follower.Fork.ShouldBeNull();
        await ShouldHearAsync(_importer.Announcement, FollowOutcome.Advanced);
    }

    private async Task ShouldHearAsync(ReadOnlyMemory<byte> record, FollowOutcome outcome, bool orThrows)
    {
        try
        {
            await ShouldHearAsync(record, outcome);
        }
        catch (ContentUnavailableException) when (orThrows)
        {
            _follower.State.Count.ShouldBe(2);
        }
    }

    [Fact]
    public async Task A_log_with_an_empty_entry_is_garbage_and_nothing_of_it_is_kept()
    {
        _importer.Journal.Append([], durable: true);
        _importer.Restart();
        await _importer.AppendAsync(TestImporter.Tree("a_1"));
        await ShouldHearAsync(_importer.Announcement, FollowOutcome.Garbage);
        _journal.Count.ShouldBe(0);
        Restart();
        _follower.State.Count.ShouldBe(0);
    }

    [Fact]
    public async Task Another_logs_checkpoint_under_this_logs_signature_is_refused()
    {
        await _importer.AppendAsync(TestImporter.Tree("a_1"));
        using var other = new TestImporter(2, _time);
        await other.AppendAsync(TestImporter.Tree("a_1"));
        CheckpointAnnouncement.TryRead(other.Announcement.Span, out var foreign, out _).ShouldBeTrue();
        await ShouldHearAsync((foreign! with { Log = _importer.Key.PublicKey }).Sign(_importer.Key), FollowOutcome.Garbage);
    }

    [Fact]
    public async Task A_kill_between_checkpoint_and_entries_loses_nothing_that_was_verified()
    {
        await _importer.AppendAsync(TestImporter.Tree("a_1"), TestImporter.Tree("b_1"));
        await ShouldHearAsync(_importer.Announcement, FollowOutcome.Advanced);
        var old = _importer.Announcement;
        await _importer.AppendAsync(TestImporter.Tree("c_1"));
        await ShouldHearAsync(_importer.Announcement, FollowOutcome.Advanced);
        var whole = _journal;
        for (var cut = 3; cut <= whole.Count; cut++)
        {
            _journal = whole.Cut(cut);
            Restart();
            await ShouldHearAsync(old, FollowOutcome.Known);
            (await _follower.CompleteAsync(CancellationToken.None)).Outcome.ShouldBe(cut < whole.Count ? FollowOutcome.Advanced : FollowOutcome.Known);
            _follower.State.Count.ShouldBe(whole.Count);
        }
    }

    [Fact]
    public async Task Damaged_state_is_named_and_not_guessed_at()
    {
        await _importer.AppendAsync(TestImporter.Tree("a_1"));
        await ShouldHearAsync(_importer.Announcement, FollowOutcome.Advanced);
        var files = _files;
        _files = new MemoryStateFiles();
        Should.Throw<LogDamagedException>(Restart).Message.ShouldContain("no checkpoint");
        _files = files;
        files.Replace($"log-{_follower.Id}", "nonsense"u8);
        Should.Throw<LogDamagedException>(Restart).Message.ShouldContain("cannot be read");
    }

    [Fact]
    public async Task What_the_quorum_of_witnesses_has_not_seen_is_not_believed()
    {
        using var witnesses = new Witnesses(_time, 3, 2);
        using var importer = new TestImporter(1, _time, witnesses.Policy, witnesses);
        _sources.Add(importer.Store);
        await importer.AppendAsync(TestImporter.Tree("a_1"));
        var cosigned = importer.Announcement;
        await _importer.AppendAsync(TestImporter.Tree("a_1"));
        _policy = _policy with { Witnesses = witnesses.Policy };
        Restart();
        await ShouldHearAsync(_importer.Announcement, FollowOutcome.NotWitnessed);
        _follower.State.Count.ShouldBe(0);
        await ShouldHearAsync(cosigned, FollowOutcome.Advanced);
        _time.Advance(TimeSpan.FromHours(1));
        await importer.Log.HeartbeatAsync(CancellationToken.None);
        await ShouldHearAsync(importer.Announcement, FollowOutcome.Renewed);
        await ShouldHearAsync(cosigned, FollowOutcome.Known);
        Restart();
        witnesses.Policy.Evaluate(_follower.Note!, importer.VerifierKey).Time.ShouldBe(_time.GetUtcNow());
    }

    [Fact]
    public async Task A_retired_log_is_believed_up_to_its_end()
    {
        await _importer.AppendAsync(TestImporter.Tree("a_1"));
        var last = _importer.Announcement;
        await _importer.AppendAsync(TestImporter.Tree("stolen_1"));
        _policy = _policy with { Retired = [new RetiredLog(_importer.VerifierKey, 2, CheckpointOf(last).Root)] };
        Restart();
        await ShouldHearAsync(_importer.Announcement, FollowOutcome.Known);
        await ShouldHearAsync(last, FollowOutcome.Advanced);
        _follower.State.Tree(TestImporter.Deb("stolen_1").Sha256).ShouldBeNull();
    }

    [Fact]
    public async Task A_log_that_was_followed_beyond_the_end_that_its_policy_sets_later_is_believed_up_to_it()
    {
        await _importer.AppendAsync(TestImporter.Tree("a_1"));
        var last = _importer.Announcement;
        await ShouldHearAsync(last, FollowOutcome.Advanced);
        await _importer.AppendAsync(TestImporter.Tree("stolen_1"));
        var beyond = _importer.Announcement;
        await ShouldHearAsync(beyond, FollowOutcome.Advanced);
        Retire(CheckpointOf(last));

        _follower.State.Tree(TestImporter.Deb("stolen_1").Sha256).ShouldBeNull();
        (_follower.State.Count, _follower.Entries, _follower.Note).ShouldBe((2, 2, null));
        _follower.Checkpoint.ShouldBe(CheckpointOf(last), "on the policy's word, until the log's own is heard again");
        await ShouldHearAsync(beyond, FollowOutcome.Known);
        await ShouldHearAsync(last, FollowOutcome.Renewed);
        await ShouldHearAsync(last, FollowOutcome.Known);

        Restart();
        _follower.Entries.ShouldBe(2);
        _follower.Note!.Text.ShouldBe(CheckpointOf(last).ToText());
        await ShouldHearAsync(beyond, FollowOutcome.Known);
        _follower.Entries.ShouldBe(2);
    }

    [Fact]
    public async Task Nothing_is_believed_of_a_log_that_is_held_with_another_end_than_its_policy_sets()
    {
        await _importer.AppendAsync(TestImporter.Tree("common_1"));
        using var honest = Fork(records: 2);
        await honest.AppendAsync(TestImporter.Tree("honest_1"));
        await _importer.AppendAsync(TestImporter.Tree("stolen_1"));
        await ShouldHearAsync(_importer.Announcement, FollowOutcome.Advanced);
        Retire(CheckpointOf(honest.Announcement));

        _follower.Refusal.ShouldNotBeNull().ShouldContain("first 4 entries");
        (_follower.State.Count, _follower.Entries, _follower.Note).ShouldBe((0, 0, null));
        await ShouldHearAsync(_importer.Announcement, FollowOutcome.Refused);
        await ShouldHearAsync(honest.Announcement, FollowOutcome.Refused);
        _follower.State.Count.ShouldBe(0);

        (_journal, _files) = (new CutJournal(), new MemoryStateFiles());
        Restart();
        await ShouldHearAsync(honest.Announcement, FollowOutcome.Advanced);
        _follower.State.Tree(TestImporter.Deb("honest_1").Sha256).ShouldNotBeNull();
    }

    private void Retire(Checkpoint end)
    {
        _policy = _policy with { Retired = [new RetiredLog(_importer.VerifierKey, end.Size, end.Root)] };
        Restart();
    }

    [Fact]
    public async Task An_old_announcement_is_known_and_one_that_may_be_news_or_a_fork_is_not()
    {
        using var witnesses = new Witnesses(_time, 3, 2);
        _policy = _policy with { Witnesses = witnesses.Policy };
        Restart();
        using var importer = new TestImporter(1, _time, witnesses.Policy, witnesses);
        _sources.Add(importer.Store);
        await importer.AppendAsync(TestImporter.Tree("a_1"));
        var first = importer.Announcement;
        Knows(first).ShouldBeFalse();
        await importer.AppendAsync(TestImporter.Tree("b_1"));
        var second = importer.Announcement;
        await ShouldHearAsync(second, FollowOutcome.Advanced);
        _time.Advance(TimeSpan.FromHours(1));
        await importer.Log.HeartbeatAsync(CancellationToken.None);
        Knows(first).ShouldBeTrue();
        Knows(second).ShouldBeTrue();
        Knows(importer.Announcement).ShouldBeFalse("it has newer cosignatures");
        await ShouldHearAsync(importer.Announcement, FollowOutcome.Renewed);
        Knows(importer.Announcement).ShouldBeTrue();
        Knows(second).ShouldBeTrue();
        await _importer.AppendAsync(TestImporter.Tree("forked_1"));
        Knows(_importer.Announcement).ShouldBeFalse("it is of no more entries, but of others");
        await ShouldHearAsync(_importer.Announcement, FollowOutcome.Forked);
        Knows(_importer.Announcement).ShouldBeTrue("the log is believed no further");
    }

    private bool Knows(ReadOnlyMemory<byte> record)
    {
        CheckpointAnnouncement.TryRead(record.Span, out var announcement, out var error).ShouldBeTrue(error);
        return _follower.Knows(announcement!);
    }

    [Fact]
    public async Task A_log_whose_store_was_full_at_any_point_of_a_batch_is_served_whole_afterwards()
    {
        TreeRecord[] trees = [.. Enumerable.Range(0, 600).Select(i => TestImporter.Tree($"a{i}_1"))];
        var failures = 0;
        for (var capacity = 0; capacity < 500_000; capacity += 25_000)
        {
            using var importer = new TestImporter(1, _time) { Store = new MemoryBlockStore { Capacity = capacity } };
            importer.Restart();
            try
            {
                await importer.AppendAsync(trees);
            }
            catch (StoreFullException)
            {
                failures++;
            }
            importer.Store.Capacity = long.MaxValue;
            var again = await importer.AppendAsync(trees);
            (again.Entries, again.IsPublished).ShouldBe((601, true));
            using var follower = new FollowedLog(
                _importer.VerifierKey, _policy, new CutJournal(), new MemoryStateFiles(), new MemoryBlockStore(), new SharedBlocks(new MemoryBlockStore(), [importer.Store]), NullLogger.Instance);
            CheckpointAnnouncement.TryRead(importer.Announcement.Span, out var announcement, out _).ShouldBeTrue();
            var result = await follower.AdvanceAsync(announcement!, CancellationToken.None);
            result.Outcome.ShouldBe(FollowOutcome.Advanced, result.Reason);
            follower.State.TreeCount.ShouldBe(600);
        }
        failures.ShouldBeInRange(3, 19);
    }
}
