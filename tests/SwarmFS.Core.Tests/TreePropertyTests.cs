using System.Text;
using FsCheck;
using FsCheck.Fluent;
using SwarmFS.Testing;

namespace SwarmFS.Core.Tests;

public class TreePropertyTests
{
    private static readonly Config Few = Config.QuickThrowOnFailure.WithMaxTest(60);

    [Fact]
    public void The_root_does_not_depend_on_the_order_of_entries()
    {
        Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        {
            var entries = SampleTree.Random(seed);
            var random = new Random(seed);
            // Hard links name what is there already, so they come last; which of a group is added first is shuffled with the rest.
            var shuffled = entries.OrderBy(entry => entry.Kind == 'h').ThenBy(_ => random.Next()).ToList();
            return SampleTree.Build(new MemoryBlockStore(), entries) == SampleTree.Build(new MemoryBlockStore(), shuffled);
        }).Check(Few);
    }

    [Fact]
    public void It_does_not_matter_which_link_of_a_group_is_the_file()
    {
        var store = new MemoryBlockStore();
        var file = new SampleEntry("b", 'f', SampleTree.FileAttributes, 5);
        var one = SampleTree.Build(store, [file, new("a", 'h', SampleTree.FileAttributes, Target: "b"), new("d/c", 'h', SampleTree.FileAttributes, Target: "a")]);
        var two = SampleTree.Build(store, [file with { Path = "d/c" }, new("b", 'h', SampleTree.FileAttributes, Target: "d/c"), new("a", 'h', SampleTree.FileAttributes, Target: "d/c")]);
        two.ShouldBe(one);
        one.Bytes.ShouldBe(5);
    }

    [Fact]
    public void A_loaded_tree_says_what_was_built()
    {
        Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        {
            var store = new MemoryBlockStore();
            var entries = SampleTree.Random(seed);
            var built = SampleTree.Build(store, entries);
            TreeLoader.TryLoad(built.Root, store, [], out var table).ShouldBeTrue();
            table!.Count.ShouldBe(built.Entries);
            table[0].Size.ShouldBe(built.Bytes);
            var byPath = entries.ToDictionary(entry => entry.Path, StringComparer.Ordinal);
            foreach (var entry in entries)
            {
                table.TryFindPath(Encoding.UTF8.GetBytes(entry.Path), out var row).ShouldBeTrue();
                CheckRow(table, row, entry, entry.Kind == 'h' ? byPath[entry.Target] : entry, entries);
            }
            for (var row = 1; row < table.Count; row++) CheckPlace(table, row);
            return true;
        }).Check(Few);
    }

    private static void CheckRow(TreeTable table, int row, SampleEntry entry, SampleEntry source, IReadOnlyList<SampleEntry> all)
    {
        ref readonly var found = ref table[row];
        var wanted = source.Attributes;
        (found.Permissions, found.SpecialBits, found.Uid, found.Gid).ShouldBe((wanted.Permissions, wanted.SpecialBits, wanted.Uid, wanted.Gid));
        (found.MtimeSeconds, found.MtimeNanoseconds).ShouldBe((wanted.MtimeSeconds, wanted.MtimeNanoseconds));
        table.Xattrs(row).Length.ShouldBe(wanted.Xattrs.Count);
        if (source.Kind == 'l') Encoding.UTF8.GetString(table.SymlinkTarget(row)).ShouldBe(source.Target);
        if (source.Kind != 'f') return;
        found.Size.ShouldBe(source.Size);
        found.LinkCount.ShouldBe(1 + all.Count(other => other.Kind == 'h' && other.Target == source.Path));
        if (source.Size <= ChunkSizes.SingleBlockFile) found.Content.ShouldBe(Cid.Of(CidCodec.Raw, SampleTree.Content(source.Size)));
    }

    private static void CheckPlace(TreeTable table, int row)
    {
        var parent = table[row].Parent;
        (row > parent && row <= parent + table[parent].Descendants).ShouldBeTrue();
        table.TryFind(parent, table.Name(row), out var again).ShouldBeTrue();
        again.ShouldBe(row);
        if (table[row].Kind == EntryKind.Directory)
            table[row].LinkCount.ShouldBe(2 + table.Children(row).ToArray().Count(child => table[child].Kind == EntryKind.Directory));
    }

    [Fact]
    public void Fetching_what_a_loader_misses_leads_to_the_tree_in_few_rounds()
    {
        Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        {
            var whole = new MemoryBlockStore();
            var root = SampleTree.Build(whole, SampleTree.Random(seed)).Root;
            var here = new MemoryBlockStore();
            var rounds = 0;
            var missing = new List<Cid>();
            TreeTable? table;
            while (!TreeLoader.TryLoad(root, here, missing, out table))
            {
                missing.ShouldNotBeEmpty();
                missing.ShouldBeUnique();
                missing.ShouldAllBe(cid => !here.Contains(cid));
                foreach (var cid in missing) Copy(whole, here, cid);
                missing.Clear();
                (++rounds).ShouldBeLessThan(10);
            }
            here.Cids.Order().ShouldBe(table!.DirectoryNodes.Order());
            new DagWalk(whole, root, TreeSelection.Directories).Blocks().Select(link => link.Cid).ShouldBe(table.DirectoryNodes);
            return true;
        }).Check(Few);
    }

    [Fact]
    public void A_walk_over_part_of_a_tree_names_a_part_of_its_blocks_and_what_it_misses()
    {
        Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        {
            var store = new MemoryBlockStore();
            var root = SampleTree.Build(store, SampleTree.Random(seed)).Root;
            var all = new DagWalk(store, root, TreeSelection.Everything).Blocks().Select(link => link.Cid).ToList();
            all.Order().ShouldBe(store.Cids.Order());
            var random = new Random(seed);
            var lost = store.Cids.Where(_ => random.Next(3) == 0).ToList();
            foreach (var cid in lost) store.Remove(cid);
            var walk = new DagWalk(store, root, TreeSelection.Everything);
            var part = walk.Blocks().Select(link => link.Cid).ToList();
            part.ShouldBeUnique();
            part.Except(all).ShouldBeEmpty();
            walk.MissingNodes.ShouldBe(part.Where(cid => cid.Codec == CidCodec.MessagePack && lost.Contains(cid)), ignoreOrder: true);
            return true;
        }).Check(Few);
    }

    [Fact]
    public void A_changed_entry_of_a_large_directory_changes_one_node_a_level()
    {
        var store = new MemoryBlockStore();
        SampleEntry Link(int i, string target) => new($"name-{i:d5}", 'l', SampleTree.FileAttributes, Target: target);
        SampleTree.Build(store, Enumerable.Range(0, 20_000).Select(i => Link(i, "x")));
        var before = store.Count;
        before.ShouldBeGreaterThan(20);
        SampleTree.Build(store, Enumerable.Range(0, 20_000).Select(i => Link(i, i == 7_777 ? "y" : "x")));
        (store.Count - before).ShouldBe(3);
        before = store.Count;
        SampleTree.Build(store, Enumerable.Range(0, 20_000).Where(i => i != 12_345).Select(i => Link(i, "x")));
        (store.Count - before).ShouldBeLessThanOrEqualTo(6);
    }

    [Fact]
    public void The_nodes_of_five_thousand_files_take_a_few_hundred_kilobytes()
    {
        var store = new MemoryBlockStore();
        var root = SampleTree.Build(store, Enumerable.Range(0, 5_000).Select(i => new SampleEntry($"usr/share/icons/{i % 40}/some-icon-{i}.svg", 'f', SampleTree.FileAttributes, i))).Root;
        long bytes = 0;
        foreach (var link in new DagWalk(store, root, TreeSelection.Directories).Blocks())
        {
            store.TryGetLength(link.Cid, out var length).ShouldBeTrue();
            bytes += length;
        }
        bytes.ShouldBeLessThan(350_000);
    }

    private static void Copy(MemoryBlockStore from, MemoryBlockStore to, Cid cid)
    {
        from.TryGet(cid, out var block).ShouldBeTrue();
        using (block) to.Put(block!);
    }
}
