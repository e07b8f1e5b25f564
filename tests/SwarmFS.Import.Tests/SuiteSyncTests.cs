using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using SwarmFS.Catalog;
using SwarmFS.Core;

namespace SwarmFS.Import.Tests;

/// <summary>All suites of a system at once: what they prove, what that costs, and that a liar changes nothing.</summary>
public sealed class SuiteSyncTests(AptImportTests.Keys keys) : IClassFixture<AptImportTests.Keys>, IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    private readonly SyncBench _bench = new(keys.Archive, keys.Stranger, Now);

    public void Dispose() => _bench.Dispose();

    private Mirror Mirror => _bench.Mirror;

    private Workshop Workshop => _bench.Workshop;

    private Task<SyncResult> SyncAsync(string? suite = null) => Workshop.Importer.SyncAsync(suite, CancellationToken.None);

    private void Publish(SuitePublication suite) => Mirror.Publish(suite, text => keys.Archive.ClearSign(text));

    private static SuitePublication Suite(string codename, DateTimeOffset date, string packages) => new(codename, date, new Dictionary<string, string> { ["main"] = packages });

    private static string Stanza(string name, string version) =>
        $"Package: {name}\nVersion: {version}\nArchitecture: amd64\nFilename: pool/main/{name[0]}/{name}/{name}_{version}_amd64.deb\nSize: {name.Length}\nSHA256: {Sha256Digest.Of(Encoding.ASCII.GetBytes(name + version))}\n\n";

    private static string Stanzas(int count, Func<int, string> version) => string.Concat(Enumerable.Range(0, count).Select(i => Stanza($"package-{i:d6}", version(i))));

    [Fact]
    public async Task Each_index_of_each_source_is_told_with_what_it_proves()
    {
        _bench.Configure("test test-updates test-security", "main contrib");
        var main = Stanza("gedit", "44.2-1") + Stanza("gedit-common", "1:2~rc1");
        Mirror.Publish(new SuitePublication("test", Now.AddDays(-30), new Dictionary<string, string> { ["main"] = main, ["contrib"] = "" }), text => keys.Archive.ClearSign(text));
        Mirror.Publish(new SuitePublication("test-updates", Now.AddDays(-2), new Dictionary<string, string> { ["main"] = Stanza("a", "2"), ["contrib"] = Stanza("b", "1") }), text => keys.Archive.ClearSign(text));
        Mirror.Publish(
            new SuitePublication("test-security", Now.AddHours(-1), new Dictionary<string, string> { ["main"] = Stanza("gedit", "44.2-1+deb12u1"), ["contrib"] = "" }) { Origin = "Debian Security", ValidUntil = Now.AddDays(7) },
            text => keys.Archive.ClearSign(text));
        var result = await SyncAsync();
        result.Failures.ShouldBeEmpty();
        result.Superseded.ShouldBeEmpty();
        result.Suites.Select(suite => suite.Namespace).ShouldBe(
            ["debian/test/main/amd64", "debian/test/contrib/amd64", "debian/test-updates/main/amd64", "debian/test-updates/contrib/amd64", "debian-security/test-security/main/amd64", "debian-security/test-security/contrib/amd64"]);
        var first = result.Suites[0];
        (first.Date, first.Packages, first.PackagesSize, first.Entries).ShouldBe((Now.AddDays(-30), Sha256Digest.Of(Encoding.ASCII.GetBytes(main)), main.Length, 2));
        first.Signers.ShouldBe([keys.Archive.Fingerprint]);
        first.Evidence.ToArray().ShouldBe(Mirror.Files["dists/test/InRelease"]);
        first.IsChanged.ShouldBeTrue();
        result.Suites.Sum(suite => suite.Fetched).ShouldBe(Mirror.Files.Values.Sum(file => (long)file.Length));
        new SuiteIndex(Workshop.Store, first.Index).Versions("gedit-common").Single().Version.ShouldBe("1%3a2~rc1");
        Workshop.Store.Pins.Where(pin => pin.Reason == "catalogue").Select(pin => pin.Root).ShouldBe(result.Suites.Select(suite => suite.Index).Distinct(), ignoreOrder: true);
        Mirror.Asked.ShouldAllBe(path => path.EndsWith("InRelease", StringComparison.Ordinal) || path.Contains("by-hash", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_suite_that_did_not_change_costs_its_signed_text_and_nothing_else()
    {
        _bench.Configure("test test-updates");
        Publish(Suite("test", Now.AddDays(-1), Stanzas(3_000, _ => "1")));
        Publish(Suite("test-updates", Now.AddDays(-1), Stanza("a", "1")));
        var before = await SyncAsync();
        var blocks = Workshop.Store.Count;
        for (var round = 0; round < 2; round++)
        {
            Mirror.Asked.Clear();
            var after = await SyncAsync();
            after.Suites.Select(suite => suite.Index).ShouldBe(before.Suites.Select(suite => suite.Index));
            after.Suites.ShouldAllBe(suite => !suite.IsChanged);
            after.Suites.Select(suite => suite.Fetched).ShouldBe([Mirror.Files["dists/test/InRelease"].Length, Mirror.Files["dists/test-updates/InRelease"].Length]);
            Mirror.Asked.ShouldBe(["dists/test/InRelease", "dists/test-updates/InRelease"]);
            Workshop.Store.Count.ShouldBe(blocks);
            Workshop.Restart();
        }
    }

    [Fact]
    public async Task A_new_text_over_the_same_packages_is_a_change_that_costs_the_text_alone()
    {
        _bench.Configure("test");
        Publish(Suite("test", Now.AddDays(-2), Stanza("a", "1")));
        var before = (await SyncAsync()).Suites.Single();
        Publish(Suite("test", Now.AddDays(-1), Stanza("a", "1")));
        Mirror.Asked.Clear();
        var after = (await SyncAsync()).Suites.Single();
        (after.IsChanged, after.Index, after.Packages, after.Date).ShouldBe((true, before.Index, before.Packages, Now.AddDays(-1)));
        after.Payload.ShouldNotBe(before.Payload);
        Mirror.Asked.ShouldBe(["dists/test/InRelease"]);
    }

    [Fact]
    public async Task An_index_that_the_store_lost_is_made_again_of_what_lies_on_disk()
    {
        _bench.Configure("test");
        Publish(Suite("test", Now.AddDays(-1), Stanzas(2_000, _ => "1")));
        var before = (await SyncAsync()).Suites.Single();
        foreach (var cid in Workshop.Store.Cids) Workshop.Store.Remove(cid);
        Workshop.Restart();
        Mirror.Asked.Clear();
        var after = (await SyncAsync()).Suites.Single();
        after.Index.ShouldBe(before.Index);
        new SuiteIndex(Workshop.Store, after.Index).Entries().Count().ShouldBe(2_000);
        Mirror.Asked.ShouldBe(["dists/test/InRelease"]);
    }

    [Fact]
    public async Task What_was_accepted_before_there_were_indices_needs_no_second_fetch()
    {
        _bench.Configure("test");
        Publish(Suite("test", Now.AddDays(-1), Stanza("a", "1")));
        var before = (await SyncAsync()).Suites.Single();
        var accepted = Directory.GetFiles(Workshop.State, AcceptedSuite.FileName, SearchOption.AllDirectories).ShouldHaveSingleItem();
        var old = JsonNode.Parse(File.ReadAllText(accepted))!;
        foreach (var field in new[] { "Namespace", "Index", "Entries" }) old["Indices"]![0]!.AsObject().Remove(field).ShouldBeTrue();
        File.WriteAllText(accepted, old.ToJsonString());
        File.Delete(Path.Join(Path.GetDirectoryName(accepted), "InRelease"));
        Workshop.Restart();
        Mirror.Asked.Clear();
        var after = (await SyncAsync()).Suites.Single();
        (after.Namespace, after.Index, after.Entries).ShouldBe((before.Namespace, before.Index, before.Entries));
        Mirror.Asked.ShouldBe(["dists/test/InRelease"]);
    }

    [Fact]
    public async Task An_update_writes_as_many_blocks_as_it_changes()
    {
        _bench.Configure("test");
        Publish(Suite("test", Now.AddDays(-3), Stanzas(20_000, _ => "1.0-1")));
        var first = (await SyncAsync()).Suites.Single();
        var blocks = Workshop.Store.Count;
        blocks.ShouldBeGreaterThan(40);
        Publish(Suite("test", Now.AddDays(-2), Stanzas(20_000, i => i is >= 7_000 and < 7_050 ? "1.0-2" : "1.0-1")));
        var second = (await SyncAsync()).Suites.Single();
        second.Index.ShouldNotBe(first.Index);
        (Workshop.Store.Count - blocks).ShouldBeInRange(2, 5);
        blocks = Workshop.Store.Count;
        // Fifty that lie as far apart as can be: a leaf for each at the most, some of them cut anew.
        Publish(Suite("test", Now.AddDays(-1), Stanzas(20_000, i => i % 2_000 == 0 ? "1.0-3" : i is >= 7_000 and < 7_050 ? "1.0-2" : "1.0-1")));
        (await SyncAsync()).Suites.Single().Entries.ShouldBe(20_000);
        (Workshop.Store.Count - blocks).ShouldBeInRange(10, 22);
    }

    [Fact]
    public async Task An_index_that_is_superseded_is_told_until_it_is_unpinned()
    {
        _bench.Configure("test");
        Publish(Suite("test", Now.AddDays(-2), Stanza("a", "1")));
        var first = (await SyncAsync()).Suites.Single().Index;
        Publish(Suite("test", Now.AddDays(-1), Stanza("a", "2")));
        var result = await SyncAsync();
        result.Superseded.ShouldBe([first]);
        Workshop.Restart();
        (await SyncAsync()).Superseded.ShouldBe([first]);
        Workshop.Store.Unpin(first).ShouldBeTrue();
        (await SyncAsync()).Superseded.ShouldBeEmpty();
        Workshop.Store.Pins.Single().Root.ShouldBe(result.Suites.Single().Index);
    }

    [Fact]
    public async Task Of_two_mirrors_of_one_suite_the_later_one_counts()
    {
        _bench.Configure("test");
        Publish(Suite("test", Now.AddDays(-2), Stanza("a", "1")));
        using var late = new Mirror();
        late.Publish(Suite("test", Now.AddDays(-1), Stanza("a", "2")), text => keys.Archive.ClearSign(text));
        _bench.Add("late", late, "test");
        var result = await SyncAsync();
        result.Suites.Select(suite => (suite.Namespace, suite.Date)).ShouldBe([("debian/test/main/amd64", Now.AddDays(-2)), ("debian/test/main/amd64", Now.AddDays(-1))]);
        result.Superseded.ShouldBe([result.Suites[0].Index]);
    }

    [Fact]
    public async Task Only_the_sources_of_the_suite_that_is_asked_for_are_asked()
    {
        _bench.Configure("test test-updates");
        Publish(Suite("test", Now.AddDays(-1), Stanza("a", "1")));
        Publish(Suite("test-updates", Now.AddDays(-1), Stanza("a", "2")));
        (await SyncAsync("test-updates")).Suites.Single().Namespace.ShouldBe("debian/test-updates/main/amd64");
        Mirror.Asked.ShouldAllBe(path => path.StartsWith("dists/test-updates/", StringComparison.Ordinal));
        (await SyncAsync("test")).Superseded.ShouldBeEmpty();
        (await Should.ThrowAsync<ImportRefusedException>(SyncAsync("absent"))).Message.ShouldContain("test-updates");
    }

    [Fact]
    public async Task The_index_depends_neither_on_the_order_of_stanzas_nor_on_the_locale()
    {
        _bench.Configure("test");
        string[] stanzas = [.. Enumerable.Range(0, 1_500).Select(i => Stanza($"package-{i:d4}", $"{i % 7}.{i % 3}-1"))];
        Publish(Suite("test", Now.AddDays(-2), string.Concat(stanzas)));
        var straight = (await SyncAsync()).Suites.Single();
        var culture = CultureInfo.CurrentCulture;
        try
        {
            var foreign = (CultureInfo)CultureInfo.InvariantCulture.Clone();
            (foreign.NumberFormat.NumberGroupSeparator, foreign.NumberFormat.NegativeSign, foreign.NumberFormat.PositiveSign) = ("'", "~", "plus");
            // Flows with the test's own tasks and threads; the process's default would be the parallel tests' as well.
            CultureInfo.CurrentCulture = foreign;
            Publish(Suite("test", Now.AddDays(-1), string.Concat(stanzas.Reverse().Concat(stanzas))));
            var reversed = (await SyncAsync()).Suites.Single();
            reversed.Packages.ShouldNotBe(straight.Packages);
            (reversed.Index, reversed.Entries).ShouldBe((straight.Index, 1_500));
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
        }
    }

    [Fact]
    public async Task What_cannot_stand_in_an_index_is_passed_over_and_what_proves_nothing_is_refused()
    {
        _bench.Configure("test");
        var foreign = Stanza("c", "1").Replace("amd64\nFile", "armhf\nFile", StringComparison.Ordinal);
        Publish(Suite("test", Now.AddDays(-2), Stanza("a", "1") + Stanza("b", "v1") + Stanza("UPPER", "1") + Stanza(new string('n', 100), "1" + new string('0', 160)) + foreign));
        var accepted = (await SyncAsync()).Suites.Single();
        new SuiteIndex(Workshop.Store, accepted.Index).Names().ShouldBe(["a"]);
        foreach (var (from, to) in new[] { ("SHA256: ", "SHA1: "), ("Size: 1", "Size: +1"), ("Size: 1", "Size: 0"), ("Filename: pool", "Filename: ../pool"), ("Package: a", "Name: a") })
        {
            Publish(Suite("test", Now.AddDays(-1), Stanza("a", "1").Replace(from, to, StringComparison.Ordinal)));
            var result = await SyncAsync();
            result.Failures.Single().IsRefused.ShouldBeTrue();
            result.Suites.Single().Payload.ShouldBe(accepted.Payload);
        }
    }

    [Fact]
    public async Task A_source_that_is_silent_stands_by_what_it_said_while_that_holds()
    {
        _bench.Configure("test test-security");
        Publish(Suite("test", Now.AddDays(-1), Stanza("a", "1")));
        Publish(Suite("test-security", Now.AddDays(-1), Stanza("a", "2")) with { ValidUntil = Now.AddDays(1) });
        var before = await SyncAsync();
        Mirror.Files.Clear();
        Workshop.Restart();
        var silent = await SyncAsync();
        silent.Suites.Select(suite => (suite.Namespace, suite.Index, suite.IsChanged, suite.Fetched)).ShouldBe(before.Suites.Select(suite => (suite.Namespace, suite.Index, false, 0L)));
        silent.Failures.Count.ShouldBe(2);
        silent.Failures.ShouldAllBe(failure => !failure.IsRefused);
        _bench.Time.Now = Now.AddDays(2);
        var expired = await SyncAsync();
        expired.Suites.Single().Namespace.ShouldBe("debian/test/main/amd64");
        expired.Superseded.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_namespace_belongs_to_the_keys_that_signed_it_first()
    {
        _bench.Configure("test");
        Publish(Suite("test", Now.AddDays(-2), Stanza("a", "1")));
        using var stranger = new Mirror();
        stranger.Publish(Suite("test", Now.AddDays(-1), Stanza("a", "9")), text => keys.Stranger.ClearSign(text));
        _bench.Add("stranger", stranger, "test", keyring: "stranger.asc");
        var result = await SyncAsync();
        result.Suites.Single().Date.ShouldBe(Now.AddDays(-2));
        result.Failures.Single().Message.ShouldContain("no key that signed it");
        result.Superseded.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task A_suite_that_does_not_say_whose_it_is_does_not_come_into_the_catalogue_but_can_be_imported_from()
    {
        _bench.Configure("test");
        Mirror.Publish(keys.Archive, Now.AddDays(-1));
        var result = await SyncAsync();
        result.Suites.ShouldBeEmpty();
        result.Failures.Single().Message.ShouldContain("Origin");
        (await Workshop.Importer.ImportAptAsync("demo", CancellationToken.None)).Version.ShouldBe("1.0");
    }

    [Theory]
    [InlineData("Debian", "bookworm", "main", "amd64", "debian/bookworm/main/amd64")]
    [InlineData("Debian Backports", "bookworm-backports", "non-free-firmware", "all", "debian-backports/bookworm-backports/non-free-firmware/all")]
    [InlineData("Öffner/..", "stable/updates", "updates/main", "amd64", "-ffner-../stable-updates/updates-main/amd64")]
    [InlineData("İ", "K", "flat", "amd64", "-/k/flat/amd64")]
    [InlineData(null, "bookworm", "main", "amd64", null)]
    [InlineData("Debian", "", "main", "amd64", null)]
    [InlineData("..", "bookworm", "main", "amd64", null)]
    [InlineData("Pub", "stable", "main", "amd64", null)]
    [InlineData("Publisher", "stable", "main", "amd64", "publisher/stable/main/amd64")]
    public void A_namespace_is_made_of_plain_words(string? origin, string? codename, string component, string architecture, string? expected)
    {
        SuiteNamespace.Of(origin, codename, component, architecture).ShouldBe(expected);
        SuiteNamespace.Of(new string('o', 230), "codename", "main", "amd64").ShouldBe(null);
    }
}
