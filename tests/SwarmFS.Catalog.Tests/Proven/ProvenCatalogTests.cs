using SwarmFS.Core;
using SwarmFS.Testing;

namespace SwarmFS.Catalog.Tests;

/// <summary>A node with a log of its own, and one that takes its word.</summary>
public sealed class ProvenCatalogTests : IAsyncDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly TestImporter _own;
    private readonly TestImporter _other;
    private readonly TestOrigin _origin = new();
    private readonly TestNode _node;

    public ProvenCatalogTests()
    {
        _own = new TestImporter(1, _time);
        _other = new TestImporter(2, _time);
        _node = new TestNode(_time, CatalogPolicy.OwnAnd(_own.VerifierKey, [_other.VerifierKey]), [_other], _own) { Origin = _origin };
    }

    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        _own.Dispose();
        _other.Dispose();
    }

    private ProvenCatalog Catalog => _node.Catalog;

    private Task<Release> PublishAsync(string name, string version, string content) => Catalog.PublishAsync(name, version, TestImporter.Root(content), artifact: null, publisher: null, CancellationToken.None);

    private Task RecordAsync(int day, params string[] packages) => Catalog.RecordSuitesAsync([_own.Suite(day, packages)], CancellationToken.None);

    [Fact]
    public async Task What_is_published_is_shown_told_and_there_again_after_a_kill()
    {
        var told = new List<string>();
        Catalog.Changed += told.AddRange;
        var release = await PublishAsync("my_tool", "1_0", "a");
        release.Root.ShouldBe(TestImporter.Root("a"));
        told.ShouldBe(["my_tool"]);
        (await PublishAsync("my_tool", "1_0", "a")).ShouldBe(release);
        _node.Find("my_tool")!.Latest.ShouldBe(release);
        await _node.RestartAsync();
        _node.Find("my_tool")!.Latest.ShouldBe(release);
        (await PublishAsync("my_tool", "1_1", "b")).Version.ShouldBe("1_1");
        _own.Log.State.Releases(long.MaxValue).Select(logged => logged.Record.Sequence).ShouldBe([1, 2]);
    }

    [Fact]
    public async Task A_version_never_changes_its_content_and_what_was_taken_back_is_not_shown()
    {
        await PublishAsync("tool", "1", "a");
        (await Should.ThrowAsync<CatalogRefusedException>(() => PublishAsync("tool", "1", "b"))).Message.ShouldContain("choose another version");
        await Should.ThrowAsync<CatalogRefusedException>(() => PublishAsync("tool", "1:2", "b"));
        await Should.ThrowAsync<CatalogRefusedException>(() => PublishAsync(new string('n', 128), new string('1', 200), "b"));
        await Catalog.RevokeAsync("tool", "1", "withdrawn: leaks", publisher: null, CancellationToken.None);
        _node.Listing().ShouldBeEmpty();
        (await Should.ThrowAsync<CatalogRefusedException>(() => PublishAsync("tool", "1", "a"))).Message.ShouldContain("withdrawn: leaks");
        await Should.ThrowAsync<CatalogRefusedException>(() => Catalog.PinAsync("tool", "1", allowRevoked: false, CancellationToken.None));
        await Should.ThrowAsync<CatalogRefusedException>(() => Catalog.RevokeAsync("tool", "2", "none", publisher: null, CancellationToken.None));
        (await Catalog.PinAsync("tool", "1", allowRevoked: true, CancellationToken.None)).Root.ShouldBe(TestImporter.Root("a"));
        _node.Listing().ShouldBe(["tool 1"]);
    }

    [Fact]
    public async Task Own_releases_come_first_then_suites_then_other_publishers()
    {
        await _other.AppendAsync(
            ReleaseRecord.Sign("gedit", "99", 1, TestImporter.Root("takeover"), null, TestImporter.Day(1), _other.Key),
            ReleaseRecord.Sign("theirs", "1", 2, TestImporter.Root("theirs"), null, TestImporter.Day(1), _other.Key));
        await _node.HearAsync(_other);
        await RecordAsync(1, "gedit_44.2-1", "mine_1");
        await PublishAsync("mine", "0.1", "mine");
        _node.Listing().ShouldBe(["gedit 44.2-1", "mine 0.1", "theirs 1"]);
    }

    [Fact]
    public async Task Suites_of_one_origin_are_one_list_and_of_two_origins_the_first_has_a_name()
    {
        await Catalog.RecordSuitesAsync(
            [
                _own.Suite("debian/bookworm/main/amd64", 1, "gedit_44.2-1", "g++_12"),
                _own.Suite("docker-ce/bookworm/stable/amd64", 1, "gedit_99", "docker_5"),
                _own.Suite("debian/bookworm-security/main/amd64", 2, "gedit_44.2-1+deb12u1", "gedit_44.2-1"),
            ],
            CancellationToken.None);
        _node.Listing().ShouldBe(["docker 5", "g++ 12", "gedit 44.2-1 44.2-1+deb12u1"]);
        Catalog.Status().Suites.Select(suite => suite.Namespace)
            .ShouldBe(["debian/bookworm/main/amd64", "debian/bookworm-security/main/amd64", "docker-ce/bookworm/stable/amd64"]);
        _node.Policy = _node.Policy with { Namespaces = ["docker-ce", "debian/bookworm/main"] };
        await _node.RestartAsync();
        _node.Listing().ShouldBe(["docker 5", "g++ 12", "gedit 99"]);
    }

    [Fact]
    public async Task Only_names_that_differ_between_two_indexes_are_told()
    {
        await RecordAsync(1, "a_1", "b_1", "c_1");
        var told = new List<string>();
        Catalog.Changed += told.AddRange;
        await RecordAsync(2, "a_1", "b_2", "d_1");
        told.ShouldBe(["b", "c", "d"]);
    }

    [Fact]
    public async Task A_pinned_version_is_latest_also_when_its_suite_no_longer_lists_it_and_after_a_restart()
    {
        await RecordAsync(1, "gedit_44.2-1");
        await RecordAsync(2, "gedit_45.0-1");
        _node.Find("gedit")!.Latest.Version.ShouldBe("45.0-1");
        var pinned = await Catalog.PinAsync("gedit", "44.2-1", allowRevoked: false, CancellationToken.None);
        pinned.Artifact.ShouldBe(TestImporter.Deb("gedit_44.2-1"));
        _node.Find("gedit")!.Latest.Version.ShouldBe("44.2-1");
        _node.Listing().ShouldBe(["gedit 44.2-1 45.0-1"]);
        await _node.RestartAsync();
        _node.Find("gedit")!.Latest.Version.ShouldBe("44.2-1");
        await RecordAsync(3, "gedit_46.0-1");
        _node.Find("gedit")!.Latest.Version.ShouldBe("44.2-1");
        (await Should.ThrowAsync<CatalogRefusedException>(() => Catalog.PinAsync("gedit", "1", allowRevoked: false, CancellationToken.None))).Message.ShouldContain("proves");
        Catalog.Unpin("gedit").ShouldBeTrue();
        Catalog.Unpin("gedit").ShouldBeFalse();
        _node.Listing().ShouldBe(["gedit 46.0-1"]);
    }

    [Fact]
    public async Task Every_past_day_is_readable_as_it_was()
    {
        await RecordAsync(1, "gedit_44.2-1");
        _time.Advance(TimeSpan.FromDays(1));
        await RecordAsync(2, "gedit_45.0-1");
        await PublishAsync("tool", "1", "a");
        _time.Advance(TimeSpan.FromHours(1));
        Catalog.Moments.ShouldBe(["2026-01-01"]);
        _time.Advance(TimeSpan.FromDays(1));
        Catalog.Moments.ShouldBe(["2026-01-01", "2026-01-02"]);
        TestNode.Listing((await Catalog.AtAsync("2026-01-01", CancellationToken.None))!).ShouldBe(["gedit 44.2-1"]);
        var second = (await Catalog.AtAsync("2026-01-02", CancellationToken.None)).ShouldNotBeNull();
        TestNode.Listing(second).ShouldBe(["gedit 45.0-1", "tool 1"]);
        second.Changed.ShouldBe(new DateTimeOffset(2026, 1, 2, 0, 0, 0, TimeSpan.Zero));
        TestNode.Listing((await Catalog.AtAsync("2026-01-01T12:00:00Z", CancellationToken.None))!).ShouldBe(["gedit 44.2-1"]);
        foreach (var none in (string[])["2025-12-31", "2026-02-01", "2026-01-03", "yesterday", "2026-1-1", "2026-01-01T12:00:00"])
            (await Catalog.AtAsync(none, CancellationToken.None)).ShouldBeNull(none);
        await _node.RestartAsync();
        TestNode.Listing((await Catalog.AtAsync("2026-01-01", CancellationToken.None))!).ShouldBe(["gedit 44.2-1"]);
        (await Catalog.HistoryAsync("gedit", CancellationToken.None)).Select(entry => $"{entry.Change} {entry.Release.Version} {entry.Time.Day}")
            .ShouldBe(["Appeared 44.2-1 1", "Appeared 45.0-1 2", "Vanished 44.2-1 2"]);
        (await Catalog.HistoryAsync("tool", CancellationToken.None)).Single().Change.ShouldBe(HistoryChange.Published);
    }

    [Fact]
    public async Task A_tree_is_made_once_for_all_who_ask_and_logged_with_others_of_the_same_second()
    {
        await _node.RestartAsync();
        await RecordAsync(1, "gedit_44.2-1", "hello_2.10-3");
        var before = _own.Log.State.Count;
        var gedit = _node.Find("gedit")!.Latest;
        gedit.Root.ShouldBeNull();
        var asked = Enumerable.Range(0, 5).Select(_ => Catalog.ResolveAsync(gedit, CancellationToken.None).AsTask()).ToList();
        _origin.Release("gedit_44.2-1");
        (await Task.WhenAll(asked)).ShouldAllBe(root => root == TestImporter.Root("gedit_44.2-1"));
        var hello = Catalog.ResolveAsync(_node.Find("hello")!.Latest, CancellationToken.None);
        _origin.Release("hello_2.10-3");
        await hello;
        _origin.Asked.Select(package => $"{package.Namespace} {package.Filename}")
            .ShouldBe([$"{TestImporter.Debian} pool/main/gedit_44.2-1_amd64.deb", $"{TestImporter.Debian} pool/main/hello_2.10-3_amd64.deb"]);
        _node.Find("gedit")!.Latest.Root.ShouldBe(TestImporter.Root("gedit_44.2-1"));
        _own.Log.State.Count.ShouldBe(before);
        _origin.Held.ShouldBe(2);
        _time.Advance(TimeSpan.FromSeconds(1));
        await WaitAsync(() => _origin.Held == 0);
        _own.Log.State.Count.ShouldBe(before + 3, "two trees and one head");
    }

    [Fact]
    public async Task What_was_made_is_logged_before_the_end()
    {
        await _node.RestartAsync();
        await RecordAsync(1, "gedit_44.2-1");
        var resolving = Catalog.ResolveAsync(_node.Find("gedit")!.Latest, CancellationToken.None);
        _origin.Release("gedit_44.2-1");
        await resolving;
        await _node.RestartAsync();
        _node.Find("gedit")!.Latest.Root.ShouldBe(TestImporter.Root("gedit_44.2-1"));
        _origin.Held.ShouldBe(0);
    }

    [Fact]
    public async Task A_failed_making_is_told_and_may_be_tried_again()
    {
        await _node.RestartAsync();
        await RecordAsync(1, "gedit_44.2-1");
        var gedit = _node.Find("gedit")!.Latest;
        var resolving = Catalog.ResolveAsync(gedit, CancellationToken.None).AsTask();
        _origin.Fail("gedit_44.2-1");
        await WaitAsync(() => _time.PendingTimers > 0);
        resolving.IsCompleted.ShouldBeFalse();
        _time.Advance(TimeSpan.FromSeconds(3));
        (await Should.ThrowAsync<ContentUnavailableException>(() => resolving)).Message.ShouldContain("mirror");
        var again = Catalog.ResolveAsync(gedit, CancellationToken.None);
        _origin.Release("gedit_44.2-1");
        (await again).ShouldBe(TestImporter.Root("gedit_44.2-1"));
    }

    [Fact]
    public async Task An_origin_that_delivers_nothing_is_an_error_in_time_and_what_it_delivers_later_is_had_at_once()
    {
        await _node.RestartAsync();
        await RecordAsync(1, "gedit_44.2-1");
        var gedit = _node.Find("gedit")!.Latest;
        var resolving = Catalog.ResolveAsync(gedit, CancellationToken.None).AsTask();
        await AdvanceAsync(14);
        _origin.Progress!.Report(MakingStage.Fetching);
        await AdvanceAsync(14);
        resolving.IsCompleted.ShouldBeFalse();
        for (var more = 0; more < 4 && !resolving.IsCompleted; more++) await AdvanceAsync(1);
        resolving.IsCompleted.ShouldBeTrue();
        (await Should.ThrowAsync<ContentUnavailableException>(() => resolving)).Message.ShouldContain("delivered nothing for 1");
        var again = Catalog.ResolveAsync(gedit, CancellationToken.None).AsTask();
        _origin.Progress.Report(MakingStage.Unpacking);
        await AdvanceAsync(100);
        again.IsCompleted.ShouldBeFalse();
        _origin.Release("gedit_44.2-1");
        (await again).ShouldBe(TestImporter.Root("gedit_44.2-1"));
        _origin.Asked.Count.ShouldBe(1);
    }

    /// <summary>Second by second, so that what comes due can set its next timer.</summary>
    private async Task AdvanceAsync(int seconds)
    {
        for (var i = 0; i < seconds; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            for (var turn = 0; turn < 100; turn++) await Task.Yield();
        }
    }

    /// <summary>With a slow origin, and with none.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_another_node_unpacks_meanwhile_is_taken_from_its_record(bool originFails)
    {
        await _node.RestartAsync();
        await RecordAsync(1, "gedit_44.2-1");
        var resolving = Catalog.ResolveAsync(_node.Find("gedit")!.Latest, CancellationToken.None).AsTask();
        if (originFails)
        {
            _origin.Fail("gedit_44.2-1");
            await WaitAsync(() => _time.PendingTimers > 0);
        }
        resolving.IsCompleted.ShouldBeFalse();
        await _other.AppendAsync(new TreeRecord(TestImporter.Deb("gedit_44.2-1"), TestImporter.Root("gedit_44.2-1"), 1, 1));
        await _node.HearAsync(_other);
        (await resolving).ShouldBe(TestImporter.Root("gedit_44.2-1"));
        if (!originFails) _origin.Release("gedit_44.2-1");
    }

    [Fact]
    public async Task A_publisher_with_two_releases_under_one_number_is_shown_and_the_first_stands()
    {
        await _other.AppendAsync(
            ReleaseRecord.Sign("tool", "1", 1, TestImporter.Root("a"), null, TestImporter.Day(1), _other.Key),
            ReleaseRecord.Sign("tool", "2", 1, TestImporter.Root("b"), null, TestImporter.Day(1), _other.Key),
            ReleaseRecord.Sign("tool", "1", 2, TestImporter.Root("c"), null, TestImporter.Day(1), _other.Key));
        await _node.HearAsync(_other);
        _node.Listing().ShouldBe(["tool 1"]);
        _node.Find("tool")!.Latest.Root.ShouldBe(TestImporter.Root("a"));
        Catalog.Status().Conflicts.Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_node_whose_state_was_restored_from_an_old_copy_signs_no_second_history()
    {
        await PublishAsync("tool", "1", "a");
        using var newer = new TestImporter(1, _time) { Journal = _own.Journal.Cut(int.MaxValue) };
        newer.Restart();
        await newer.AppendAsync(TestImporter.Tree("later_1"));
        await _node.HearAsync(newer);
        Catalog.Status().IsOwnAhead.ShouldBeTrue();
        (await Should.ThrowAsync<CatalogRefusedException>(() => PublishAsync("tool", "2", "b"))).Message.ShouldContain("fork");
    }

    [Fact]
    public async Task The_background_follows_what_is_heard_and_tries_again_what_could_not_be_had()
    {
        await _other.AppendAsync(_other.Suite(1, "gedit_44.2-1"));
        _node.Blocks.IsCutOff = true;
        Catalog.Start();
        _node.Board.Offer(_other.Announcement);
        await WaitAsync(() => _node.StatusOf(_other).Reason is not null);
        _node.Blocks.IsCutOff = false;
        await RetriedAsync();
    }

    /// <summary>Until a later round has shown the only package.</summary>
    private Task RetriedAsync() => WaitAsync(() =>
    {
        _time.Advance(TimeSpan.FromSeconds(10));
        return _node.Listing().Count == 1;
    });

    [Fact]
    public async Task A_log_that_its_quorum_has_not_seen_asks_when_the_node_starts_and_again_and_tells_what_it_waits_for()
    {
        using var witnesses = new Witnesses(_time, 1, 1);
        using var own = new TestImporter(3, _time, witnesses.Policy, witnesses);
        witnesses.Down.Add(0);
        await own.AppendAsync(own.Suite(1, "gedit_44.2-1"));
        own.Restart();
        await using var node = new TestNode(_time, CatalogPolicy.Own(own.VerifierKey) with { Witnesses = witnesses.Policy }, [], own);
        node.Catalog.Status().OwnUnpublished.ShouldNotBeNull().Missing.ShouldContain("0 of 1");
        var asked = witnesses.Requests.Count;
        node.Catalog.Start();
        await WaitAsync(() => witnesses.Requests.Count > asked);
        node.Listing().ShouldBeEmpty();
        witnesses.Down.Clear();
        await WaitAsync(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(10));
            return node.Listing().Count == 1;
        });
        node.Catalog.Status().OwnUnpublished.ShouldBeNull();
    }

    [Fact]
    public async Task What_says_nothing_new_makes_no_snapshot()
    {
        await _other.AppendAsync(_other.Suite(1, "gedit_44.2-1"));
        var old = _other.Announcement;
        await _other.AppendAsync(TestImporter.Tree("gedit_44.2-1"));
        await _node.HearAsync(_other);
        var shown = Catalog.Current;
        await _node.HearAsync(old);
        Catalog.Current.ShouldBeSameAs(shown);
        await _other.AppendAsync(TestImporter.Tree("hello_1"));
        await _node.HearAsync(_other);
        Catalog.Current.ShouldNotBeSameAs(shown);
    }

    [Fact]
    public async Task What_comes_while_the_disk_is_full_is_taken_up_when_it_is_not()
    {
        await _other.AppendAsync(_other.Suite(1, "gedit_44.2-1"));
        _node.Files.IsFull = true;
        Catalog.Start();
        _node.Board.Offer(_other.Announcement);
        await WaitAsync(() => _node.StatusOf(_other).Reason?.Contains("No space") == true);
        _node.Files.IsFull = false;
        await RetriedAsync();
    }

    [Fact]
    public async Task A_suite_whose_namespace_is_none_keeps_no_other_out()
    {
        await Catalog.RecordSuitesAsync([_own.Suite("pub/stable/main/amd64", 1, "odd_1"), _own.Suite(1, "gedit_44.2-1")], CancellationToken.None);
        _node.Listing().ShouldBe(["gedit 44.2-1"]);
        _own.Log.State.Namespaces.ShouldBe([TestImporter.Debian]);
    }

    [Fact]
    public async Task Publishing_waits_for_no_peer()
    {
        await _other.AppendAsync(_other.Suite(1, "gedit_44.2-1"));
        _node.Blocks.Stall = new TaskCompletionSource();
        _node.Board.Offer(_other.Announcement);
        var round = Catalog.UpdateAsync(CancellationToken.None);
        await PublishAsync("tool", "1", "a");
        _node.Listing().ShouldBe(["tool 1"]);
        round.IsCompleted.ShouldBeFalse();
        _node.Blocks.Stall.SetResult();
        (await round).ShouldBeTrue();
        _node.Listing().ShouldBe(["gedit 44.2-1", "tool 1"]);
    }

    private static async Task WaitAsync(Func<bool> condition)
    {
        var deadline = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            TimeProvider.System.GetElapsedTime(deadline).ShouldBeLessThan(TimeSpan.FromSeconds(20));
            await Task.Yield();
        }
    }
}
