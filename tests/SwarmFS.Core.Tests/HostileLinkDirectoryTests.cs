using System.Buffers;
using System.Text;
using SwarmFS.Testing;

namespace SwarmFS.Core.Tests;

/// <summary>Whoever made the nodes lied in one of them: every reader that meets it says so.</summary>
public class HostileLinkDirectoryTests
{
    private readonly MemoryBlockStore _store = new();

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private Cid Leaf(params string[] names)
    {
        var builder = new ArrayBufferWriter<byte>();
        var writer = new MessagePackWriter(builder);
        DirectoryLeafWriter.WriteHeader(writer, 0, names.Length);
        foreach (var name in names) DirectoryLeafWriter.WriteEntry(writer, LinkEntry.Of(Bytes(name), Bytes("target of " + name)), 0);
        return BlockPut.Node(_store, builder.WrittenSpan);
    }

    private Cid Index(int level, params (string First, Cid Node, int Rows)[] children)
    {
        var builder = new ArrayBufferWriter<byte>();
        var writer = new MessagePackWriter(builder);
        DirectoryIndexWriter.WriteHeader(writer, level, children.Length);
        foreach (var (first, node, rows) in children) DirectoryIndexWriter.WriteShard(writer, new DirectoryShard { FirstName = Bytes(first), Node = node, Rows = rows });
        return BlockPut.Node(_store, builder.WrittenSpan);
    }

    private async Task RefusedAsync(Cid root, string name, string because)
    {
        BlockGetter get = (cid, _) => ValueTask.FromResult(_store.TryGet(cid, out var block) ? block : throw new ContentUnavailableException("gone"));
        Should.Throw<InvalidTreeException>(() => LinkDirectory.TryFind(_store, root, Bytes(name), out _)).Message.ShouldContain(because);
        (await Should.ThrowAsync<InvalidTreeException>(async () => await LinkDirectory.FindAsync(root, Bytes(name), get, CancellationToken.None))).Message.ShouldContain(because);
        (await Should.ThrowAsync<InvalidTreeException>(async () => await LinkDirectory.RangeAsync(root, Bytes(name), get, CancellationToken.None))).Message.ShouldContain(because);
        Should.Throw<InvalidTreeException>(() =>
        {
            foreach (var _ in LinkDirectory.Enumerate(_store, root))
            {
            }
        }).Message.ShouldContain(because);
        Should.Throw<InvalidTreeException>(() => LinkDirectory.Update(_store, root, [new(Bytes(name), "x"u8.ToArray())])).Message.ShouldContain(because);
    }

    [Fact]
    public async Task An_index_that_names_another_first_name_is_refused()
    {
        await RefusedAsync(Index(1, ("a", Leaf("a", "b"), 2), ("m", Leaf("n", "o"), 2)), "m", "first name");
        await RefusedAsync(Index(2, ("a", Index(1, ("a", Leaf("a"), 1), ("b", Leaf("b"), 1)), 2), ("m", Index(1, ("n", Leaf("n"), 1), ("o", Leaf("o"), 1)), 2)), "m", "first name");
    }

    [Fact]
    public async Task A_leaf_that_holds_a_name_of_the_next_one_is_refused()
    {
        await RefusedAsync(Index(1, ("a", Leaf("a", "x"), 2), ("m", Leaf("m"), 1)), "b", "later node");
        await RefusedAsync(Index(2, ("a", Index(1, ("a", Leaf("a"), 1), ("n", Leaf("n"), 1)), 2), ("m", Index(1, ("m", Leaf("m"), 1), ("o", Leaf("o"), 1)), 2)), "a", "later node");
    }

    [Fact]
    public async Task Numbers_of_entries_that_do_not_add_up_are_refused()
    {
        await RefusedAsync(Index(1, ("a", Leaf("a", "b"), 3), ("m", Leaf("m"), 1)), "b", "2 entries, not 3");
        await RefusedAsync(Index(2, ("a", Index(1, ("a", Leaf("a"), 1), ("b", Leaf("b"), 1)), 3), ("m", Index(1, ("m", Leaf("m"), 1), ("o", Leaf("o"), 1)), 2)), "a", "2 entries, not 3");
        await RefusedAsync(Index(1, ("a", Leaf("a"), Limits.EntriesPerTree), ("m", Leaf("m"), 1)), "m", "more than");
    }

    [Fact]
    public async Task Nodes_of_the_wrong_level_are_refused()
    {
        await RefusedAsync(Index(2, ("a", Leaf("a"), 1), ("m", Leaf("m"), 1)), "a", "level 1");
        await RefusedAsync(Index(1, ("a", Index(1, ("a", Leaf("a"), 1)), 1), ("m", Leaf("m"), 1)), "a", "level 0");
        await RefusedAsync(Index(3, ("a", Index(1, ("a", Leaf("a"), 1)), 1), ("m", Leaf("m"), 1)), "a", "its parent's says 2");
        await RefusedAsync(Index(1, ("a", Leaf("a", "b"), 2)), "a", "one child");
    }

    [Fact]
    public async Task What_is_no_link_is_refused()
    {
        var tree = new TreeBuilder(_store);
        tree.AddFile("a"u8, SampleTree.FileAttributes, "content"u8);
        TreeLoader.TryLoad(tree.Finish().Root, _store, [], out var table).ShouldBeTrue();
        await RefusedAsync(table![0].Content, "a", "no link");
        var linked = new TreeBuilder(_store);
        linked.AddSymlink("a"u8, SampleTree.FileAttributes with { Uid = 1 }, "x"u8);
        TreeLoader.TryLoad(linked.Finish().Root, _store, [], out table).ShouldBeTrue();
        await RefusedAsync(table![0].Content, "a", "fixed attributes");
        await RefusedAsync(table.Root, "a", "kind 1");
    }

    [Fact]
    public void A_directory_that_was_made_before_can_stand_in_a_tree()
    {
        var links = new LinkDirectoryBuilder(_store);
        for (var i = 0; i < 3_000; i++) links.Add(Bytes($"{i:d4}"), "target"u8);
        var directory = links.Finish();
        var tree = new TreeBuilder(_store);
        tree.AddDirectory("suites/debian%2fstable/index"u8, SampleTree.DirectoryAttributes, directory.Root, directory.Entries, bytes: 0);
        tree.AddFile("suites/debian%2fstable/record"u8, SampleTree.FileAttributes, "record\n"u8);
        var built = tree.Finish();
        built.Entries.ShouldBe(3_000 + 5);
        TreeLoader.TryLoad(built.Root, _store, [], out var table).ShouldBeTrue();
        table!.Count.ShouldBe(built.Entries);
        table.TryFindPath("suites/debian%2fstable/index/2999"u8, out var row).ShouldBeTrue();
        table.SymlinkTarget(row).SequenceEqual("target"u8).ShouldBeTrue();
        table.TryFindPath("suites/debian%2fstable/index"u8, out row).ShouldBeTrue();
        table[row].Content.ShouldBe(directory.Root);
    }

    [Fact]
    public void A_directory_that_is_not_what_the_caller_says_does_not_come_into_a_tree()
    {
        var tree = new TreeBuilder(_store);
        var attributes = SampleTree.DirectoryAttributes;
        Should.Throw<InvalidTreeException>(() => tree.AddDirectory("d"u8, attributes, Leaf("a", "b"), 3, 0)).Message.ShouldContain("2 entries");
        Should.Throw<InvalidTreeException>(() => tree.AddDirectory("d"u8, attributes, Cid.Of(CidCodec.MessagePack, "absent"u8), 1, 0)).Message.ShouldContain("not in the store");
        Should.Throw<InvalidTreeException>(() => tree.AddDirectory("d"u8, attributes, BlockPut.Node(_store, [0xc0]), 1, 0)).Message.ShouldContain("malformed");
        tree.AddDirectory("d"u8, attributes, Leaf("a", "b"), 2, 0);
        Should.Throw<InvalidTreeException>(() => tree.AddFile("d/c"u8, SampleTree.FileAttributes, "x"u8)).Message.ShouldContain("stays as it is");
        Should.Throw<InvalidTreeException>(() => tree.AddDirectory("d"u8, attributes, Leaf("a"), 1, 0)).Message.ShouldContain("twice");
        Should.Throw<InvalidTreeException>(() => tree.AddHardLink("e"u8, "d"u8)).Message.ShouldContain("directory");
    }
}
