using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using SwarmFS.Core;
using SwarmFS.Signing;

namespace SwarmFS.Catalog.Tests;

public sealed class AnnouncementCatalogTests : IDisposable
{
    private static readonly Cid First = Cid.Of(CidCodec.MessagePack, "first"u8);
    private static readonly Cid Second = Cid.Of(CidCodec.MessagePack, "second"u8);

    private readonly List<Ed25519PrivateKey> _keys = [];

    public void Dispose() => _keys.ForEach(key => key.Dispose());

    private Ed25519PrivateKey NewKey()
    {
        var key = Ed25519PrivateKey.FromSeed(RandomNumberGenerator.GetBytes(32));
        _keys.Add(key);
        return key;
    }

    private AnnouncementCatalog NewCatalog(IJournal? journal = null, Ed25519PrivateKey? key = null) =>
        new(journal ?? new MemoryJournal(), key ?? NewKey(), TimeProvider.System, NullLoggerFactory.Instance);

    private static ReadOnlyMemory<byte> RecordOf(AnnouncementCatalog catalog, int number = 0)
    {
        List<ReadOnlyMemory<byte>> records = [];
        catalog.Read(number, 1, records);
        return records.Single();
    }

    private static Release Find(ICatalog catalog, string name) => catalog.Current[catalog.Current.IndexOf(Encoding.ASCII.GetBytes(name))].Latest;

    [Fact]
    public void What_one_node_publishes_another_believes_and_passes_on()
    {
        var (a, b, c) = (NewCatalog(), NewCatalog(), NewCatalog());
        a.Publish("gedit", "44.2-1", First, artifact: null);
        b.Offer(RecordOf(a)).ShouldBe(AnnouncementVerdict.Accepted);
        b.Offer(RecordOf(a)).ShouldBe(AnnouncementVerdict.Known);
        c.Offer(RecordOf(b)).ShouldBe(AnnouncementVerdict.Accepted);
        Find(c, "gedit").ShouldBe(Find(a, "gedit"));
        Find(c, "gedit").Importer.ShouldBe(a.Importer.ToString());
    }

    [Fact]
    public void Everything_is_there_again_after_a_restart()
    {
        var journal = new MemoryJournal();
        var key = NewKey();
        var before = NewCatalog(journal, key);
        before.Publish("gedit", "44.2-1", First, artifact: null);
        before.Publish("gedit", "45.0-1", Second, artifact: null);
        var after = NewCatalog(journal, key);
        after.Count.ShouldBe(2);
        Find(after, "gedit").Version.ShouldBe("45.0-1");
    }

    [Fact]
    public void A_version_never_changes_its_content()
    {
        var catalog = NewCatalog();
        catalog.Publish("tool", "1", First, artifact: null);
        catalog.Publish("tool", "1", First, artifact: null).Root.ShouldBe(First);
        Should.Throw<CatalogRefusedException>(() => catalog.Publish("tool", "1", Second, artifact: null)).Message.ShouldContain("choose another version");
        catalog.Count.ShouldBe(1);
    }

    [Fact]
    public void The_first_announcement_stands_and_the_other_is_shown_as_a_conflict()
    {
        var (honest, liar, reader) = (NewCatalog(), NewCatalog(), NewCatalog());
        honest.Publish("tool", "1", First, artifact: null);
        liar.Publish("tool", "1", Second, artifact: null);
        reader.Offer(RecordOf(honest));
        reader.Offer(RecordOf(liar));
        Find(reader, "tool").Root.ShouldBe(First);
        reader.Conflicts.Single().OtherImporter.ShouldBe(liar.Importer.ToString());
    }

    [Fact]
    public void What_this_node_imported_itself_stands_above_what_it_heard()
    {
        var (liar, reader) = (NewCatalog(), NewCatalog());
        liar.Publish("tool", "1", Second, artifact: null);
        reader.Offer(RecordOf(liar));
        reader.Publish("tool", "1", First, artifact: null);
        Find(reader, "tool").Root.ShouldBe(First);
        reader.Conflicts.Count.ShouldBe(1);
    }

    [Fact]
    public void A_damaged_record_is_invalid_and_leaves_the_catalogue_as_it_was()
    {
        var (a, b) = (NewCatalog(), NewCatalog());
        a.Publish("gedit", "44.2-1", First, artifact: null);
        var damaged = RecordOf(a).ToArray();
        damaged[^5] ^= 1;
        b.Offer(damaged).ShouldBe(AnnouncementVerdict.Invalid);
        b.Count.ShouldBe(0);
        b.Current.Count.ShouldBe(0);
    }

    [Fact]
    public void Names_ascend_by_bytes_and_versions_by_Debians_order()
    {
        var catalog = NewCatalog();
        foreach (var name in (string[])["zlib1g", "Tool", "a0", "g++-12", "g+"]) catalog.Publish(name, "1.10", First, artifact: null);
        catalog.Publish("a0", "1.9", Second, artifact: null);
        catalog.Publish("a0", "1%3a0.1", Second, artifact: null);
        var current = catalog.Current;
        Enumerable.Range(0, current.Count).Select(i => current[i].Name).ShouldBe(["Tool", "a0", "g+", "g++-12", "zlib1g"]);
        current[1].Releases.Select(release => release.Version).ShouldBe(["1.9", "1.10", "1%3a0.1"]);
        current.IndexOf("b"u8).ShouldBe(~2);
    }

    [Fact]
    public void Changes_are_told_with_their_names_after_they_can_be_seen()
    {
        var catalog = NewCatalog();
        List<string> seen = [];
        catalog.Changed += names => seen.AddRange(names.Select(name => $"{name} {Find(catalog, name).Version}"));
        catalog.Publish("tool", "1", First, artifact: null);
        seen.ShouldBe(["tool 1"]);
    }
}
