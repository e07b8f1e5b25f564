using System.Buffers;
using System.Text;
using SwarmFS.Testing;

namespace SwarmFS.Core.Tests;

/// <summary>Trees that no builder makes: each is refused by name, quickly and in bounded memory.</summary>
public class HostileTreeTests
{
    private readonly MemoryBlockStore _store = new();

    private Cid Put(ReadOnlySpan<byte> node)
    {
        using var block = Block.Create(CidCodec.MessagePack, node);
        _store.Put(block);
        return block.Cid;
    }

    private delegate void WriteNode(MessagePackWriter writer);

    private Cid Put(WriteNode write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        write(new MessagePackWriter(buffer));
        return Put(buffer.WrittenSpan);
    }

    private Cid Tree(Cid directory, int rows, long bytes = 0) => Put(new TreeNode(SampleTree.DirectoryAttributes, directory, rows, bytes).Write);

    private sealed record Entry(string Name, EntryKind Kind = EntryKind.File, Cid Content = default, int Descendants = 0, long Size = 0, int Group = 0, string Target = "", uint Uid = 0);

    private Cid Leaf(params Entry[] entries) => Put(writer =>
    {
        DirectoryLeafWriter.WriteHeader(writer, 0, entries.Length);
        foreach (var entry in entries)
        {
            DirectoryLeafWriter.WriteEntry(writer, new DirectoryEntry
            {
                Name = Encoding.UTF8.GetBytes(entry.Name),
                Kind = entry.Kind,
                Permissions = DirectoryEntry.DefaultPermissions(entry.Kind),
                Uid = entry.Uid,
                Xattrs = [],
                Content = entry.Kind == EntryKind.Symlink ? default : entry.Content.IsNone ? Cid.Of(CidCodec.Raw, []) : entry.Content,
                Size = entry.Size,
                Descendants = entry.Descendants,
                LinkGroup = entry.Group,
                Target = Encoding.UTF8.GetBytes(entry.Target),
            }, 0);
        }
    });

    private Cid Index(int level, params (string Name, Cid Node, int Rows)[] shards) => Put(writer =>
    {
        DirectoryIndexWriter.WriteHeader(writer, level, shards.Length);
        foreach (var (name, node, rows) in shards)
            DirectoryIndexWriter.WriteShard(writer, new DirectoryShard { FirstName = Encoding.UTF8.GetBytes(name), Node = node, Rows = rows });
    });

    private void Refused(Cid root, string because) =>
        Should.Throw<InvalidTreeException>(() => TreeLoader.TryLoad(root, _store, [], out _)).Message.ShouldContain(because);

    /// <summary>A name at which a shard has to end.</summary>
    private static string EndOfShard(string prefix) =>
        Enumerable.Range(0, 100_000).Select(i => $"{prefix}{i}").First(name => new ShardCutter(0).Add(Encoding.UTF8.GetBytes(name), 0));

    [Fact]
    public void A_block_of_data_is_no_tree() => Refused(Cid.Of(CidCodec.Raw, []), "block of data");

    [Fact]
    public void A_directory_is_no_root() => Refused(Leaf(), "not the root of a tree");

    [Fact]
    public void A_root_is_no_directory() => Refused(Tree(Tree(Leaf(), 1), 1), "kind 1");

    [Theory]
    [InlineData(2, "rows less")]
    [InlineData(4, "rows less")]
    [InlineData(1, "more rows")]
    public void A_number_of_rows_that_is_wrong_is_refused(int rows, string because)
    {
        var directory = rows == 4 ? Leaf(new Entry("a"), new Entry("b")) : rows == 2 ? Leaf() : Leaf(new Entry("a"));
        Refused(Tree(directory, rows), because);
    }

    [Fact]
    public void A_sum_of_bytes_that_is_wrong_is_refused()
    {
        var directory = Leaf(new Entry("a", Size: 5));
        Refused(Tree(directory, 2, bytes: 6), "5 bytes, not 6");
        Refused(Tree(Leaf(new Entry("d", EntryKind.Directory, directory, Descendants: 1, Size: 4)), 3, bytes: 4), "5 bytes, not 4");
    }

    [Fact]
    public void Sizes_that_overflow_are_refused()
    {
        var node = Cid.Of(CidCodec.MessagePack, "somewhere"u8);
        Refused(Tree(Leaf(new Entry("a", Content: node, Size: long.MaxValue), new Entry("b", Content: node, Size: 2)), 3, 1), "exceed");
    }

    [Fact]
    public void Directories_within_each_other_without_end_are_refused()
    {
        var directory = Leaf();
        for (var depth = 0; depth < Limits.TreeDepth; depth++) directory = Leaf(new Entry("d", EntryKind.Directory, directory, Descendants: depth));
        Refused(Tree(directory, Limits.TreeDepth + 1), "nested deeper");
    }

    [Fact]
    public void A_small_DAG_that_unfolds_into_a_billion_rows_is_refused_at_once()
    {
        var directory = Leaf(new Entry("a"));
        for (var level = 0; level < 30; level++)
        {
            var rows = (int)Math.Min((1L << (level + 2)) - 3, Limits.EntriesPerTree / 2 - 2);
            directory = Leaf(new Entry("a", EntryKind.Directory, directory, Descendants: rows), new Entry("b", EntryKind.Directory, directory, Descendants: rows));
        }
        Refused(Tree(directory, Limits.EntriesPerTree), "rows");
    }

    [Fact]
    public void A_node_named_many_times_cannot_fill_the_memory_with_its_names()
    {
        var target = new string('x', Limits.SymlinkTargetLength);
        var fat = Leaf([.. Enumerable.Range(0, 30).Select(i => new Entry($"{i:d3}", EntryKind.Symlink, Target: target))]);
        var directory = Leaf([.. Enumerable.Range(0, 1_000).Select(i => new Entry($"{i:d3}", EntryKind.Directory, fat, Descendants: 30))]);
        var top = Leaf(new Entry("a", EntryKind.Directory, directory, Descendants: 31_000), new Entry("b", EntryKind.Directory, directory, Descendants: 31_000));
        Refused(Tree(top, 1 + 2 + (2 * 31_000)), "names, targets and attributes");
    }

    [Fact]
    public void Shards_whose_names_do_not_ascend_are_refused() =>
        Refused(Tree(Index(1, ("a", Leaf(new Entry("a"), new Entry(EndOfShard("c"))), 2), ("b", Leaf(new Entry("b")), 1)), 4), "do not ascend");

    [Fact]
    public void A_separator_that_is_not_the_first_name_is_refused() =>
        Refused(Tree(Index(1, ("a", Leaf(new Entry("b")), 1), ("c", Leaf(new Entry("c")), 1)), 3), "first name");

    [Fact]
    public void An_index_with_one_child_is_refused() => Refused(Tree(Index(1, ("a", Leaf(new Entry("a")), 1)), 2), "one child");

    [Fact]
    public void A_small_directory_that_is_split_is_refused()
    {
        var end = EndOfShard("a");
        Refused(Tree(Index(1, ("a", Leaf(new Entry("a")), 1), ("b", Leaf(new Entry("b")), 1)), 3), "has to go on");
        Refused(Tree(Index(1, (end, Leaf(new Entry(end)), 1), ("b", Leaf(new Entry("b")), 1)), 3), "fits one leaf");
    }

    [Fact]
    public void A_large_directory_that_is_not_split_is_refused()
    {
        var target = new string('x', 4_000);
        var directory = Leaf([.. Enumerable.Range(0, 100).Select(i => new Entry($"{i:d3}", EntryKind.Symlink, Target: target))]);
        Refused(Tree(directory, 101), "has to end");
    }

    [Fact]
    public void An_index_of_the_wrong_level_is_refused()
    {
        var shard = Leaf(new Entry("a"));
        Refused(Tree(Index(2, ("a", shard, 1), ("b", Leaf(new Entry("b")), 1)), 3), "level 1");
        Refused(Tree(Index(1, ("a", Index(1, ("a", shard, 1), ("b", shard, 1)), 2), ("b", Leaf(new Entry("b")), 1)), 4), "level 0");
    }

    [Fact]
    public void Hard_links_that_make_no_sense_are_refused()
    {
        Refused(Tree(Leaf(new Entry("a", Group: 1)), 2), "one entry only");
        Refused(Tree(Leaf(new Entry("a", Group: 2), new Entry("b", Group: 2)), 3), "not numbered in order");
        Refused(Tree(Leaf(new Entry("a", Group: 1), new Entry("b", Group: 1, Uid: 7)), 3), "differ");
        Refused(Tree(Leaf(new Entry("a", EntryKind.Symlink, Group: 1, Target: "x"), new Entry("b", EntryKind.Symlink, Group: 1, Target: "y")), 3), "differ");
    }

    [Fact]
    public void A_file_node_that_lies_about_its_size_is_refused()
    {
        var digest = Sha256Digest.Of("x"u8);
        void Refused(Cid node, long size, string because) =>
            Should.Throw<InvalidTreeException>(() => FileLayoutLoader.TryLoad(node, size, _store, [], out _)).Message.ShouldContain(because);
        var node = Put(writer => FileNode.Write(writer, 0, [digest, digest], [40_000, 40_000]));
        Refused(node, 80_001, "80000 bytes, not the 80001");
        Refused(Put(writer => FileNode.Write(writer, 1, [node.Digest, node.Digest], [80_000, 80_000])), 160_000, "not full");
        Refused(Put(writer => FileNode.Write(writer, 0, [digest], [10])), 10, "one link only");
        Refused(Put(writer => FileNode.Write(writer, 0, [digest, digest], [32_767, 40_000])), 72_767, "none that chunking makes");
        Refused(Put(writer => FileNode.Write(writer, 0, [digest, digest], [40_000, 524_289])), 564_289, "none that chunking makes");
        Should.Throw<InvalidTreeException>(() => FileLayoutLoader.TryLoad(Leaf(), 10, _store, [], out _));
    }

    [Fact]
    public void A_few_nodes_that_unfold_into_a_billion_chunks_are_refused_in_bounded_memory()
    {
        var (digest, size) = (Sha256Digest.Of("x"u8), 40_000L);
        for (var level = 0; level <= 2; level++)
        {
            var digests = Enumerable.Repeat(digest, Limits.LinksPerNode).ToArray();
            var sizes = Enumerable.Repeat(size, Limits.LinksPerNode).ToArray();
            var at = level;
            (digest, size) = (Put(writer => FileNode.Write(writer, at, digests, sizes)).Digest, size * Limits.LinksPerNode);
        }
        var before = GC.GetAllocatedBytesForCurrentThread();
        Should.Throw<InvalidTreeException>(() => FileLayoutLoader.TryLoad(new Cid(CidCodec.MessagePack, digest), size, _store, [], out _)).Message.ShouldContain("chunks");
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(256 << 20);
    }

    [Fact]
    public void A_file_that_leads_to_a_directory_stops_a_walk()
    {
        var directory = Tree(Leaf(), 1);
        var file = Put(writer => FileNode.Write(writer, 1, [directory.Digest, directory.Digest], [20, 20]));
        Should.Throw<InvalidTreeException>(() => new DagWalk(_store, file, TreeSelection.Everything).Blocks().Count());
    }
}
