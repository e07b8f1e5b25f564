using System.Text;
using SwarmFS.Testing;

namespace SwarmFS.Core.Tests;

public class TreeRoundTripTests
{
    private static readonly EntryAttributes Plain = new(0b110_100_100, 0, 0, 0, 1_700_000_000, 0, []);
    private readonly MemoryBlockStore _store = new();

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static void AddFile(TreeBuilder builder, string path, byte[] content, EntryAttributes? attributes = null) =>
        builder.AddFile(Bytes(path), attributes ?? Plain, new MemoryStream(content), content.Length);

    private TreeTable Load(Cid root)
    {
        var missing = new List<Cid>();
        TreeLoader.TryLoad(root, _store, missing, out var table).ShouldBeTrue();
        missing.ShouldBeEmpty();
        return table!;
    }

    [Fact]
    public void What_is_built_is_what_is_loaded()
    {
        var builder = new TreeBuilder(_store);
        var tool = new EntryAttributes(0b111_101_101, 4, 7, 8, -5, 999_999_999, [new Xattr(Bytes("user.b"), Bytes("2")), new Xattr(Bytes("user.a"), Bytes("1"))]);
        AddFile(builder, "usr/bin/tool", Bytes("content"), tool);
        builder.AddSymlink(Bytes("usr/bin/alias"), Plain with { Permissions = 0b111_111_111 }, Bytes("tool"));
        builder.AddHardLink(Bytes("usr/other"), Bytes("./usr/bin/tool"));
        builder.AddDirectory(Bytes("./usr/"), Plain with { Permissions = 0b111_000_000 });
        builder.AddDirectory(Bytes("."), Plain with { Permissions = 0b111_101_101, Uid = 3 });
        AddFile(builder, "empty", []);
        var built = builder.Finish();

        var table = Load(built.Root);
        built.Entries.ShouldBe(7);
        table.Count.ShouldBe(7);
        built.Bytes.ShouldBe(7);
        table[0].Size.ShouldBe(7);
        table[0].Uid.ShouldBe(3u);
        table[0].LinkCount.ShouldBe(3);
        table.TryFindPath("usr/bin/tool"u8, out var row).ShouldBeTrue();
        (table[row].Permissions, table[row].SpecialBits, table[row].Uid, table[row].Gid).ShouldBe(((ushort)0b111_101_101, (byte)4, 7u, 8u));
        (table[row].MtimeSeconds, table[row].MtimeNanoseconds, table[row].LinkCount).ShouldBe((-5L, 999_999_999, 2));
        Encoding.UTF8.GetString(table.Xattrs(row)[0].Name.Span).ShouldBe("user.a");
        table.TryFindPath("usr/other"u8, out var other).ShouldBeTrue();
        table[other].Leader.ShouldBe(row);
        table[other].LinkCount.ShouldBe(2);
        table.TryFindPath("usr/bin/alias"u8, out var alias).ShouldBeTrue();
        Encoding.UTF8.GetString(table.SymlinkTarget(alias)).ShouldBe("tool");
        table.TryFindPath("empty"u8, out var empty).ShouldBeTrue();
        table[empty].Content.ToString().ShouldBe("bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku");
    }

    [Fact]
    public void A_directory_of_ten_thousand_entries_is_sharded_and_found_again()
    {
        var builder = new TreeBuilder(_store);
        foreach (var i in Enumerable.Range(0, 10_000).OrderBy(i => i * 7919 % 10_007)) AddFile(builder, $"d/file-{i:d5}", Bytes($"{i}"));
        var table = Load(builder.Finish().Root);
        table.Count.ShouldBe(10_002);
        table.DirectoryNodes.Count.ShouldBeGreaterThan(10);
        table.TryFindPath("d/file-07777"u8, out var row).ShouldBeTrue();
        row.ShouldBe(2 + 7777);
        table[row].Content.ShouldBe(Cid.Of(CidCodec.Raw, "7777"u8));
    }

    [Fact]
    public void A_large_file_is_cut_into_chunks_that_give_it_back()
    {
        var content = new byte[5_000_000];
        new Random(1).NextBytes(content);
        var builder = new TreeBuilder(_store);
        AddFile(builder, "big", content);
        var table = Load(builder.Finish().Root);
        var missing = new List<Cid>();
        FileLayoutLoader.TryLoad(table[1].Content, table[1].Size, _store, missing, out var layout).ShouldBeTrue();
        var copy = new byte[content.Length];
        for (var chunk = 0; chunk < layout!.ChunkCount; chunk++)
            _store.Read(layout.ChunkCid(chunk), 0, copy.AsSpan((int)layout.ChunkStart(chunk), layout.ChunkLength(chunk))).ShouldBe(layout.ChunkLength(chunk));
        copy.AsSpan().SequenceEqual(content).ShouldBeTrue();
        _store.DeclaredFiles.ShouldContain(declared => declared.File == layout.File);
    }

    /// <summary>Sizes around every bound of chunking.</summary>
    [Theory]
    [InlineData(128 << 10)]
    [InlineData((128 << 10) + 1)]
    [InlineData(200 << 10)]
    [InlineData(512 << 10)]
    [InlineData((512 << 10) + 1)]
    [InlineData(1 << 20)]
    [InlineData((1 << 20) + 1)]
    public void A_file_of_zeros_of_any_size_comes_back(int size)
    {
        var builder = new TreeBuilder(_store);
        AddFile(builder, "zeros", new byte[size]);
        var table = Load(builder.Finish().Root);
        if (table[1].Content.Codec == CidCodec.Raw)
        {
            _store.TryGetLength(table[1].Content, out var length).ShouldBeTrue();
            length.ShouldBe(size);
            return;
        }
        FileLayoutLoader.TryLoad(table[1].Content, size, _store, [], out var layout).ShouldBeTrue();
        layout!.Size.ShouldBe(size);
        layout.ChunkCount.ShouldBeGreaterThan(1);
    }

    [Fact]
    public void The_walk_names_every_block_of_the_store_once_and_the_root_first()
    {
        var builder = new TreeBuilder(_store);
        var content = new byte[3_000_000];
        new Random(2).NextBytes(content);
        AddFile(builder, "a/big", content);
        AddFile(builder, "a/small", Bytes("x"));
        AddFile(builder, "z", Bytes("x"));
        var root = builder.Finish().Root;
        var blocks = new DagWalk(_store, root, TreeSelection.Everything).Blocks().Select(link => link.Cid).ToList();
        blocks[0].ShouldBe(root);
        blocks.ShouldBeUnique();
        blocks.Order().ShouldBe(_store.Cids.Order());
    }
}
