using SwarmFS.Core;
using SwarmFS.Testing;

namespace SwarmFS.Catalog.Tests;

/// <summary>Two of three importers must agree (threat rows 2, 4, 5, 6, 7, 8, 9, 11 of the design, at this room's level).</summary>
public sealed class ConfirmationTests : IAsyncDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly Witnesses _witnesses;
    private readonly TestImporter[] _importers;
    private readonly TestNode _node;

    public ConfirmationTests()
    {
        _witnesses = new Witnesses(_time, 4, 3);
        _importers = [.. Enumerable.Range(1, 3).Select(number => new TestImporter((byte)number, _time, _witnesses.Policy, _witnesses))];
        _node = new TestNode(_time, Policy(_importers), _importers);
    }

    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        foreach (var importer in _importers) importer.Dispose();
        _witnesses.Dispose();
    }

    private CatalogPolicy Policy(IEnumerable<TestImporter> importers) =>
        new() { Logs = [.. importers.Select(importer => importer.VerifierKey)], Confirmations = 2, Witnesses = _witnesses.Policy };

    private static async Task RecordAsync(int day, string[] packages, params TestImporter[] importers)
    {
        foreach (var importer in importers) (await importer.AppendAsync(importer.Suite(day, packages))).IsPublished.ShouldBeTrue();
    }

    [Fact]
    public async Task What_two_of_three_importers_say_is_shown_and_what_one_says_is_not()
    {
        await RecordAsync(1, ["gedit_44.2-1", "hello_2.10-3"], _importers[0], _importers[1]);
        await RecordAsync(2, ["gedit_44.2-1", "backdoor_1"], _importers[2]);
        await _node.HearAsync(_importers);
        _node.Listing().ShouldBe(["gedit 44.2-1", "hello 2.10-3"]);
        await RecordAsync(3, ["gedit_45.0-1"], _importers[1]);
        await _node.HearAsync(_importers);
        _node.Listing().ShouldBe(["gedit 44.2-1", "hello 2.10-3"], "one importer that is ahead waits for a second");
        await RecordAsync(3, ["gedit_45.0-1"], _importers[2]);
        await _node.HearAsync(_importers);
        _node.Listing().ShouldBe(["gedit 45.0-1"]);
    }

    [Fact]
    public async Task Updates_go_on_with_one_importer_down()
    {
        await RecordAsync(1, ["gedit_44.2-1"], _importers);
        await _node.HearAsync(_importers);
        await RecordAsync(2, ["gedit_45.0-1"], _importers[0], _importers[2]);
        await _node.HearAsync(_importers[0], _importers[2]);
        _node.Listing().ShouldBe(["gedit 45.0-1"]);
    }

    [Fact]
    public async Task An_unknown_importer_and_a_lone_liar_change_nothing()
    {
        using var stranger = new TestImporter(9, _time, _witnesses.Policy, _witnesses);
        _node.Sources.Add(stranger.Store);
        await RecordAsync(1, ["backdoor_1"], stranger, _importers[0]);
        _node.Board.Offer(stranger.Announcement).ShouldBe(AnnouncementVerdict.Declined);
        await _node.HearAsync(_importers[0]);
        _node.Listing().ShouldBeEmpty();
    }

    [Fact]
    public void One_key_under_many_names_is_refused_as_one_voice()
    {
        var key = _importers[0].Key.PublicKey;
        Should.Throw<ArgumentException>(() => Policy(_importers) with { Logs = [.. Enumerable.Range(0, 9).Select(i => Transparency.VerifierKey.OfLog($"name{i}", key))] });
    }

    [Fact]
    public async Task The_importers_own_time_order_and_mirror_split_no_quorum()
    {
        var first = _importers[0];
        await first.AppendAsync(TestImporter.Tree("hello_2.10-3"), first.Suite(1, "gedit_44.2-1", "hello_2.10-3"));
        _time.Advance(TimeSpan.FromMinutes(7));
        var second = _importers[1];
        await second.AppendAsync(second.Suite(1, "hello_2.10-3", "gedit_44.2-1"));
        await second.AppendAsync(TestImporter.Tree("hello_2.10-3"));
        await _node.HearAsync(first, second);
        _node.Find("hello")!.Latest.Root.ShouldBe(TestImporter.Root("hello_2.10-3"));
        _node.Find("gedit")!.Latest.Root.ShouldBeNull();
    }

    [Fact]
    public async Task A_tree_is_believed_when_two_say_it_and_a_liar_is_outvoted()
    {
        var lie = TestImporter.Tree("gedit_44.2-1") with { Root = TestImporter.Root("evil") };
        foreach (var importer in _importers)
            await importer.AppendAsync(importer.Suite(1, "gedit_44.2-1"), importer == _importers[0] ? lie : TestImporter.Tree("gedit_44.2-1"));
        await _node.HearAsync(_importers[0], _importers[1]);
        var release = _node.Find("gedit")!.Latest;
        release.Root.ShouldBeNull();
        var resolving = _node.Catalog.ResolveAsync(release, CancellationToken.None).AsTask();
        resolving.IsCompleted.ShouldBeFalse();
        _time.Advance(TimeSpan.FromSeconds(3));
        await Should.ThrowAsync<ContentUnavailableException>(() => resolving);
        await _node.HearAsync(_importers[2]);
        (await _node.Catalog.ResolveAsync(release, CancellationToken.None)).ShouldBe(TestImporter.Root("gedit_44.2-1"));
        var conflict = _node.Catalog.Status().Conflicts.ShouldHaveSingleItem();
        conflict.Other.ShouldBe($"{lie.Root} ({_importers[0].Log.VerifierKey.Name})", "who was outvoted is named");
    }

    [Fact]
    public async Task Two_lists_of_one_date_are_shown_as_what_they_are_with_the_names_of_who_says_which()
    {
        await RecordAsync(1, ["gedit_44.2-1"], _importers[1], _importers[2]);
        await RecordAsync(1, ["gedit_66.6-6"], _importers[0]);
        await _node.HearAsync(_importers);
        _node.Listing().ShouldBe(["gedit 44.2-1"]);
        var conflict = _node.Catalog.Status().Conflicts.ShouldHaveSingleItem();
        conflict.Other.ShouldContain(_importers[0].Log.VerifierKey.Name);
        conflict.Believed.ShouldContain(_importers[2].Log.VerifierKey.Name);
    }

    [Fact]
    public async Task An_older_catalogue_takes_nothing_back_also_after_a_restart()
    {
        await RecordAsync(1, ["gedit_44.2-1"], _importers);
        var old = _importers.Select(importer => importer.Announcement).ToList();
        await RecordAsync(2, ["gedit_45.0-1"], _importers);
        await _node.HearAsync(_importers);
        await _node.RestartAsync();
        foreach (var announcement in old) await _node.HearAsync(announcement);
        _node.Listing().ShouldBe(["gedit 45.0-1"]);
    }

    [Fact]
    public async Task What_a_retired_log_said_beyond_its_end_is_shown_no_longer_also_where_it_had_been_followed()
    {
        await RecordAsync(1, ["gedit_44.2-1"], _importers[0], _importers[1]);
        await _node.HearAsync(_importers[0], _importers[1]);
        var last = _node.Catalog.Evidence("gedit", "44.2-1")!.Vouchers[0];
        await RecordAsync(2, ["backdoor_1"], _importers[0], _importers[1]);
        await _node.HearAsync(_importers[0], _importers[1]);
        _node.Listing().ShouldBe(["backdoor 1"]);

        _node.Policy = _node.Policy with { Retired = [new RetiredLog(last.Log, last.Size, last.Root)] };
        await _node.RestartAsync();
        _node.Listing().ShouldBe(["gedit 44.2-1"], "one log alone says what came after the end of the other");
        await _node.HearAsync(_importers[0], _importers[1]);
        _node.Listing().ShouldBe(["gedit 44.2-1"]);
        _node.StatusOf(_importers[0]).Entries.ShouldBe(last.Size);
        _node.Catalog.Evidence("gedit", "44.2-1")!.Vouchers.Select(voucher => (voucher.Log, voucher.Size, voucher.Root)).ShouldContain((last.Log, last.Size, last.Root));
    }

    [Fact]
    public async Task A_log_that_is_held_with_another_end_than_its_policy_sets_is_refused_by_name()
    {
        await RecordAsync(1, ["gedit_44.2-1"], _importers[0], _importers[1]);
        await _node.HearAsync(_importers[0], _importers[1]);
        _node.Policy = _node.Policy with { Retired = [new RetiredLog(_importers[0].VerifierKey, 2, Sha256Digest.Of("another end"u8))] };
        await _node.RestartAsync();
        _node.Listing().ShouldBeEmpty();
        var status = _node.StatusOf(_importers[0]);
        (status.Health, status.Entries).ShouldBe((LogHealth.Refused, 0));
        status.Reason.ShouldNotBeNull().ShouldContain("retired");
        await RecordAsync(1, ["gedit_44.2-1"], _importers[2]);
        await _node.HearAsync(_importers[2]);
        _node.Listing().ShouldBe(["gedit 44.2-1"]);
    }

    [Fact]
    public async Task A_frozen_node_becomes_stale_and_stays_readable_and_becomes_fresh_when_it_heals()
    {
        await RecordAsync(1, ["gedit_44.2-1"], _importers);
        await _node.HearAsync(_importers);
        _node.Catalog.Status().IsStale.ShouldBeFalse();
        _time.Advance(TimeSpan.FromHours(25));
        var stale = _node.Catalog.Status();
        stale.IsStale.ShouldBeTrue();
        stale.Logs.ShouldAllBe(log => log.Health == LogHealth.Stale && log.Age == TimeSpan.FromHours(25));
        _node.Listing().ShouldBe(["gedit 44.2-1"]);
        foreach (var importer in _importers.Take(2)) await importer.Log.HeartbeatAsync(CancellationToken.None);
        await _node.HearAsync(_importers);
        _node.Catalog.Status().IsStale.ShouldBeFalse("two fresh logs are as many as must agree");
        await _node.RestartAsync();
        _node.Catalog.Status().IsStale.ShouldBeFalse();
    }

    [Fact]
    public async Task Cosignatures_from_far_in_the_future_do_not_keep_a_log_fresh()
    {
        await RecordAsync(1, ["gedit_44.2-1"], _importers);
        await _node.HearAsync(_importers);
        var behind = new ManualTimeProvider(_time.GetUtcNow() - TimeSpan.FromMinutes(6));
        await using var node = new TestNode(behind, _node.Policy, _importers);
        await node.HearAsync(_importers);
        node.Catalog.Status().IsStale.ShouldBeTrue();
    }

    [Fact]
    public async Task An_equivocating_importer_is_shown_with_evidence_and_nothing_more_of_it_counts_also_after_a_restart()
    {
        await RecordAsync(1, ["gedit_44.2-1"], _importers);
        await _node.HearAsync(_importers);
        var liar = _importers[0];
        using var otherFace = new TestImporter(1, _time, _witnesses.Policy, _witnesses) { Store = liar.Store, Journal = liar.Journal.Cut(2) };
        otherFace.Restart();
        await RecordAsync(2, ["gedit_45.0-1"], liar, _importers[1]);
        await RecordAsync(2, ["backdoor_1"], otherFace);
        await _node.HearAsync(liar);
        await _node.HearAsync(otherFace);
        _node.StatusOf(liar).Health.ShouldBe(LogHealth.Forked);
        var evidence = _node.Catalog.Status().Forks.Single();
        evidence.Verify(out var error).ShouldBeTrue(error);

        await _node.RestartAsync();
        _node.StatusOf(liar).Health.ShouldBe(LogHealth.Forked);
        await RecordAsync(3, ["gedit_46.0-1"], liar);
        await RecordAsync(3, ["gedit_46.0-1"], _importers[1]);
        await _node.HearAsync(liar, _importers[1]);
        _node.Listing().ShouldBe(["gedit 45.0-1"], "what the liar signs now is no second voice; what was confirmed before stays");
        await RecordAsync(3, ["gedit_46.0-1"], _importers[2]);
        await _node.HearAsync(_importers[2]);
        _node.Listing().ShouldBe(["gedit 46.0-1"]);
    }

    [Fact]
    public async Task Two_nodes_that_were_shown_different_histories_both_raise_the_alarm_when_they_meet()
    {
        await RecordAsync(1, ["gedit_44.2-1"], _importers);
        var liar = _importers[0];
        using var otherFace = new TestImporter(1, _time, _witnesses.Policy, _witnesses) { Store = liar.Store, Journal = liar.Journal.Cut(2) };
        otherFace.Restart();
        await RecordAsync(2, ["a_1"], liar);
        await RecordAsync(2, ["b_1"], otherFace);
        await RecordAsync(3, ["b_2"], otherFace);
        await using var other = new TestNode(_time, _node.Policy, _importers);
        await _node.HearAsync(liar);
        await other.HearAsync(otherFace);
        foreach (var (from, to) in (ReadOnlySpan<(TestNode, TestNode)>)[(_node, other), (other, _node)])
        {
            var records = new List<ReadOnlyMemory<byte>>();
            from.Board.Read(0, 10, records);
            records.ForEach(record => to.Board.Offer(record));
        }
        await _node.Catalog.UpdateAsync(CancellationToken.None);
        await other.Catalog.UpdateAsync(CancellationToken.None);
        _node.StatusOf(liar).Health.ShouldBe(LogHealth.Forked);
        other.StatusOf(liar).Health.ShouldBe(LogHealth.Forked);
    }

    [Fact]
    public async Task An_absurd_date_of_one_importer_moves_nothing_and_its_next_key_begins_anew()
    {
        await RecordAsync(1, ["gedit_44.2-1"], _importers);
        var absurd = _importers[0].Suite(1, "gedit_99") with { Date = new DateTimeOffset(9999, 1, 1, 0, 0, 0, TimeSpan.Zero) };
        await _importers[0].AppendAsync(absurd);
        await _node.HearAsync(_importers);
        _node.Listing().ShouldBe(["gedit 44.2-1"]);
        using var renewed = new TestImporter(4, _time, _witnesses.Policy, _witnesses);
        _node.Sources.Add(renewed.Store);
        _node.Policy = Policy([renewed, _importers[1], _importers[2]]);
        await RecordAsync(1, ["gedit_44.2-1"], renewed);
        await RecordAsync(2, ["gedit_45.0-1"], renewed, _importers[1]);
        await _node.RestartAsync();
        await _node.HearAsync(renewed, _importers[1]);
        _node.Listing().ShouldBe(["gedit 45.0-1"]);
    }

    [Fact]
    public async Task While_an_index_cannot_be_had_the_one_before_is_shown()
    {
        await RecordAsync(1, ["gedit_44.2-1"], _importers);
        await _node.HearAsync(_importers);
        await RecordAsync(2, ["gedit_45.0-1"], _importers);
        foreach (var importer in _importers) importer.Store.Remove(importer.Suite(2, "gedit_45.0-1").Index).ShouldBeTrue();
        await _node.HearAsync(_importers);
        _node.Listing().ShouldBe(["gedit 44.2-1"]);
        (await _node.Catalog.UpdateAsync(CancellationToken.None)).ShouldBeFalse();
        _importers[0].Suite(2, "gedit_45.0-1");
        (await _node.Catalog.UpdateAsync(CancellationToken.None)).ShouldBeTrue();
        _node.Listing().ShouldBe(["gedit 45.0-1"]);
    }

    [Fact]
    public async Task The_evidence_names_the_logs_their_checkpoints_and_witnesses()
    {
        foreach (var importer in _importers.Take(2)) await importer.AppendAsync(importer.Suite(1, "gedit_44.2-1"), TestImporter.Tree("gedit_44.2-1"));
        await _node.HearAsync(_importers[0], _importers[1]);
        var evidence = _node.Catalog.Evidence("gedit", "44.2-1").ShouldNotBeNull();
        evidence.Needed.ShouldBe(2);
        evidence.Suite!.Date.ShouldBe(TestImporter.Day(1));
        evidence.Vouchers.Select(voucher => voucher.Log).ShouldBe(_importers.Take(2).Select(importer => importer.VerifierKey));
        evidence.Vouchers.ShouldAllBe(voucher => voucher.Size == 3 && voucher.Witnesses.Count == 4);
        evidence.Tree.ShouldBe(TestImporter.Tree("gedit_44.2-1"));
        evidence.TreeVouchers.Count.ShouldBe(2);
        evidence.Release.Artifact.ShouldBe(TestImporter.Deb("gedit_44.2-1"));
        _node.Catalog.Evidence("gedit", "1").ShouldBeNull();
    }
}
