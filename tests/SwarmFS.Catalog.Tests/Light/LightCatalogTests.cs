using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using SwarmFS.Core;
using SwarmFS.Testing;
using SwarmFS.Transparency;

namespace SwarmFS.Catalog.Tests;

public sealed class LightCatalogTests : IAsyncDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly Witnesses _witnesses;
    private readonly TestImporter[] _importers;
    private readonly MemoryStateFiles _files = new();
    private readonly MemoryStateFiles _boardFiles = new();
    private readonly SharedBlocks _blocks;
    private CatalogPolicy _policy;
    private AnnouncementBoard _board;
    private readonly TestOrigin _origin = new();
    private LightCatalog _light;

    public LightCatalogTests()
    {
        _witnesses = new Witnesses(_time, 3, 2);
        _importers = [.. Enumerable.Range(1, 3).Select(number => new TestImporter((byte)number, _time, _witnesses.Policy, _witnesses))];
        _policy = new CatalogPolicy
        {
            Logs = [.. _importers.Select(importer => importer.VerifierKey)],
            Confirmations = 2,
            Witnesses = _witnesses.Policy,
            Publishers = [_importers[0].Key.PublicKey],
        };
        _blocks = new SharedBlocks(new MemoryBlockStore(), [.. _importers.Select(importer => importer.Store)]);
        (_board, _light) = Open();
    }

    public async ValueTask DisposeAsync()
    {
        await _light.DisposeAsync();
        foreach (var importer in _importers) importer.Dispose();
        _witnesses.Dispose();
    }

    private (AnnouncementBoard, LightCatalog) Open()
    {
        var board = new AnnouncementBoard(_policy, own: null, _boardFiles, NullLoggerFactory.Instance);
        return (board, new LightCatalog(_policy, board, _files, _blocks, _origin, TimeSpan.FromSeconds(15), _time, NullLoggerFactory.Instance));
    }

    private async Task RestartAsync()
    {
        await _light.DisposeAsync();
        (_board, _light) = Open();
    }

    private void Hear(params IEnumerable<TestImporter> importers)
    {
        foreach (var importer in importers) _board.Offer(importer.Announcement);
    }

    private async Task<string?> FindAsync(string name) =>
        await _light.FindAsync(Encoding.ASCII.GetBytes(name), CancellationToken.None) is { } package ? string.Join(' ', package.Releases.Select(release => release.Version)) : null;

    private Task UnavailableAsync(string name) => Should.ThrowAsync<ContentUnavailableException>(() => FindAsync(name));

    private static async Task RecordAsync(int day, string[] packages, params TestImporter[] importers)
    {
        foreach (var importer in importers) await importer.AppendAsync(importer.Suite(day, packages));
    }

    /// <summary>A suite of so many packages that its index has many leaves.</summary>
    private static string[] Many() => [.. Enumerable.Range(0, 20_000).Select(i => $"package{i}_1.{i}")];

    [Fact]
    public async Task A_name_is_proven_to_be_there_or_not_by_few_nodes_of_a_large_suite()
    {
        await RecordAsync(1, [.. Many(), "gedit_44.2-1", "gedit_45.0-1", "gedit-common_45.0-1"], _importers);
        Hear(_importers);
        (await FindAsync("gedit")).ShouldBe("44.2-1 45.0-1");
        (await FindAsync("geditor")).ShouldBeNull();
        (await FindAsync("package777")).ShouldBe("1.777");
        _light.Current.Count.ShouldBe(2);
        _light.ProofsChecked.ShouldBe(3);
        var whole = _importers[0].Store.Bytes;
        _light.BytesRead.ShouldBeLessThan(whole / 4);
    }

    [Fact]
    public async Task What_two_of_three_logs_agree_on_is_answered_and_a_lone_liar_is_outvoted()
    {
        await RecordAsync(1, ["gedit_44.2-1"], _importers[0], _importers[1]);
        await RecordAsync(1, ["gedit_44.2-1", "backdoor_1"], _importers[2]);
        Hear(_importers);
        (await FindAsync("gedit")).ShouldBe("44.2-1");
        (await FindAsync("backdoor")).ShouldBeNull();
        await RecordAsync(2, ["gedit_45.0-1"], _importers[0]);
        Hear(_importers[0]);
        await UnavailableAsync("gedit");
        await RecordAsync(2, ["gedit_45.0-1"], _importers[1]);
        Hear(_importers[1]);
        (await FindAsync("gedit")).ShouldBe("45.0-1");
    }

    [Fact]
    public async Task Fewer_logs_than_must_agree_answer_nothing()
    {
        await RecordAsync(1, ["gedit_44.2-1"], _importers);
        Hear(_importers[0]);
        await UnavailableAsync("gedit");
        Hear(_importers[1]);
        (await FindAsync("gedit")).ShouldBe("44.2-1");
    }

    [Fact]
    public async Task A_tree_and_a_publishers_release_are_found_when_two_logs_have_them()
    {
        var release = ReleaseRecord.Sign("my_tool", "1_0", 1, TestImporter.Root("tool"), null, TestImporter.Day(1), _importers[0].Key);
        foreach (var importer in _importers.Take(2)) await importer.AppendAsync(importer.Suite(1, "gedit_44.2-1", "hello_1"), TestImporter.Tree("gedit_44.2-1"), release);
        await _importers[1].AppendAsync(TestImporter.Tree("hello_1"));
        Hear(_importers[0], _importers[1]);
        (await FindAsync("my_tool")).ShouldBe("1_0");
        var gedit = (await _light.FindAsync("gedit"u8.ToArray(), CancellationToken.None))!.Latest;
        (await _light.ResolveAsync(gedit, CancellationToken.None)).ShouldBe(TestImporter.Root("gedit_44.2-1"));
        var hello = (await _light.FindAsync("hello"u8.ToArray(), CancellationToken.None))!.Latest;
        var resolving = _light.ResolveAsync(hello, CancellationToken.None).AsTask();
        await _origin.AskedForAsync("hello_1");
        _origin.Fail("hello_1");
        await Should.ThrowAsync<ContentUnavailableException>(() => resolving);
    }

    [Fact]
    public async Task What_nobody_unpacked_is_made_once_and_believed_from_then_on()
    {
        foreach (var importer in _importers.Take(2)) await importer.AppendAsync(importer.Suite(1, "hello_1"));
        Hear(_importers[0], _importers[1]);
        var hello = (await _light.FindAsync("hello"u8.ToArray(), CancellationToken.None))!.Latest;
        var asked = Enumerable.Range(0, 3).Select(_ => _light.ResolveAsync(hello, CancellationToken.None).AsTask()).ToList();
        await _origin.AskedForAsync("hello_1");
        _origin.Release("hello_1");
        (await Task.WhenAll(asked)).ShouldAllBe(root => root == TestImporter.Root("hello_1"));
        (await _light.ResolveAsync(hello, CancellationToken.None)).ShouldBe(TestImporter.Root("hello_1"));
        _origin.Asked.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(300)]
    public async Task A_log_that_grew_is_believed_by_a_proof_from_its_tiles_also_after_a_restart(int batches)
    {
        await RecordAsync(1, ["gedit_44.2-1"], _importers);
        Hear(_importers);
        (await FindAsync("gedit")).ShouldBe("44.2-1");
        await RestartAsync();
        var before = _light.ProofsChecked;
        for (var i = 0; i < batches; i++) await _importers[0].AppendAsync(TestImporter.Tree($"a{i}_1"));
        await RecordAsync(2, ["gedit_45.0-1"], _importers[0], _importers[1]);
        Hear(_importers);
        (await FindAsync("gedit")).ShouldBe("45.0-1");
        _light.Forks.ShouldBeEmpty();
        _light.ProofsChecked.ShouldBe(before + 5, "two logs grew: a consistency and a head each; the third log proves its head again");
    }

    [Fact]
    public async Task A_log_with_two_histories_loses_its_voice_and_leaves_evidence_also_after_a_restart()
    {
        await RecordAsync(1, ["gedit_44.2-1"], _importers);
        var liar = _importers[0];
        using var otherFace = new TestImporter(1, _time, _witnesses.Policy, _witnesses) { Store = liar.Store, Journal = liar.Journal.Cut(2) };
        otherFace.Restart();
        await RecordAsync(2, ["gedit_45.0-1"], liar, _importers[1]);
        await RecordAsync(2, ["backdoor_1"], otherFace);
        await RecordAsync(3, ["backdoor_2"], otherFace);
        Hear(_importers);
        (await FindAsync("gedit")).ShouldBe("45.0-1");
        Hear(otherFace);
        await UnavailableAsync("gedit");
        _light.Forks.Single().Verify(out var error).ShouldBeTrue(error);
        await RestartAsync();
        _light.Forks.Count.ShouldBe(1);
        _light.Logs.Single(log => log.Key == liar.VerifierKey).Health.ShouldBe(LogHealth.Forked);
        await RecordAsync(2, ["gedit_45.0-1"], _importers[2]);
        Hear(_importers[2]);
        (await FindAsync("gedit")).ShouldBe("45.0-1");
    }

    [Fact]
    public async Task A_catalogue_that_mixes_the_record_of_one_state_with_the_index_of_another_has_no_voice()
    {
        var old = _importers[0].Suite(1, "gedit_44.2-1");
        await RecordAsync(2, ["gedit_45.0-1"], _importers);
        var mixed = new TreeBuilder(_importers[0].Store);
        var attributes = new EntryAttributes(0b111_101_101, 0, 0, 0, 0, 0, []);
        var path = $"suites/{CatalogNamespace.ToFileName(TestImporter.Debian)}";
        mixed.AddDirectory(Encoding.ASCII.GetBytes($"{path}/index"), attributes, old.Index, 1, 0);
        mixed.AddFile(Encoding.ASCII.GetBytes($"{path}/record"), attributes with { Permissions = 0b110_100_100 }, _importers[0].Suite(2, "gedit_45.0-1").Encode());
        var root = mixed.Finish().Root;
        var lookup = new LightLookup(root, (cid, token) => _blocks.GetAsync(root, cid, token));
        await Should.ThrowAsync<InvalidTreeException>(() => lookup.SuiteAsync(TestImporter.Debian, CancellationToken.None));
    }

    [Fact]
    public async Task A_missing_or_altered_node_on_the_path_is_no_proof_of_absence()
    {
        await RecordAsync(1, [.. Many(), "gedit_45.0-1"], _importers);
        Hear(_importers);
        (await FindAsync("package1")).ShouldBe("1.1");
        var fetched = _blocks.Fetched.Count;
        (await FindAsync("gedit")).ShouldBe("45.0-1");
        var leaf = _blocks.Fetched[^1];
        _blocks.Fetched.Count.ShouldBeGreaterThan(fetched);
        await RestartAsync();
        foreach (var importer in _importers) importer.Store.Remove(leaf);
        var empty = new SharedBlocks(new MemoryBlockStore(), [.. _importers.Select(importer => importer.Store)]);
        await using var light = new LightCatalog(_policy, _board, _files, empty, origin: null, TimeSpan.FromSeconds(15), _time, NullLoggerFactory.Instance);
        (await Should.ThrowAsync<ContentUnavailableException>(async () => await light.FindAsync("gedit"u8.ToArray(), CancellationToken.None))).Message.ShouldContain("gedit");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_retired_log_has_a_voice_up_to_its_end_also_where_it_was_believed_beyond_or_with_another(bool hasAnotherEnd)
    {
        await RecordAsync(1, ["gedit_44.2-1"], _importers);
        var stolen = _importers[0];
        using var thief = new TestImporter(1, _time, _witnesses.Policy, _witnesses) { Store = stolen.Store, Journal = stolen.Journal.Cut(hasAnotherEnd ? 0 : 2) };
        thief.Restart();
        await RecordAsync(2, ["backdoor_1"], thief);
        Hear(thief, _importers[1]);
        await _light.FindAsync("gedit"u8.ToArray(), CancellationToken.None).AsTask().ContinueWith(_ => { }, TaskScheduler.Default);
        _light.Logs[0].Entries.ShouldBe(hasAnotherEnd ? 2 : 4);
        CheckpointAnnouncement.TryRead(stolen.Announcement.Span, out var last, out _).ShouldBeTrue();
        Checkpoint.TryRead(last!.Note.Text, out var end, out _).ShouldBeTrue();
        _policy = _policy with { Retired = [new RetiredLog(stolen.VerifierKey, end!.Size, end.Root)] };

        await RestartAsync();
        Hear(thief);
        (await Should.ThrowAsync<ContentUnavailableException>(() => FindAsync("gedit"))).Message.ShouldContain("retired at 2 entries");
        _light.Logs[0].Entries.ShouldBe(0);
        Hear(stolen);
        (await FindAsync("gedit")).ShouldBe("44.2-1");
        (await FindAsync("backdoor")).ShouldBeNull();
        _light.Forks.ShouldBeEmpty();
    }

    [Fact]
    public async Task An_old_checkpoint_is_stale_and_stays_readable()
    {
        await RecordAsync(1, ["gedit_44.2-1"], _importers);
        Hear(_importers);
        await FindAsync("gedit");
        _light.IsStale.ShouldBeFalse();
        _time.Advance(TimeSpan.FromHours(25));
        _light.IsStale.ShouldBeTrue();
        (await FindAsync("gedit")).ShouldBe("44.2-1");
        foreach (var importer in _importers) await importer.Log.HeartbeatAsync(CancellationToken.None);
        Hear(_importers);
        await FindAsync("gedit");
        _light.IsStale.ShouldBeFalse();
    }
}
