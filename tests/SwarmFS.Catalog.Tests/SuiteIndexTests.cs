using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using SwarmFS.Core;
using SwarmFS.Testing;

namespace SwarmFS.Catalog.Tests;

public class SuiteIndexTests
{
    private readonly MemoryBlockStore _store = new();

    private static ArtifactDigest Artifact(string of) => new(Sha256Digest.Of(Encoding.UTF8.GetBytes(of)), 1 + of.Length);

    private static SuiteIndexEntry Entry(string name, string version, string? artifact = null) =>
        new(name, version, Artifact(artifact ?? $"{name} {version}"), $"pool/main/{name[0]}/{name}/{name}_{version}_amd64.deb");

    private static readonly SuiteIndexEntry[] Small =
        [Entry("gedit", "44.2-1"), Entry("gedit-common", "44.2-1"), Entry("gedit", "1%3a2.0~rc1"), Entry("0ad", "0.0.26-3"), Entry("libstdc++6", "12.2.0-14"), Entry("gedita", "9")];

    private SuiteIndex Index(params IEnumerable<SuiteIndexEntry> entries)
    {
        var builder = new SuiteIndexBuilder();
        foreach (var entry in entries) builder.TryAdd(entry, out var error).ShouldBeTrue(error);
        var built = builder.Build(_store);
        var index = new SuiteIndex(_store, built.Root);
        index.Count.ShouldBe(built.Entries);
        return index;
    }

    [Fact]
    public void All_versions_of_a_name_are_found_in_the_order_of_versions_and_nobody_elses()
    {
        var index = Index(Small);
        index.Versions("gedit").Select(entry => entry.Version).ShouldBe(["44.2-1", "1%3a2.0~rc1"]);
        index.Versions("gedit-common").ShouldBe([Small[1]]);
        index.Versions("ged").ShouldBeEmpty();
        index.Find("libstdc++6", "12.2.0-14").ShouldBe(Small[4]);
        index.Find("libstdc++6", "12.2.0-15").ShouldBeNull();
        index.Names().ShouldBe(["0ad", "gedit-common", "gedit", "gedita", "libstdc++6"]);
        index.Entries().ShouldBe(Small, ignoreOrder: true);
    }

    [Fact]
    public async Task A_light_node_reads_the_path_alone()
    {
        var entries = Enumerable.Range(0, 20_000).Select(i => Entry($"package{i % 10_000:d5}", $"{i / 10_000}.0")).ToList();
        var index = Index(entries);
        index.Entries().Count().ShouldBe(20_000);
        var asked = 0;
        BlockGetter get = (cid, _) =>
        {
            asked++;
            _store.TryGet(cid, out var block).ShouldBeTrue();
            return ValueTask.FromResult(block!);
        };
        (await SuiteIndex.VersionsAsync(index.Root, "package07777", get, CancellationToken.None)).Select(entry => entry.Version).ShouldBe(["0.0", "1.0"]);
        (await SuiteIndex.VersionsAsync(index.Root, "package0777", get, CancellationToken.None)).ShouldBeEmpty();
        asked.ShouldBeLessThanOrEqualTo(6);
    }

    [Fact]
    public void The_index_depends_neither_on_the_order_of_entries_nor_on_the_locale()
    {
        var root = Index(Small).Root;
        var culture = CultureInfo.CurrentCulture;
        try
        {
            // Built by hand, because the runtime has no culture but the invariant one.
            var foreign = (CultureInfo)CultureInfo.InvariantCulture.Clone();
            (foreign.NumberFormat.NumberGroupSeparator, foreign.NumberFormat.NegativeSign, foreign.NumberFormat.PositiveSign) = ("'", "~", "plus");
            CultureInfo.CurrentCulture = foreign;
            Index(Small.Reverse()).Root.ShouldBe(root);
            Index(Small).Entries().ShouldBe(Small, ignoreOrder: true);
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
        }
        Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed => Index(Small.OrderBy(_ => Random.Shared.Next() ^ seed)).Root == root).Check(Config.QuickThrowOnFailure.WithMaxTest(20));
    }

    [Fact]
    public void What_stands_twice_counts_once_and_a_contradiction_is_settled_by_content_alone()
    {
        var root = Index(Small).Root;
        Index(Small.Concat(Small)).Root.ShouldBe(root);
        SuiteIndexEntry[] contradicting = [Entry("a", "1", "one"), Entry("a", "1", "two"), Entry("a", "1", "three")];
        var lowest = contradicting.MinBy(entry => entry.Artifact.Sha256.ToString(), StringComparer.Ordinal);
        Index(contradicting).Entries().ShouldBe([lowest]);
        Index(contradicting.Reverse()).Entries().ShouldBe([lowest]);
        Index(contradicting[1], contradicting[2], contradicting[0], contradicting[1]).Entries().ShouldBe([lowest]);
    }

    [Fact]
    public void The_index_of_a_small_suite_is_frozen()
    {
        var index = Index(Small);
        _store.TryGet(index.Root, out var block).ShouldBeTrue();
        using (block) Golden.Check("suite-index.hex", block!.Span);
        index.Root.ToString().ShouldBe("bagaqieraksgtrj3ilvb5auosgqhkfyfb37cstmcq4ix2f6k7btqzc2i5nvqa");
    }

    [Theory]
    [InlineData("a_b", "1", "pool/a.deb", "name")]
    [InlineData("", "1", "pool/a.deb", "name")]
    [InlineData("-a", "1", "pool/a.deb", "name")]
    [InlineData("a", "1:2", "pool/a.deb", "version")]
    [InlineData("a", "1_2", "pool/a.deb", "version")]
    [InlineData("a", "", "pool/a.deb", "version")]
    [InlineData("a", "1", "", "file name")]
    [InlineData("a", "1", "/etc/passwd", "file name")]
    [InlineData("a", "1", "../a.deb", "file name")]
    [InlineData("a", "1", "pool//a.deb", "file name")]
    [InlineData("a", "1", "http://example.org/a.deb", "file name")]
    [InlineData("a", "1", "pool/a b.deb", "file name")]
    [InlineData("a", "1", "pool/ä.deb", "file name")]
    public void What_may_not_stand_in_an_index_is_refused(string name, string version, string filename, string because)
    {
        new SuiteIndexBuilder().TryAdd(new SuiteIndexEntry(name, version, Artifact("x"), filename), out var error).ShouldBeFalse();
        error.ShouldNotBeNull().ShouldContain(because);
    }

    [Fact]
    public void Name_and_version_share_the_255_bytes_of_a_link()
    {
        var builder = new SuiteIndexBuilder();
        builder.TryAdd(Entry(new string('n', 100), "1" + new string('0', 153)), out _).ShouldBeTrue();
        builder.TryAdd(Entry(new string('n', 100), "1" + new string('0', 154)), out var error).ShouldBeFalse();
        error.ShouldNotBeNull().ShouldContain("254");
        builder.TryAdd(new SuiteIndexEntry("a", "1", new ArtifactDigest(default, 0), "a.deb"), out _).ShouldBeFalse();
        builder.TryAdd(new SuiteIndexEntry("a", "1", Artifact("x"), new string('f', 4_001)), out _).ShouldBeFalse();
    }

    [Fact]
    public void A_link_in_any_other_form_is_refused()
    {
        var target = Small[0].Target;
        SuiteIndexEntry? Read(string link, string text) => SuiteIndexEntry.TryRead(Encoding.UTF8.GetBytes(link), Encoding.UTF8.GetBytes(text));
        Read("gedit_44.2-1", target).ShouldBe(Small[0]);
        foreach (var link in new[] { "gedit", "_44.2-1", "gedit_", "gedit_44.2_1", "gedit_44:2", "gédit_1" }) Read(link, target).ShouldBeNull();
        string[] others =
        [
            "", target + " ", " " + target, target.Replace(" ", "  ", StringComparison.Ordinal), target.ToUpperInvariant(), target.Replace("sha256:", "md5:", StringComparison.Ordinal),
            target.Replace($" {Small[0].Artifact.Size} ", $" 0{Small[0].Artifact.Size} ", StringComparison.Ordinal), target.Replace($" {Small[0].Artifact.Size} ", " 0 ", StringComparison.Ordinal),
            target.Replace($" {Small[0].Artifact.Size} ", $" +{Small[0].Artifact.Size} ", StringComparison.Ordinal), target.Replace("pool/", "../", StringComparison.Ordinal), target + "\n",
            target.Replace("sha256:", "sha256:0", StringComparison.Ordinal),
        ];
        foreach (var text in others) Read("gedit_44.2-1", text).ShouldBeNull(text);
    }

    [Fact]
    public void An_index_with_a_link_that_lists_no_package_is_refused()
    {
        var builder = new LinkDirectoryBuilder(_store);
        builder.Add("gedit_1"u8, "elsewhere"u8);
        var index = new SuiteIndex(_store, builder.Finish().Root);
        Should.Throw<InvalidTreeException>(() => index.Versions("gedit"));
        Should.Throw<InvalidTreeException>(() => index.Find("gedit", "1"));
        Should.Throw<InvalidTreeException>(() => index.Entries().Count());
    }
}
