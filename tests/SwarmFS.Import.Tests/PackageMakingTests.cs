using System.Text;
using SwarmFS.Catalog;
using SwarmFS.Core;

namespace SwarmFS.Import.Tests;

/// <summary>A package is made on its first use, from whichever source delivers the archive that the index proves.</summary>
public sealed class PackageMakingTests(AptImportTests.Keys keys) : IClassFixture<AptImportTests.Keys>, IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    private readonly SyncBench _bench = new(keys.Archive, keys.Stranger, Now);

    public void Dispose() => _bench.Dispose();

    private Importer Importer => _bench.Workshop.Importer;

    private async Task<ArtifactSource> PublishAsync(params Mirror[] mirrors)
    {
        foreach (var mirror in mirrors)
        {
            var stanza = mirror.AddPackage("demo", "1:1.0");
            mirror.Publish(new SuitePublication("test", Now.AddDays(-1), new Dictionary<string, string> { ["main"] = stanza }), text => keys.Archive.ClearSign(text));
            _bench.Add("mirror", mirror, "test");
        }
        var suite = (await Importer.SyncAsync(null, CancellationToken.None)).Suites[0];
        return new ArtifactSource(suite.Namespace, new SuiteIndex(_bench.Workshop.Store, suite.Index).Versions("demo").Single());
    }

    private Task<MadePackage> MakeAsync(ArtifactSource source) => Importer.MakeAsync(source, CancellationToken.None);

    [Fact]
    public async Task It_is_the_tree_that_an_import_makes_but_nothing_pins_it()
    {
        var source = await PublishAsync(_bench.Mirror);
        var store = _bench.Workshop.Store;
        var made = await MakeAsync(source);
        (made.Package.Name, made.Package.Version, made.Package.Evidence.Artifact, made.Package.Evidence.Namespace).ShouldBe(("demo", "1%3a1.0", source.Entry.Artifact, "debian/test/main/amd64"));
        made.Package.Evidence.Summary.ShouldContain("listed in debian/test/main/amd64");
        store.Pins.ShouldNotContain(pin => pin.Root == made.Package.Root);
        await UsesAsync(made.Package.Root, 1);
        store.Held.ShouldBe(0);
        made.Dispose();
        await UsesAsync(made.Package.Root, 0);
        (await Importer.ImportAptAsync("demo", CancellationToken.None)).Root.ShouldBe(made.Package.Root);
        store.Pins.ShouldContain(pin => pin.Root == made.Package.Root && pin.Reason == "import");
        Directory.GetFileSystemEntries(Path.Join(_bench.Workshop.State, "scratch")).ShouldBeEmpty();
    }

    /// <summary>The making's own hold ends a moment after the last caller has its own.</summary>
    private async Task UsesAsync(Cid root, int expected)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (_bench.Workshop.Store.InUse[root] != expected && !deadline.IsCancellationRequested) await Task.Yield();
        _bench.Workshop.Store.InUse[root].ShouldBe(expected);
    }

    [Fact]
    public async Task It_is_made_after_a_restart_without_asking_the_suites_again()
    {
        var source = await PublishAsync(_bench.Mirror);
        _bench.Workshop.Restart();
        _bench.Mirror.Asked.Clear();
        using var made = await MakeAsync(source);
        _bench.Mirror.Asked.ShouldBe(["pool/demo.deb"]);
    }

    /// <summary>As on a node with <c>--sync off</c>, to which another one has proven what the suite lists.</summary>
    [Fact]
    public async Task It_is_made_where_the_suites_were_never_read_and_their_signed_text_is_asked_for_once()
    {
        var source = await PublishAsync(_bench.Mirror);
        Forget();
        using var made = await MakeAsync(source);
        _bench.Mirror.Asked.ShouldBe(["dists/test/InRelease", "pool/demo.deb"]);
        _bench.Mirror.Asked.Clear();
        using (await MakeAsync(source)) _bench.Mirror.Asked.ShouldBe(["pool/demo.deb"]);
        await Should.ThrowAsync<ImportRefusedException>(MakeAsync(source with { Namespace = "debian/other/main/amd64" }));
        _bench.Mirror.Asked.ShouldBe(["pool/demo.deb"]);
        File.Exists(Path.Join(Directory.GetDirectories(Path.Join(_bench.Workshop.State, "suites")).Single(), "accepted.json")).ShouldBeFalse();
    }

    [Fact]
    public async Task What_a_suite_that_was_never_read_says_without_a_signature_leads_nowhere()
    {
        var source = await PublishAsync(_bench.Mirror);
        Forget();
        var signed = _bench.Mirror.Files["dists/test/InRelease"];
        _bench.Mirror.Files["dists/test/InRelease"] = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(signed).Replace("Origin: Debian", "Origin: Other", StringComparison.Ordinal));
        (await Should.ThrowAsync<ImportRefusedException>(MakeAsync(source))).Message.ShouldContain("InRelease");
        _bench.Mirror.Files.TryRemove("dists/test/InRelease", out _).ShouldBeTrue();
        _bench.Time.Now += TimeSpan.FromSeconds(59);
        (await Should.ThrowAsync<ImportRefusedException>(MakeAsync(source))).Message.ShouldContain("InRelease");
        _bench.Mirror.Asked.ShouldBe(["dists/test/InRelease"]);
        _bench.Time.Now += TimeSpan.FromSeconds(2);
        (await Should.ThrowAsync<SourceUnavailableException>(MakeAsync(source))).Message.ShouldContain("InRelease");
        _bench.Mirror.Asked.ShouldBe(["dists/test/InRelease", "dists/test/InRelease"]);
        _bench.Mirror.Files["dists/test/InRelease"] = signed;
        _bench.Time.Now += TimeSpan.FromMinutes(2);
        using var made = await MakeAsync(source);
        made.Package.Name.ShouldBe("demo");
    }

    private void Forget()
    {
        Directory.Delete(Path.Join(_bench.Workshop.State, "suites"), recursive: true);
        _bench.Workshop.Restart();
        _bench.Mirror.Asked.Clear();
    }

    [Fact]
    public async Task Whoever_asks_at_the_same_time_gets_one_making_and_a_hold_of_their_own()
    {
        var source = await PublishAsync(_bench.Mirror);
        _bench.Mirror.Asked.Clear();
        var release = new TaskCompletionSource();
        _bench.Mirror.Deliver = (_, _, _) =>
        {
            release.Task.Wait(TimeSpan.FromSeconds(10)).ShouldBeTrue();
            return default;
        };
        using var cancellation = new CancellationTokenSource();
        var impatient = Importer.MakeAsync(source, cancellation.Token);
        var makings = Enumerable.Range(0, 8).Select(_ => MakeAsync(source)).ToList();
        await cancellation.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(impatient);
        release.SetResult();
        var made = await Task.WhenAll(makings);
        _bench.Mirror.Asked.ShouldBe(["pool/demo.deb"]);
        var root = made[0].Package.Root;
        made.ShouldAllBe(package => package.Package.Root == root);
        await UsesAsync(root, 8);
        foreach (var package in made) package.Dispose();
        await UsesAsync(root, 0);
    }

    [Fact]
    public async Task A_making_that_nobody_waits_for_ends()
    {
        var source = await PublishAsync(_bench.Mirror);
        _bench.Mirror.Deliver = (_, file, _) => ($"HTTP/1.1 200 OK\r\nContent-Length: {file.Length}\r\n", file[..10]);
        _bench.Mirror.HoldsOpen = true;
        using var cancellation = new CancellationTokenSource();
        var making = Importer.MakeAsync(source, cancellation.Token, new Progress(cancellation));
        await Should.ThrowAsync<OperationCanceledException>(making);
        (_bench.Mirror.Deliver, _bench.Mirror.HoldsOpen) = (null, false);
        using var made = await MakeAsync(source);
        made.Package.Name.ShouldBe("demo");
    }

    /// <summary>Gives up at the first byte.</summary>
    private sealed class Progress(CancellationTokenSource cancellation) : IProgress<ImportProgress>
    {
        public void Report(ImportProgress value) => cancellation.Cancel();
    }

    [Fact]
    public async Task A_source_that_lies_or_is_silent_is_no_reason_not_to_ask_the_next()
    {
        using var second = new Mirror();
        var source = await PublishAsync(_bench.Mirror, second);
        var deb = _bench.Mirror.Files["pool/demo.deb"];
        foreach (var lie in new[] { [.. deb[..^1], (byte)~deb[^1]], [.. deb, 0], deb[..^1], null })
        {
            if (lie is null) _bench.Mirror.Files.TryRemove("pool/demo.deb", out _).ShouldBeTrue();
            else _bench.Mirror.Files["pool/demo.deb"] = lie;
            second.Asked.Clear();
            using var made = await MakeAsync(source);
            second.Asked.ShouldBe(["pool/demo.deb"]);
        }
        second.Files["pool/demo.deb"] = deb[..^1];
        (await Should.ThrowAsync<ImportRefusedException>(MakeAsync(source))).Message.ShouldContain(second.Address);
        second.Files.TryRemove("pool/demo.deb", out _).ShouldBeTrue();
        (await Should.ThrowAsync<SourceUnavailableException>(MakeAsync(source))).Message.ShouldContain(second.Address);
        Directory.GetFileSystemEntries(Path.Join(_bench.Workshop.State, "scratch")).ShouldBeEmpty();
    }

    [Fact]
    public async Task What_no_source_has_or_no_index_may_list_is_refused()
    {
        var source = await PublishAsync(_bench.Mirror);
        (await Should.ThrowAsync<ImportRefusedException>(MakeAsync(source with { Namespace = "debian/other/main/amd64" }))).Message.ShouldContain("debian/other/main/amd64");
        _bench.Mirror.Asked.Clear();
        (await Should.ThrowAsync<ImportRefusedException>(MakeAsync(source with { Entry = source.Entry with { Filename = "../../etc/passwd" } }))).Message.ShouldContain("leaves the repository");
        _bench.Mirror.Asked.ShouldBeEmpty();
        (await Should.ThrowAsync<ImportRefusedException>(MakeAsync(source with { Entry = source.Entry with { Name = "other" } }))).Message.ShouldContain("the index says other");
        (await Should.ThrowAsync<ImportRefusedException>(MakeAsync(source with { Entry = source.Entry with { Artifact = new ArtifactDigest(Sha256Digest.Of("x"u8), source.Entry.Artifact.Size) } })))
            .Message.ShouldContain("SHA-256");
    }
}
