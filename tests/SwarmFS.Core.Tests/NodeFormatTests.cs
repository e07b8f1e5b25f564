using System.Buffers;
using FsCheck;
using FsCheck.Fluent;
using SwarmFS.Testing;

namespace SwarmFS.Core.Tests;

public class NodeFormatTests
{
    private static readonly List<(NodeKind Kind, byte[] Bytes)> Nodes = MakeNodes();

    private static List<(NodeKind Kind, byte[] Bytes)> MakeNodes()
    {
        var store = new MemoryBlockStore();
        SampleTree.Build(store, SampleTree.Everything);
        SampleTree.Build(store, Enumerable.Range(0, 1_500).Select(i => new SampleEntry($"s/{i}", 'l', SampleTree.FileAttributes, Target: "x")));
        return [.. store.Cids.Where(cid => cid.Codec == CidCodec.MessagePack).Order().Select(cid => Get(store, cid)).Select(bytes => (NodeHeader.Peek(bytes), bytes))];
    }

    private static byte[] Get(MemoryBlockStore store, Cid cid)
    {
        store.TryGet(cid, out var block).ShouldBeTrue();
        using (block) return block!.Bytes.ToArray();
    }

    [Fact]
    public void The_nodes_of_a_tree_with_everything_in_it_are_frozen()
    {
        var store = new MemoryBlockStore();
        var built = SampleTree.Build(store, SampleTree.Everything);
        Golden.Check("tree.hex", Get(store, built.Root));
        TreeLoader.TryLoad(built.Root, store, [], out var table).ShouldBeTrue();
        table!.TryFindPath("usr/bin"u8, out var bin).ShouldBeTrue();
        Golden.Check("leaf.hex", Get(store, table[bin].Content));
        Golden.Check("leaf-of-root.hex", Get(store, table[0].Content));
        table.TryFindPath("var/tmp"u8, out var empty).ShouldBeTrue();
        Golden.Check("leaf-empty.hex", Get(store, table[empty].Content));
        table.TryFindPath("usr/share/big"u8, out var big).ShouldBeTrue();
        Golden.Check("file.hex", Get(store, table[big].Content));
    }

    [Fact]
    public void The_index_of_a_large_directory_is_frozen()
    {
        var store = new MemoryBlockStore();
        var built = SampleTree.Build(store, Enumerable.Range(0, 5_000).Select(i => new SampleEntry($"{i}", 'l', SampleTree.FileAttributes, Target: $"target-{i}")));
        TreeLoader.TryLoad(built.Root, store, [], out var table).ShouldBeTrue();
        Golden.Check("index.hex", Get(store, table![0].Content));
    }

    [Fact]
    public void The_upper_node_of_a_file_of_more_than_1024_chunks_is_frozen()
    {
        var store = new MemoryBlockStore();
        List<Sha256Digest> digests = [.. Enumerable.Range(0, 1_500).Select(i => Sha256Digest.Of(BitConverter.GetBytes(i)))];
        List<long> ends = [.. Enumerable.Range(1, 1_500).Select(i => 40_000L * i)];
        var top = FileNodeTree.Write(store, digests, ends);
        Golden.Check("file-upper.hex", Get(store, top));
        FileLayoutLoader.TryLoad(top, 60_000_000, store, [], out var layout).ShouldBeTrue();
        layout!.ChunkCount.ShouldBe(1_500);
        layout.ChunkCid(1_234).Digest.ShouldBe(digests[1_234]);
        layout.ChunkStart(1_234).ShouldBe(1_234L * 40_000);
    }

    [Fact]
    public void Every_node_comes_back_to_its_bytes()
    {
        Nodes.Select(node => node.Kind).Distinct().Count().ShouldBe(4);
        foreach (var (_, bytes) in Nodes) NodeReencoder.Reencode(bytes).ShouldBe(bytes);
    }

    [Fact]
    public void A_changed_node_is_refused_or_is_another_node_in_canonical_form()
    {
        var refused = 0;
        Prop.ForAll(ArbMap.Default.ArbFor<(int, (int, byte)[])>(), change =>
        {
            byte[] bytes = [.. Nodes[(int)((uint)change.Item1 % Nodes.Count)].Bytes];
            foreach (var (at, value) in (change.Item2 ?? []).Take(3)) bytes[(uint)(at * 7919) % bytes.Length] = value;
            try
            {
                return NodeReencoder.Reencode(bytes).AsSpan().SequenceEqual(bytes);
            }
            catch (MessagePackFormatException)
            {
                refused++;
                return true;
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2_000));
        refused.ShouldBeGreaterThan(0);
    }

    [Fact]
    public void A_node_cut_short_anywhere_is_refused()
    {
        foreach (var (_, bytes) in Nodes)
        {
            for (var length = 0; length < bytes.Length; length += 1 + bytes.Length / 300)
                Should.Throw<MessagePackFormatException>(() => NodeReencoder.Reencode(bytes.AsSpan(0, length)));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("a\0b")]
    public void A_name_that_no_file_system_takes_is_refused(string name) => RefusedEntry(new DirectoryEntry
    {
        Name = System.Text.Encoding.UTF8.GetBytes(name),
        Permissions = 0b110_100_100,
        Xattrs = [],
        Content = Cid.Of(CidCodec.Raw, []),
    });

    [Fact]
    public void A_symlink_without_a_target_is_refused() => RefusedEntry(new DirectoryEntry { Name = "a"u8, Kind = EntryKind.Symlink, Permissions = 0b111_111_111, Xattrs = [] });

    [Fact]
    public void A_file_without_content_is_refused() => RefusedEntry(new DirectoryEntry { Name = "a"u8, Permissions = 0b110_100_100, Xattrs = [] });

    [Fact]
    public void A_file_of_one_block_that_no_block_can_hold_is_refused() => RefusedEntry(new DirectoryEntry
    {
        Name = "a"u8,
        Permissions = 0b110_100_100,
        Xattrs = [],
        Size = Block.MaxLength + 1,
        Content = Cid.Of(CidCodec.Raw, []),
    });

    private static void RefusedEntry(DirectoryEntry entry)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var writer = new MessagePackWriter(buffer);
        DirectoryLeafWriter.WriteHeader(writer, 0, 1);
        DirectoryLeafWriter.WriteEntry(writer, entry, 0);
        var bytes = buffer.WrittenSpan.ToArray();
        Should.Throw<MessagePackFormatException>(() => NodeReencoder.Reencode(bytes));
    }
}
