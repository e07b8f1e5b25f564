using System.Text;
using FsCheck;
using FsCheck.Fluent;
using SwarmFS.Testing;

namespace SwarmFS.Core.Tests;

public class LinkDirectoryTests
{
    private static readonly Config Few = Config.QuickThrowOnFailure.WithMaxTest(40);

    private readonly MemoryBlockStore _store = new();

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static SortedDictionary<string, string> Links(int count, int seed = 1)
    {
        var random = new Random(seed);
        var links = new SortedDictionary<string, string>(StringComparer.Ordinal);
        while (links.Count < count) links[$"name-{random.Next(10 * count):d7}_{random.Next(9)}.{random.Next(9)}-1"] = new string('t', 1 + random.Next(200));
        return links;
    }

    private static BuiltDirectory Build(IBlockStore store, IEnumerable<KeyValuePair<string, string>> links)
    {
        var builder = new LinkDirectoryBuilder(store);
        foreach (var (name, target) in links) builder.Add(Bytes(name), Bytes(target));
        return builder.Finish();
    }

    private static List<KeyValuePair<string, string>> ReadAll(IBlockStore store, Cid root, string from = "")
    {
        var links = new List<KeyValuePair<string, string>>();
        foreach (var link in LinkDirectory.Enumerate(store, root, Bytes(from))) links.Add(new(Encoding.UTF8.GetString(link.Name), Encoding.UTF8.GetString(link.Target)));
        return links;
    }

    private BlockGetter Getter(List<Cid> asked) => (cid, _) =>
    {
        asked.Add(cid);
        _store.TryGet(cid, out var block).ShouldBeTrue();
        return ValueTask.FromResult(block!);
    };

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(700)]
    [InlineData(1_025)]
    [InlineData(20_000)]
    public void It_is_the_directory_that_the_tree_builder_makes(int count)
    {
        var links = Links(count);
        var built = Build(_store, links);
        var tree = new TreeBuilder(_store);
        var attributes = new EntryAttributes(0b111_111_111, 0, 0, 0, 0, 0, []);
        foreach (var (name, target) in links.Reverse()) tree.AddSymlink(Bytes(name), attributes, Bytes(target));
        TreeLoader.TryLoad(tree.Finish().Root, _store, [], out var table).ShouldBeTrue();
        built.ShouldBe(new BuiltDirectory(table![0].Content, count));
        LinkDirectory.Count(_store, built.Root).ShouldBe(count);
        ReadAll(_store, built.Root).ShouldBe(links);
    }

    [Fact]
    public void Nothing_is_put_that_the_directory_does_not_need()
    {
        foreach (var count in new[] { 1, 900, 1_025, 3_000, 30_000 })
        {
            var store = new MemoryBlockStore();
            var built = Build(store, Links(count, seed: count));
            new DagWalk(store, built.Root, TreeSelection.Everything).Blocks().Select(link => link.Cid).Order().ShouldBe(store.Cids.Order());
        }
    }

    [Fact]
    public void Whatever_stands_in_it_is_found_and_nothing_else()
    {
        Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        {
            var random = new Random(seed);
            var links = Links(random.Next(4_000), seed);
            var root = Build(_store, links).Root;
            foreach (var (name, target) in links.Take(50)) (LinkDirectory.TryFind(_store, root, Bytes(name), out var found) && found.AsSpan().SequenceEqual(Bytes(target))).ShouldBeTrue();
            foreach (var name in new[] { "a", "name-", "zzz", $"name-{random.Next(40_000):d7}" }) LinkDirectory.TryFind(_store, root, Bytes(name), out _).ShouldBe(links.ContainsKey(name));
            var from = $"name-{random.Next(40_000):d7}";
            ReadAll(_store, root, from).ShouldBe(links.Where(link => string.CompareOrdinal(link.Key, from) >= 0));
            return true;
        }).Check(Few);
    }

    [Fact]
    public async Task A_lookup_reads_one_node_a_level_whether_the_name_is_there_or_not()
    {
        var links = Links(30_000);
        var root = Build(_store, links).Root;
        foreach (var name in new[] { links.Keys.First(), links.Keys.ElementAt(17_000), links.Keys.Last(), "a", "name-0099999x", "zzz" })
        {
            var asked = new List<Cid>();
            var target = await LinkDirectory.FindAsync(root, Bytes(name), Getter(asked), CancellationToken.None);
            (target is null ? null : Encoding.UTF8.GetString(target)).ShouldBe(links.GetValueOrDefault(name));
            asked.Count.ShouldBeInRange(2, 3);
        }
    }

    [Fact]
    public async Task A_range_reads_the_paths_to_its_ends_and_what_is_between()
    {
        var links = Links(30_000);
        var root = Build(_store, links).Root;
        foreach (var prefix in new[] { "name-00123", "name-0123456", "name-02", "", "a", "zzz" })
        {
            var asked = new List<Cid>();
            var range = await LinkDirectory.RangeAsync(root, Bytes(prefix), Getter(asked), CancellationToken.None);
            var wanted = links.Where(link => link.Key.StartsWith(prefix, StringComparison.Ordinal)).ToList();
            range.IsWhole.ShouldBe(wanted.Count <= LinkDirectory.RangeMax);
            range.Links.Select(link => Encoding.UTF8.GetString(link.Name.Span)).ShouldBe(wanted.Take(LinkDirectory.RangeMax).Select(link => link.Key));
            // The most that a range gives lie in eight nodes on average, seldom in twice as many; beside them stand the paths to both ends.
            asked.Count.ShouldBeLessThan(24);
        }
    }

    [Fact]
    public void An_update_gives_what_a_full_build_gives()
    {
        Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        {
            var random = new Random(seed);
            var links = Links(random.Next(5) * random.Next(1_500), seed);
            var old = Build(_store, links).Root;
            var changes = new SortedDictionary<string, string?>(StringComparer.Ordinal);
            var span = random.Next(3) == 0;
            var (low, high) = (random.Next(1 + links.Count), random.Next(1 + links.Count));
            foreach (var name in links.Keys.Where((_, i) => span ? i >= low && i < high : random.Next(1 + links.Count / 20) == 0)) changes[name] = random.Next(2) == 0 ? null : "other";
            for (var i = random.Next(30); i > 0; i--) changes[$"name-{random.Next(60_000):d7}"] = random.Next(4) == 0 ? null : new string('n', 1 + random.Next(3_000));
            if (span)
                foreach (var name in changes.Keys.Where(links.ContainsKey).ToList()) changes[name] = null;
            var updated = LinkDirectory.Update(_store, old, [.. changes.Select(change => new LinkChange(Bytes(change.Key), change.Value is { } target ? (ReadOnlyMemory<byte>?)Bytes(target) : null))]);
            foreach (var (name, target) in changes)
            {
                if (target is null) links.Remove(name);
                else links[name] = target;
            }
            updated.ShouldBe(Build(new MemoryBlockStore(), links));
            ReadAll(_store, updated.Root).ShouldBe(links);
            return true;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));
    }

    [Fact]
    public void An_update_of_a_directory_with_many_levels_gives_what_a_full_build_gives()
    {
        // Long names fill index nodes at about 400 children, so 3,000 links of 3,000 bytes make two levels of index.
        static string Name(int i) => $"{i:d5}{new string('n', 245)}";
        var target = new string('t', 4_000);
        var links = new SortedDictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < 20_000; i++) links[Name(2 * i)] = target;
        var old = Build(_store, links).Root;
        foreach (var seed in Enumerable.Range(0, 6))
        {
            var random = new Random(seed);
            var result = new SortedDictionary<string, string>(links, StringComparer.Ordinal);
            var (low, high) = (random.Next(40_000), seed % 2 == 0 ? 40_000 : random.Next(40_000));
            var changes = Enumerable.Range(0, 40_000).Where(i => seed < 4 ? i >= low && i < high && i % 2 == 0 : random.Next(8_000) == 0).ToList();
            foreach (var i in changes)
            {
                if (i % 2 == 0) result.Remove(Name(i));
                else result[Name(i)] = "new";
            }
            var updated = LinkDirectory.Update(_store, old, [.. changes.Select(i => new LinkChange(Bytes(Name(i)), i % 2 == 0 ? null : (ReadOnlyMemory<byte>?)"new"u8.ToArray()))]);
            updated.ShouldBe(Build(new MemoryBlockStore(), result));
        }
    }

    [Fact]
    public void An_update_reads_and_writes_a_few_nodes_for_each_change()
    {
        var links = Links(60_000);
        var old = Build(_store, links).Root;
        var (before, gets) = (_store.Count, _store.Gets);
        LinkChange[] changes = [.. Enumerable.Range(1, 5).Select(i => new LinkChange(Bytes(links.Keys.ElementAt(i * 10_000)), "new"u8.ToArray()))];
        var updated = LinkDirectory.Update(_store, old, changes);
        updated.Entries.ShouldBe(60_000);
        (_store.Count - before).ShouldBeLessThanOrEqualTo(5 * 2 + 3);
        (_store.Gets - gets).ShouldBeLessThan(30);
        _store.Count.ShouldBeGreaterThan(100);
    }

    [Fact]
    public void What_does_not_change_is_not_written()
    {
        var links = Links(5_000);
        var old = Build(_store, links);
        var before = _store.Count;
        LinkDirectory.Update(_store, old.Root, []).ShouldBe(old);
        LinkDirectory.Update(_store, old.Root, [new(Bytes("absent"), null)]).ShouldBe(old);
        LinkDirectory.Update(_store, old.Root, [new(Bytes(links.Keys.First()), Bytes(links.Values.First()))]).ShouldBe(old);
        _store.Count.ShouldBe(before);
    }

    [Fact]
    public void Names_and_targets_have_their_bounds_and_their_order()
    {
        var builder = new LinkDirectoryBuilder(_store);
        builder.Add("b"u8, "x"u8);
        foreach (var name in new[] { "a", "b", "", ".", "..", "c/d", "c\0", new string('n', 256) }) Should.Throw<InvalidTreeException>(() => builder.Add(Bytes(name), "x"u8));
        foreach (var target in new[] { "", "x\0", new string('t', 4_096) }) Should.Throw<InvalidTreeException>(() => builder.Add("c"u8, Bytes(target)));
        builder.Add(Bytes(new string('n', 255)), Bytes(new string('t', 4_095)));
        var built = builder.Finish();
        built.Entries.ShouldBe(2);
        foreach (var change in new LinkChange[] { new(Bytes("a/b"), null), new(Bytes("a"), Array.Empty<byte>()) })
            Should.Throw<InvalidTreeException>(() => LinkDirectory.Update(_store, built.Root, [change]));
        Should.Throw<InvalidTreeException>(() => LinkDirectory.Update(_store, built.Root, [new(Bytes("b"), null), new(Bytes("a"), null)])).Message.ShouldContain("ascend");
    }

    [Fact]
    public void A_node_that_is_not_here_is_no_proof_of_absence()
    {
        var links = Links(5_000);
        var root = Build(_store, links).Root;
        foreach (var cid in _store.Cids.Where(cid => cid != root).ToList()) _store.Remove(cid);
        Should.Throw<ContentUnavailableException>(() => LinkDirectory.TryFind(_store, root, "zzz"u8, out _)).Message.ShouldContain("not in the store");
        Should.Throw<ContentUnavailableException>(() => ReadAll(_store, root));
        _store.Remove(root);
        Should.Throw<ContentUnavailableException>(() => LinkDirectory.Update(_store, root, [new(Bytes("a"), null)]));
    }

    [Fact]
    public void A_full_store_ends_the_build()
    {
        _store.Capacity = 100_000;
        Should.Throw<StoreFullException>(() => Build(_store, Links(20_000)));
    }
}
