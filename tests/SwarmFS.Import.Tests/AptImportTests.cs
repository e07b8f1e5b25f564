using System.Diagnostics.Metrics;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace SwarmFS.Import.Tests;

/// <summary>A mirror that lies is refused by name, and what was accepted before stands, also after a restart.</summary>
public sealed class AptImportTests(AptImportTests.Keys keys) : IClassFixture<AptImportTests.Keys>, IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    private readonly Mirror _mirror = new();
    private readonly FixedDate _time = new() { Now = Now };
    private readonly string _etc = Directory.CreateTempSubdirectory("import-etc-").FullName;
    private Workshop? _workshop;

    /// <summary>Making a key takes half a second, so the tests share two.</summary>
    public sealed class Keys : IDisposable
    {
        internal SigningKey Archive { get; } = new("archive");

        internal SigningKey Stranger { get; } = new("stranger");

        public void Dispose()
        {
            Archive.Dispose();
            Stranger.Dispose();
        }
    }

    /// <summary>The system's timers, with a date that a test sets.</summary>
    private sealed class FixedDate : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now;
    }

    public void Dispose()
    {
        _workshop?.Dispose();
        _mirror.Dispose();
        Directory.Delete(_etc, recursive: true);
    }

    private Workshop Workshop(AptConfiguration? configuration = null)
    {
        if (_workshop is not null) return _workshop;
        Directory.CreateDirectory(Path.Join(_etc, "sources.list.d"));
        File.WriteAllBytes(Path.Join(_etc, "archive.asc"), keys.Archive.Armored);
        var list = Path.Join(_etc, "sources.list.d", "test.sources");
        if (!File.Exists(list)) File.WriteAllText(list, $"Types: deb\nURIs: {_mirror.Address}\nSuites: test\nComponents: main\nSigned-By: {_etc}/archive.asc\n");
        var apt = new AptPaths { EtcDirectory = _etc, Configuration = configuration ?? new AptConfiguration { Architecture = "amd64" } };
        return _workshop = new Workshop(apt, _time);
    }

    private Task<ImportedPackage> ImportAsync(string package = "demo") => Workshop().Importer.ImportAptAsync(package, CancellationToken.None);

    private async Task<string> RefusalAsync() => (await Should.ThrowAsync<ImportRefusedException>(ImportAsync())).Message;

    private Dictionary<string, string> State() => Directory.GetFiles(Workshop().State, "*", SearchOption.AllDirectories)
        .ToDictionary(path => path, path => Tool.Run("sha256sum", path));

    /// <summary>Accepts an honest state first, lets the test change the mirror, and expects that the lie changes nothing.</summary>
    private async Task<string> LieAsync(Action lie)
    {
        _mirror.Publish(keys.Archive, Now.AddDays(-2));
        var accepted = await ImportAsync();
        var state = State();
        var pins = Workshop().Store.Pins.Count;
        lie();
        Workshop().Restart();
        var message = await RefusalAsync();
        message.ShouldContain("127.0.0.1");
        message.ShouldContain("refused");
        State().ShouldBe(state);
        Workshop().Store.Pins.Count.ShouldBe(pins);
        _mirror.Publish(keys.Archive, Now.AddDays(-2));
        Workshop().Restart();
        (await ImportAsync()).Root.ShouldBe(accepted.Root);
        return message;
    }

    [Fact]
    public async Task An_honest_mirror_is_believed_and_the_evidence_says_why()
    {
        _mirror.Publish(keys.Archive, Now.AddDays(-1));
        var imported = await ImportAsync();
        (imported.Name, imported.Version).ShouldBe(("demo", "1.0"));
        imported.Evidence.Origin!.Signers.ShouldBe([keys.Archive.Fingerprint]);
        imported.Evidence.Origin.Date.ShouldBe(Now.AddDays(-1));
        imported.Evidence.Artifact!.Size.ShouldBe(_mirror.Files["pool/demo.deb"].Length);
        _mirror.Asked.ShouldContain(path => path.Contains("by-hash", StringComparison.Ordinal));
        _mirror.Asked.ShouldNotContain("dists/test/main/binary-amd64/Packages.xz");
    }

    [Fact]
    public async Task A_newer_state_replaces_the_accepted_one_and_the_newest_version_is_taken()
    {
        _mirror.Publish(keys.Archive, Now.AddDays(-2));
        await ImportAsync();
        _mirror.Publish(keys.Archive, Now.AddDays(-1), new Publication(Version: "1.0+really2"));
        Workshop().Restart();
        (await ImportAsync()).Version.ShouldBe("1.0+really2");
        (await Should.ThrowAsync<ImportRefusedException>(ImportAsync("demo=1.0"))).Message.ShouldContain("demo");
    }

    [Fact]
    public async Task An_altered_index_is_refused() => (await LieAsync(() =>
    {
        _mirror.Publish(keys.Archive, Now.AddDays(-1), new Publication(Version: "9"));
        _mirror.Files[_mirror.IndexPath][^1] ^= 1;
    })).ShouldContain("SHA-256");

    [Fact]
    public async Task An_index_of_the_wrong_length_is_refused()
    {
        (await LieAsync(() =>
        {
            _mirror.Publish(keys.Archive, Now.AddDays(-1), new Publication(Version: "9"));
            _mirror.Files[_mirror.IndexPath] = [.. _mirror.Files[_mirror.IndexPath], 0];
        })).ShouldContain("longer");
        (await LieAsync(() =>
        {
            _mirror.Publish(keys.Archive, Now.AddDays(-1), new Publication(Version: "9"));
            _mirror.Files[_mirror.IndexPath] = _mirror.Files[_mirror.IndexPath][..^4];
        })).ShouldContain("promised");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task An_index_that_unpacks_to_another_length_is_refused(int error) =>
        (await LieAsync(() => _mirror.Publish(keys.Archive, Now.AddDays(-1), new Publication(Version: "9", SizeError: error)))).ShouldContain("by-hash");

    [Fact]
    public async Task A_suite_without_signature_is_refused() =>
        (await LieAsync(() => _mirror.InRelease = "Suite: test\nDate: Sat, 21 Nov 2026 11:00:00 UTC\n"u8.ToArray())).ShouldContain("not signed");

    [Fact]
    public async Task A_suite_signed_by_another_key_is_refused() =>
        (await LieAsync(() => _mirror.Publish(keys.Stranger, Now.AddDays(-1), new Publication(Version: "9")))).ShouldContain("unknown key");

    [Fact]
    public async Task An_altered_signed_text_is_refused() => (await LieAsync(() =>
    {
        _mirror.Publish(keys.Archive, Now.AddDays(-1), new Publication(Version: "9"));
        _mirror.InRelease = Encoding.ASCII.GetBytes(Encoding.ASCII.GetString(_mirror.InRelease).Replace("Components: main", "Components: evil", StringComparison.Ordinal));
    })).ShouldContain("altered");

    [Fact]
    public async Task Text_before_behind_or_between_signed_texts_is_refused()
    {
        (await LieAsync(() => _mirror.InRelease = [.. "Suite: test\n"u8, .. _mirror.InRelease])).ShouldContain("before the signed text");
        (await LieAsync(() => _mirror.InRelease = [.. _mirror.InRelease, .. "Suite: test\n"u8])).ShouldContain("follows the signature");
        (await LieAsync(() => _mirror.InRelease = [.. _mirror.InRelease, .. _mirror.InRelease])).ShouldContain("follows the signature");
    }

    [Fact]
    public async Task A_suite_with_weak_hashes_alone_is_refused() =>
        (await LieAsync(() => _mirror.Publish(keys.Archive, Now.AddDays(-1), new Publication(Version: "9", Weak: true)))).ShouldContain("weaker");

    [Fact]
    public async Task A_signature_over_a_weak_hash_is_refused() =>
        (await LieAsync(() => _mirror.Publish(keys.Archive, Now.AddDays(-1), new Publication(Version: "9", Digest: "SHA1")))).ShouldContain("weak hash");

    [Fact]
    public async Task A_rolled_back_suite_is_refused()
    {
        var message = await LieAsync(() => _mirror.Publish(keys.Archive, Now.AddDays(-3), new Publication(Version: "0.9")));
        message.ShouldContain("rolled back");
        message.ShouldContain("accepted.json");
    }

    [Fact]
    public async Task Another_text_of_the_same_date_is_refused() =>
        (await LieAsync(() => _mirror.Publish(keys.Archive, Now.AddDays(-2), new Publication(Version: "9")))).ShouldContain("same Date");

    [Fact]
    public async Task A_suite_that_is_no_longer_valid_is_refused() =>
        (await LieAsync(() => _mirror.Publish(keys.Archive, Now.AddDays(-1), new Publication(ValidUntil: Now.AddHours(-1))))).ShouldContain("valid until");

    [Fact]
    public async Task A_suite_from_the_future_is_refused()
    {
        (await LieAsync(() => _mirror.Publish(keys.Archive, Now.AddSeconds(11)))).ShouldContain("future");
        _mirror.Publish(keys.Archive, Now.AddSeconds(9), new Publication(Version: "2"));
        Workshop().Restart();
        (await ImportAsync()).Version.ShouldBe("2");
    }

    [Fact]
    public async Task Apts_own_configuration_can_switch_the_dates_off()
    {
        Workshop(new AptConfiguration { Architecture = "amd64", CheckDate = false, CheckValidUntil = false });
        _mirror.Publish(keys.Archive, Now.AddDays(1), new Publication(ValidUntil: Now.AddDays(-1)));
        (await ImportAsync()).Version.ShouldBe("1.0");
    }

    [Fact]
    public async Task Another_suite_of_the_same_archive_is_refused() =>
        (await LieAsync(() => _mirror.Publish(keys.Archive, Now.AddDays(-1), new Publication(Suite: "older")))).ShouldContain("older");

    [Fact]
    public async Task A_suite_without_the_component_is_refused() => (await LieAsync(() =>
    {
        var text = "Suite: test\nDate: Fri, 20 Nov 2026 12:00:00 UTC\nSHA256:\n " + new string('0', 64) + " 0 contrib/binary-amd64/Packages\n";
        _mirror.InRelease = keys.Archive.ClearSign(Encoding.ASCII.GetBytes(text));
    })).ShouldContain("main/binary-amd64/Packages");

    [Fact]
    public async Task A_file_name_that_leaves_the_repository_is_refused() =>
        (await LieAsync(() => _mirror.Publish(keys.Archive, Now.AddDays(-1), new Publication(Version: "9", Filename: "../../etc/passwd")))).ShouldContain("etc/passwd");

    [Fact]
    public async Task A_deb_that_is_not_the_listed_one_is_refused()
    {
        foreach (var change in new Func<byte[], byte[]>[] { deb => [.. deb[..^1], (byte)~deb[^1]], deb => [.. deb, 0], deb => deb[..^1], _ => Deb.Of(new TarWriter().Finish()) })
        {
            _mirror.Publish(keys.Archive, Now.AddDays(-1));
            _mirror.Files["pool/demo.deb"] = change(_mirror.Files["pool/demo.deb"]);
            (await RefusalAsync()).ShouldContain("pool/demo.deb");
            Workshop().Store.Pins.ShouldAllBe(pin => pin.Reason == "catalogue");
            Directory.GetFiles(Path.Join(Workshop().State, "scratch")).ShouldBeEmpty();
        }
    }

    [Fact]
    public async Task An_index_that_is_offered_by_hash_but_missing_is_told_by_its_address()
    {
        _mirror.Publish(keys.Archive, Now.AddDays(-1));
        var path = _mirror.IndexPath;
        _mirror.Files.TryRemove(path, out _).ShouldBeTrue();
        (await Should.ThrowAsync<SourceUnavailableException>(ImportAsync())).Message.ShouldContain(path);
        Workshop().Store.Pins.ShouldBeEmpty();
    }

    [Fact]
    public async Task Where_by_hash_is_not_offered_the_plain_name_is_fetched()
    {
        _mirror.Publish(keys.Archive, Now.AddDays(-1), new Publication(ByHash: false));
        await ImportAsync();
        _mirror.Asked.ShouldContain("dists/test/main/binary-amd64/Packages.xz");
    }

    [Fact]
    public async Task An_index_that_is_changed_on_disk_says_nothing_and_is_fetched_again()
    {
        _mirror.Publish(keys.Archive, Now.AddDays(-1));
        await ImportAsync();
        var index = Directory.GetFiles(Workshop().State, "Packages-*", SearchOption.AllDirectories).ShouldHaveSingleItem();
        File.WriteAllText(index, File.ReadAllText(index).Replace("Version: 1.0", "Version: 9.0", StringComparison.Ordinal));
        Workshop().Restart();
        (await ImportAsync()).Version.ShouldBe("1.0");
        foreach (var cid in Workshop().Store.Cids) Workshop().Store.Remove(cid);
        Workshop().Restart();
        _mirror.Asked.Clear();
        (await ImportAsync()).Version.ShouldBe("1.0");
        _mirror.Asked.ShouldContain(_mirror.IndexPath);
        File.ReadAllText(index).ShouldContain("Version: 1.0");
    }

    [Fact]
    public async Task A_damaged_memory_of_the_accepted_state_is_not_overwritten_silently()
    {
        _mirror.Publish(keys.Archive, Now.AddDays(-1));
        await ImportAsync();
        var accepted = Directory.GetFiles(Workshop().State, AcceptedSuite.FileName, SearchOption.AllDirectories).ShouldHaveSingleItem();
        File.WriteAllText(accepted, "{");
        (await RefusalAsync()).ShouldContain(accepted);
    }

    [Fact]
    public async Task A_broken_transfer_goes_on_where_it_stopped()
    {
        _mirror.Publish(keys.Archive, Now.AddDays(-1));
        var offsets = new List<long>();
        _mirror.Deliver = (path, file, from) =>
        {
            if (path != "pool/demo.deb") return default;
            offsets.Add(from);
            return from > 0 ? default : ($"HTTP/1.1 200 OK\r\nContent-Length: {file.Length}\r\n", file[..100]);
        };
        (await ImportAsync()).Version.ShouldBe("1.0");
        offsets.ShouldBe([0, 100]);
    }

    [Fact]
    public async Task An_endless_signed_text_is_cut_at_its_bound()
    {
        _mirror.Publish(keys.Archive, Now.AddDays(-1));
        _mirror.Deliver = (path, _, _) => path.EndsWith("InRelease", StringComparison.Ordinal) ? ("HTTP/1.1 200 OK\r\n", new byte[8 << 20]) : default;
        (await RefusalAsync()).ShouldContain("longer than the 1048576 bytes");
    }

    [Fact]
    public async Task A_source_that_is_silent_is_answered_for_by_what_it_said_before()
    {
        _mirror.Publish(keys.Archive, Now.AddDays(-1));
        var accepted = await ImportAsync();
        _mirror.Files.TryRemove("dists/test/InRelease", out _).ShouldBeTrue();
        Workshop().Restart();
        (await ImportAsync()).Root.ShouldBe(accepted.Root);
    }

    [Fact]
    public async Task What_a_silent_source_said_before_counts_only_while_it_is_valid()
    {
        _mirror.Publish(keys.Archive, Now.AddDays(-1), new Publication(ValidUntil: Now.AddDays(1)));
        var accepted = await ImportAsync();
        _mirror.Files.TryRemove("dists/test/InRelease", out _).ShouldBeTrue();
        _time.Now = Now.AddHours(23);
        (await ImportAsync()).Root.ShouldBe(accepted.Root);
        _time.Now = Now.AddHours(25);
        (await Should.ThrowAsync<SourceUnavailableException>(ImportAsync())).Message.ShouldContain("InRelease");
    }

    [Fact]
    public async Task A_server_that_goes_silent_is_given_up_in_bounded_time()
    {
        _mirror.Deliver = (_, file, _) => ($"HTTP/1.1 200 OK\r\nContent-Length: {file.Length}\r\n", file[..100]);
        (await FetchInVainAsync("hung")).Message.ShouldContain("hung");
    }

    [Theory]
    [InlineData(0, 2)]
    [InlineData(100, 3)]
    public async Task A_server_that_says_nothing_is_asked_once_more_and_given_up(int before, int asked)
    {
        _mirror.Deliver = (_, file, from) => from > 0
            ? ($"HTTP/1.1 206 Partial Content\r\nContent-Length: {file.Length - from}\r\nContent-Range: bytes {from}-{file.Length - 1}/{file.Length}\r\n", [])
            : ($"HTTP/1.1 200 OK\r\nContent-Length: {file.Length}\r\n", file[..before]);
        (await FetchInVainAsync("silent")).Message.ShouldContain("silent for 30 s");
        _mirror.Asked.Count.ShouldBe(asked);
    }

    [Fact]
    public async Task A_full_disk_is_not_taken_for_a_bad_network()
    {
        using var full = new FullStream();
        (await FetchInVainAsync<FileNotKeptException>("whole", full)).Message.ShouldMatch("/whole was delivered but cannot be kept: No space left on device. Make room");
        _mirror.Asked.Count.ShouldBe(1);
    }

    private sealed class FullStream : MemoryStream
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => throw new IOException("No space left on device");
    }

    // From a mirror that leaves connections open.
    private async Task<SourceUnavailableException> FetchInVainAsync(string name)
    {
        _mirror.HoldsOpen = true;
        using var into = new MemoryStream();
        return await FetchInVainAsync<SourceUnavailableException>(name, into);
    }

    // A file of 1,000 bytes, on a clock that runs as fast as it can.
    private async Task<TException> FetchInVainAsync<TException>(string name, Stream into)
        where TException : Exception
    {
        _mirror.Files[name] = new byte[1000];
        var time = new SwarmFS.Testing.ManualTimeProvider();
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using var fetcher = new AptFetcher(
            new AptConfiguration { Architecture = "amd64" }, time, NullLogger.Instance, new ImportMetrics(services.GetRequiredService<IMeterFactory>()));
        var fetch = fetcher.FetchAsync(new Uri(_mirror.Address + name), into, 1000, 1000, null, ImportStage.Downloading, CancellationToken.None);
        while (!fetch.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }
        return await Should.ThrowAsync<TException>(fetch);
    }

    [Fact]
    public async Task A_source_that_was_never_believed_does_not_keep_the_others_from_answering()
    {
        _mirror.Publish(keys.Archive, Now.AddDays(-1));
        using var stranger = new Mirror();
        stranger.Publish(keys.Stranger, Now.AddDays(-1), new Publication(Version: "9"));
        Workshop();
        File.WriteAllText(Path.Join(_etc, "sources.list.d", "another.list"), $"deb [signed-by={_etc}/archive.asc] {stranger.Address} test main\n");
        var imported = await ImportAsync();
        imported.Version.ShouldBe("1.0");
        imported.Warnings.ShouldHaveSingleItem().ShouldContain(stranger.Address);
        (await Should.ThrowAsync<ImportRefusedException>(ImportAsync("absent"))).Message.ShouldContain(stranger.Address);
    }

    [Fact]
    public async Task A_key_written_into_the_source_and_a_pinned_fingerprint_work()
    {
        _mirror.Publish(keys.Archive, Now.AddDays(-1));
        Directory.CreateDirectory(Path.Join(_etc, "sources.list.d"));
        var list = Path.Join(_etc, "sources.list.d", "test.sources");
        var inline = string.Concat(Encoding.ASCII.GetString(keys.Archive.Armored).TrimEnd().Split('\n').Select(line => "\n " + (line.Length == 0 ? "." : line)));
        var common = $"Types: deb\nURIs: {_mirror.Address}\nSuites: test\nComponents: main\nSigned-By:";
        File.WriteAllText(list, common + inline + "\n");
        (await ImportAsync()).Version.ShouldBe("1.0");

        var trusted = Directory.CreateDirectory(Path.Join(_etc, "trusted.gpg.d")).FullName;
        File.WriteAllBytes(Path.Join(trusted, "both.gpg"), [.. keys.Archive.Bare, .. keys.Stranger.Bare]);
        File.WriteAllText(list, $"{common} {keys.Archive.Fingerprint}\n");
        Workshop().Restart();
        (await ImportAsync()).Version.ShouldBe("1.0");
        File.WriteAllText(list, $"{common} {keys.Stranger.Fingerprint}\n");
        Workshop().Restart();
        (await RefusalAsync()).ShouldContain("Signed-By");
    }

    [Fact]
    public async Task A_revoked_key_is_not_believed()
    {
        using var revoked = new SigningKey("revoked");
        _mirror.Publish(revoked, Now.AddDays(-1));
        Workshop();
        revoked.Revoke();
        File.WriteAllBytes(Path.Join(_etc, "archive.asc"), revoked.Export());
        (await RefusalAsync()).ShouldContain("revoked");
    }

    [Fact]
    public async Task A_local_repository_is_read_without_a_server()
    {
        _mirror.Publish(keys.Archive, Now.AddDays(-1));
        Workshop();
        var root = Path.Join(_etc, "repository");
        foreach (var (path, content) in _mirror.Files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Join(root, path))!);
            File.WriteAllBytes(Path.Join(root, path), content);
        }
        File.Delete(Path.Join(_etc, "sources.list.d", "test.sources"));
        File.WriteAllText(Path.Join(_etc, "sources.list"), $"deb [signed-by={_etc}/archive.asc arch=amd64] file:{root} test main\n");
        (await ImportAsync()).Version.ShouldBe("1.0");
        _mirror.Asked.ShouldBeEmpty();
    }
}
