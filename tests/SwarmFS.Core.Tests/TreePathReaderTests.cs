using System.Security.Cryptography;
using System.Text;
using SwarmFS.Testing;

namespace SwarmFS.Core.Tests;

public class TreePathReaderTests
{
    private static readonly EntryAttributes Attributes = new(0b111_101_101, 0, 0, 0, 0, 0, []);

    private readonly MemoryBlockStore _store = new();
    private readonly List<Cid> _read = [];

    private ValueTask<Block> GetAsync(Cid cid, CancellationToken cancellationToken)
    {
        _read.Add(cid);
        return _store.TryGet(cid, out var block) ? ValueTask.FromResult(block) : throw new ContentUnavailableException($"Nobody has {cid}.");
    }

    private Cid Build(int files, int large = 0)
    {
        var tree = new TreeBuilder(_store);
        for (var i = 0; i < files; i++) tree.AddFile(Encoding.ASCII.GetBytes($"many/file{i:d5}"), Attributes, Encoding.ASCII.GetBytes($"content {i}"));
        tree.AddFile("large"u8, Attributes, Content(large));
        tree.AddSymlink("link"u8, Attributes, "many"u8);
        return tree.Finish().Root;
    }

    private static byte[] Content(int length)
    {
        var content = new byte[length];
        new Random(7).NextBytes(content);
        return content;
    }

    [Fact]
    public async Task A_path_is_found_by_the_nodes_on_it_alone()
    {
        var root = Build(files: 20_000);
        var found = (await TreePathReader.FindAsync(root, "many/file12345", GetAsync, CancellationToken.None)).ShouldNotBeNull();
        Encoding.ASCII.GetString(await TreePathReader.ReadFileAsync(found, 100, GetAsync, CancellationToken.None)).ShouldBe("content 12345");
        _read.Count.ShouldBeLessThan(8);
        foreach (var absent in (string[])["many/file1234", "many/file99999", "many/a", "none", "link/file00000", "large/x", ""])
            (await TreePathReader.FindAsync(root, absent, GetAsync, CancellationToken.None)).ShouldBeNull(absent);
        (await TreePathReader.FindAsync(root, "many", GetAsync, CancellationToken.None)).ShouldNotBeNull().Kind.ShouldBe(EntryKind.Directory);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(200_000)]
    [InlineData(3_000_000)]
    public async Task A_file_is_read_whole_and_never_beyond_the_bound(int length)
    {
        var root = Build(files: 1, large: length);
        var file = (await TreePathReader.FindAsync(root, "large", GetAsync, CancellationToken.None)).ShouldNotBeNull();
        var read = await TreePathReader.ReadFileAsync(file, length, GetAsync, CancellationToken.None);
        SHA256.HashData(read).ShouldBe(SHA256.HashData(Content(length)));
        if (length > 0) await Should.ThrowAsync<InvalidTreeException>(async () => await TreePathReader.ReadFileAsync(file, length - 1, GetAsync, CancellationToken.None));
        await Should.ThrowAsync<InvalidTreeException>(async () => await TreePathReader.ReadFileAsync(file with { Size = length + 1 }, length + 1, GetAsync, CancellationToken.None));
    }

    [Fact]
    public async Task A_directory_is_listed_in_order_and_never_beyond_the_bound()
    {
        var root = Build(files: 3_000);
        var many = (await TreePathReader.FindAsync(root, "many", GetAsync, CancellationToken.None)).ShouldNotBeNull();
        var names = await TreePathReader.ListAsync(many, 3_000, GetAsync, CancellationToken.None);
        names.Select(Encoding.ASCII.GetString).ShouldBe(Enumerable.Range(0, 3_000).Select(i => $"file{i:d5}"));
        await Should.ThrowAsync<InvalidTreeException>(async () => await TreePathReader.ListAsync(many, 2_999, GetAsync, CancellationToken.None));
    }

    [Fact]
    public async Task What_is_no_tree_or_cannot_be_had_is_said_so()
    {
        var root = Build(files: 1);
        await Should.ThrowAsync<InvalidTreeException>(async () => await TreePathReader.FindAsync((await TreePathReader.FindAsync(root, "many", GetAsync, CancellationToken.None))!.Value.Content, "x", GetAsync, CancellationToken.None));
        await Should.ThrowAsync<ContentUnavailableException>(async () => await TreePathReader.FindAsync(Cid.Of(CidCodec.MessagePack, "none"u8), "x", GetAsync, CancellationToken.None));
    }

    [Fact]
    public void A_file_that_the_store_has_already_gives_the_tree_that_its_content_gives()
    {
        var content = Content(300_000);
        var whole = new TreeBuilder(_store);
        whole.AddFile("a/file"u8, Attributes, content);
        var named = new TreeBuilder(_store);
        named.AddFile("a/file"u8, Attributes, named.PutContent(content), content.Length);
        named.Finish().ShouldBe(whole.Finish());
    }
}
