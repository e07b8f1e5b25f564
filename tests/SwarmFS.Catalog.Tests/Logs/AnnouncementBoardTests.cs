using Microsoft.Extensions.Logging.Abstractions;
using SwarmFS.Core;
using SwarmFS.Testing;
using SwarmFS.Transparency;

namespace SwarmFS.Catalog.Tests;

public sealed class AnnouncementBoardTests : IDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly TestImporter _first;
    private readonly TestImporter _second;
    private readonly FullFiles _files = new();
    private readonly CatalogPolicy _policy;

    public AnnouncementBoardTests()
    {
        _first = new TestImporter(1, _time);
        _second = new TestImporter(2, _time);
        _policy = new CatalogPolicy { Logs = [_first.VerifierKey], Confirmations = 1, Witnesses = CatalogPolicy.NoWitnesses };
    }

    public void Dispose()
    {
        _first.Dispose();
        _second.Dispose();
    }

    private AnnouncementBoard Open(CatalogPolicy? policy = null, VerifierKey? own = null) => new(policy ?? _policy, own, _files, NullLoggerFactory.Instance);

    private static List<ReadOnlyMemory<byte>> ReadAll(AnnouncementBoard board)
    {
        var records = new List<ReadOnlyMemory<byte>>();
        board.Read(0, 100, records).ShouldBe(board.Count);
        return records;
    }

    [Fact]
    public async Task The_newest_announcement_of_each_log_of_the_policy_is_kept_and_passed_on()
    {
        await _first.AppendAsync(TestImporter.Tree("a_1"));
        var old = _first.Announcement;
        await _first.AppendAsync(TestImporter.Tree("b_1"));
        await _second.AppendAsync(TestImporter.Tree("b_1"));
        var board = Open();
        var grown = 0;
        board.Grown += () => grown++;
        board.Offer(old).ShouldBe(AnnouncementVerdict.Accepted);
        board.Offer(_first.Announcement).ShouldBe(AnnouncementVerdict.Accepted);
        board.Offer(_first.Announcement).ShouldBe(AnnouncementVerdict.Known);
        board.Offer(old).ShouldBe(AnnouncementVerdict.Known);
        board.Offer(_second.Announcement).ShouldBe(AnnouncementVerdict.Declined);
        grown.ShouldBe(2);
        board.Count.ShouldBe(2);
        ReadAll(board).Single().ToArray().ShouldBe(_first.Announcement.ToArray());
    }

    [Fact]
    public async Task The_newest_is_there_again_after_a_restart_and_an_older_one_is_not_taken()
    {
        await _first.AppendAsync(TestImporter.Tree("a_1"));
        var old = _first.Announcement;
        await _first.AppendAsync(TestImporter.Tree("b_1"));
        Open().Offer(_first.Announcement);
        var board = Open();
        board.Offer(old).ShouldBe(AnnouncementVerdict.Known);
        ReadAll(board).Single().ToArray().ShouldBe(_first.Announcement.ToArray());
    }

    [Fact]
    public async Task What_is_heard_while_the_disk_is_full_is_passed_on_and_heard_again_after_a_restart()
    {
        await _first.AppendAsync(TestImporter.Tree("a_1"));
        _files.IsFull = true;
        var board = Open();
        board.Offer(_first.Announcement).ShouldBe(AnnouncementVerdict.Accepted);
        ReadAll(board).Single().ToArray().ShouldBe(_first.Announcement.ToArray());
        Open().Offer(_first.Announcement).ShouldBe(AnnouncementVerdict.Accepted);
        Should.Throw<IOException>(() => Open(own: _first.VerifierKey).Announce(_first.Announcement));
    }

    [Fact]
    public async Task Any_changed_byte_makes_an_announcement_invalid_or_somebody_elses()
    {
        await _first.AppendAsync(TestImporter.Tree("a_1"));
        var record = _first.Announcement.ToArray();
        var board = Open();
        for (var at = 0; at < record.Length; at++)
        {
            var changed = (byte[])record.Clone();
            changed[at] ^= 1;
            board.Offer(changed).ShouldBe(AnnouncementVerdict.Invalid, $"byte {at}");
        }
        board.Offer(new byte[IAnnouncementLog.MaxRecordLength + 1]).ShouldBe(AnnouncementVerdict.Invalid);
        board.Count.ShouldBe(0);
    }

    [Fact]
    public async Task A_checkpoint_without_the_quorum_of_witnesses_is_not_passed_on()
    {
        using var witnesses = new Witnesses(_time, 3, 2);
        await _first.AppendAsync(TestImporter.Tree("a_1"));
        var board = Open(_policy with { Witnesses = witnesses.Policy });
        board.Offer(_first.Announcement).ShouldBe(AnnouncementVerdict.Declined);
        board.Count.ShouldBe(0);
    }

    [Fact]
    public async Task A_retired_log_is_announced_up_to_its_end_also_where_one_beyond_it_was_heard_before()
    {
        await _first.AppendAsync(TestImporter.Tree("a_1"));
        var last = _first.Announcement;
        CheckpointAnnouncement.TryRead(last.Span, out var announcement, out _).ShouldBeTrue();
        Checkpoint.TryRead(announcement!.Note.Text, out var end, out _).ShouldBeTrue();
        await _first.AppendAsync(TestImporter.Tree("stolen_1"));
        Open().Offer(_first.Announcement).ShouldBe(AnnouncementVerdict.Accepted);
        var board = Open(_policy with { Retired = [new RetiredLog(_first.VerifierKey, end!.Size, end.Root)] });
        board.Count.ShouldBe(0);
        board.Offer(_first.Announcement).ShouldBe(AnnouncementVerdict.Declined);
        board.Offer(last).ShouldBe(AnnouncementVerdict.Accepted);
        ReadAll(board).Single().ToArray().ShouldBe(last.ToArray());
    }

    [Fact]
    public async Task A_longer_log_of_the_own_key_at_others_is_an_alarm_and_not_an_announcement()
    {
        await _first.AppendAsync(TestImporter.Tree("a_1"));
        var board = Open(own: _first.VerifierKey);
        board.Announce(_first.Announcement);
        ReadAll(board).Count.ShouldBe(1);
        await _first.AppendAsync(TestImporter.Tree("b_1"));
        board.IsOwnAhead.ShouldBeFalse();
        board.Offer(_first.Announcement).ShouldBe(AnnouncementVerdict.Declined);
        board.IsOwnAhead.ShouldBeTrue();
    }
}
