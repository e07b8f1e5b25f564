using System.Text;
using SwarmFS.Core;

namespace SwarmFS.Import.Tests;

/// <summary>A mirror that lies about one of two suites: the lie is told by name, the other suite is brought up to date, and what was believed stands.</summary>
public sealed class HostileSuiteTests(AptImportTests.Keys keys) : IClassFixture<AptImportTests.Keys>, IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    private readonly SyncBench _bench = new(keys.Archive, keys.Stranger, Now);

    public void Dispose() => _bench.Dispose();

    private Mirror Mirror => _bench.Mirror;

    private byte[] InRelease
    {
        get => Mirror.Files["dists/test/InRelease"];
        set => Mirror.Files["dists/test/InRelease"] = value;
    }

    private Task<SyncResult> SyncAsync() => _bench.Workshop.Importer.SyncAsync(null, CancellationToken.None);

    private static SuitePublication Suite(DateTimeOffset date, string version, string codename = "test") => new(codename, date, new Dictionary<string, string>
    {
        ["main"] = $"Package: a\nVersion: {version}\nArchitecture: amd64\nFilename: pool/a.deb\nSize: 5\nSHA256: {Sha256Digest.Of(Encoding.ASCII.GetBytes(version))}\n\n",
    });

    private void Publish(SuitePublication suite) => Mirror.Publish(suite, text => keys.Archive.ClearSign(text));

    private string IndexPath => Mirror.Files.Keys.Single(path => path.StartsWith("dists/test/main", StringComparison.Ordinal));

    /// <summary>Honest words from two days ago; then a lie, twice and after a restart, beside an honest change of the other suite; then the truth.</summary>
    private async Task<string> LieAsync(Action lie)
    {
        _bench.Configure("test test-updates");
        Publish(Suite(Now.AddDays(-2), "1"));
        Publish(Suite(Now.AddDays(-2), "1", "test-updates"));
        var before = (await SyncAsync()).Suites[0];
        var accepted = Accepted();
        var truth = Mirror.Files.ToArray();
        foreach (var path in Mirror.Files.Keys.Where(path => path.StartsWith("dists/test/", StringComparison.Ordinal))) Mirror.Files.TryRemove(path, out _);
        lie();
        Publish(Suite(Now.AddHours(-1), "2", "test-updates"));
        var message = "";
        for (var round = 0; round < 2; round++)
        {
            var result = await SyncAsync();
            var failure = result.Failures.ShouldHaveSingleItem();
            (failure.IsRefused, failure.Source).ShouldBe((true, $"{Mirror.Address} test"));
            message = failure.Message;
            result.Suites[0].ShouldBe(before with { IsChanged = false, Fetched = 0, Evidence = result.Suites[0].Evidence, Signers = result.Suites[0].Signers });
            (result.Suites[1].Date, result.Suites[1].IsChanged).ShouldBe((Now.AddHours(-1), round == 0));
            Accepted().ShouldBe(accepted);
            _bench.Workshop.Store.Pins.ShouldContain(pin => pin.Root == before.Index);
            Directory.GetFileSystemEntries(Path.Join(_bench.Workshop.State, "scratch")).ShouldBeEmpty();
            _bench.Workshop.Restart();
        }
        foreach (var (path, file) in truth.Where(pair => pair.Key.StartsWith("dists/test/", StringComparison.Ordinal))) Mirror.Files[path] = file;
        (await SyncAsync()).Failures.ShouldBeEmpty();
        return message;
    }

    private string Accepted() => File.ReadAllText(
        Directory.GetFiles(_bench.Workshop.State, AcceptedSuite.FileName, SearchOption.AllDirectories).Single(path => !path.Contains("updates", StringComparison.Ordinal)));

    [Fact]
    public async Task Altered_packages_are_refused() => (await LieAsync(() =>
    {
        Publish(Suite(Now.AddDays(-1), "9"));
        Mirror.Files[IndexPath][^1] ^= 1;
    })).ShouldContain("SHA-256");

    [Fact]
    public async Task Stale_packages_under_a_new_text_are_refused() => (await LieAsync(() =>
    {
        Publish(Suite(Now.AddDays(-2), "1"));
        var stale = Mirror.Files[IndexPath];
        Mirror.Files.TryRemove(IndexPath, out _).ShouldBeTrue();
        Publish(Suite(Now.AddDays(-1), "9"));
        Mirror.Files[IndexPath] = stale;
    })).ShouldContain("refused");

    [Fact]
    public async Task A_text_without_signature_is_refused() => (await LieAsync(() => Mirror.Publish(Suite(Now.AddDays(-1), "9"), text => text))).ShouldContain("not signed");

    [Fact]
    public async Task A_text_that_another_key_signed_is_refused() =>
        (await LieAsync(() => Mirror.Publish(Suite(Now.AddDays(-1), "9"), text => keys.Stranger.ClearSign(text)))).ShouldContain("unknown key");

    [Fact]
    public async Task Weak_hashes_alone_are_refused() => (await LieAsync(() => Publish(Suite(Now.AddDays(-1), "9") with { Weak = true }))).ShouldContain("weaker");

    [Fact]
    public async Task A_signature_over_a_weak_hash_is_refused() =>
        (await LieAsync(() => Mirror.Publish(Suite(Now.AddDays(-1), "9"), text => keys.Archive.ClearSign(text, "SHA1")))).ShouldContain("weak hash");

    [Fact]
    public async Task A_suite_that_is_rolled_back_is_refused() => (await LieAsync(() => Publish(Suite(Now.AddDays(-3), "0")))).ShouldContain("rolled back");

    [Fact]
    public async Task A_suite_that_is_no_longer_valid_is_refused() =>
        (await LieAsync(() => Publish(Suite(Now.AddDays(-1), "9") with { ValidUntil = Now.AddHours(-1) }))).ShouldContain("valid until");

    [Fact]
    public async Task Another_suite_of_the_same_archive_is_refused() => (await LieAsync(() =>
    {
        Publish(Suite(Now.AddDays(-1), "9", "other"));
        InRelease = Mirror.Files["dists/other/InRelease"];
    })).ShouldContain("other");

    [Fact]
    public async Task Text_before_and_behind_the_signed_text_is_refused()
    {
        (await LieAsync(() =>
        {
            Publish(Suite(Now.AddDays(-2), "1"));
            InRelease = [.. "Suite: test\n"u8, .. InRelease];
        })).ShouldContain("before the signed text");
        var honest = InRelease;
        InRelease = [.. honest, .. "Suite: test\n"u8];
        (await SyncAsync()).Failures.Single().Message.ShouldContain("follows the signature");
        InRelease = [.. honest, .. honest];
        (await SyncAsync()).Failures.Single().Message.ShouldContain("follows the signature");
    }

    [Fact]
    public async Task Whoever_malleates_the_signed_text_changes_nothing_that_is_recorded()
    {
        _bench.Configure("test", keyring: "both.gpg");
        Mirror.Publish(Suite(Now.AddDays(-1), "1"), text => keys.Archive.ClearSignTogether(keys.Stranger, text));
        var original = InRelease;
        var first = (await SyncAsync()).Suites.Single();
        first.Signers.Count.ShouldBe(2);
        byte[][] variants =
        [
            [.. original, .. "  \n\t\n"u8], ClearSignedText.WithTrailingBlanks(original), ClearSignedText.WithCarriageReturns(original, everywhere: false),
            ClearSignedText.WithCarriageReturns(original, everywhere: true), ClearSignedText.WithDash(original), ClearSignedText.WithSignature(original, 0), ClearSignedText.WithSignature(original, 1),
        ];
        foreach (var variant in variants)
        {
            variant.ShouldNotBe(original);
            // Both a node that knew the suite and one that meets it like this.
            using var other = new SyncBench(keys.Archive, keys.Stranger, Now);
            other.Add("mirror", Mirror, "test", keyring: "both.gpg");
            InRelease = variant;
            foreach (var result in new[] { await SyncAsync(), await other.Workshop.Importer.SyncAsync(null, CancellationToken.None) })
            {
                result.Failures.ShouldBeEmpty();
                var suite = result.Suites.Single();
                (suite.Namespace, suite.Date, suite.Payload, suite.Packages, suite.PackagesSize, suite.Index, suite.Entries).ShouldBe(
                    (first.Namespace, first.Date, first.Payload, first.Packages, first.PackagesSize, first.Index, first.Entries));
            }
        }
        var last = (await SyncAsync()).Suites.Single();
        last.IsChanged.ShouldBeFalse();
        last.Evidence.ToArray().ShouldBe(original);
        last.Signers.Count.ShouldBe(2);
    }
}
