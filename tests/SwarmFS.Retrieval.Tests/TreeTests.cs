using Microsoft.Extensions.Logging.Abstractions;
using SwarmFS.Core;
using SwarmFS.Testing;

namespace SwarmFS.Retrieval.Tests;

public sealed class TreeTests
{
    private static World Shop() => new([.. Enumerable.Range(0, 300).Select(i => ($"d{i / 50}/f{i:000}", World.Noise(100 + i, i)))]);

    [Fact]
    public async Task A_tree_comes_in_one_request_and_its_readers_share_it()
    {
        await using var world = Shop();
        var source = world.OverMemory();
        source.Latency = TimeSpan.FromMilliseconds(20);
        var both = Task.WhenAll(world.TreeAsync(), world.TreeAsync());
        world.Time.Advance(TimeSpan.FromMilliseconds(20));
        var trees = await both.WaitAsync(TimeSpan.FromSeconds(20));
        trees[0].ShouldBeSameAs(trees[1]);
        source.TreeRequests.Count.ShouldBe(1);
        source.Requests.ShouldBeEmpty();
        world.Content.TryGetTree(world.Root, out var held).ShouldBeTrue();
        held.ShouldBeSameAs(trees[0]);
    }

    [Fact]
    public async Task Who_comes_late_to_a_tree_that_does_not_come_has_a_deadline_of_its_own()
    {
        await using var world = Shop();
        var source = world.OverMemory();
        source.Latency = TimeSpan.FromHours(1);
        var first = world.TreeAsync();
        world.Time.Advance(world.Options.ReadDeadline - TimeSpan.FromSeconds(1));
        var second = world.TreeAsync();
        world.Time.Advance(TimeSpan.FromSeconds(2));
        await Should.ThrowAsync<ContentUnavailableException>(first.WaitAsync(TimeSpan.FromSeconds(20)));

        source.Latency = TimeSpan.Zero;
        for (var step = 0; step < 20 && !second.IsCompleted; step++)
        {
            world.Time.Advance(TimeSpan.FromSeconds(0.5));
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }

        (await second.WaitAsync(TimeSpan.FromSeconds(20))).Count.ShouldBe(307);
    }

    [Fact]
    public async Task Nodes_that_the_stream_left_out_are_asked_for_by_name()
    {
        await using var world = Shop();
        var stingy = new MemoryBlockSource(world.Elsewhere, world.Time);
        foreach (var cid in world.Elsewhere.Cids.Where(cid => cid.Codec == CidCodec.MessagePack && cid != world.Root).Take(4)) stingy.Lacks[cid] = true;
        var rich = new MemoryBlockSource(world.Elsewhere, world.Time);
        world.Open(stingy, rich);
        (await world.TreeAsync()).Count.ShouldBe(307);
        rich.Requests.ShouldNotBeEmpty();
    }

    [Fact]
    public async Task A_stream_of_nodes_that_stalls_gives_way_to_requests_by_name()
    {
        await using var world = Shop();
        var source = world.OverMemory();
        source.TreesStall = true;
        var tree = world.TreeAsync();
        await World.UntilAsync(() => world.Time.PendingTimers >= 2);
        world.Time.Advance(TimeSpan.FromSeconds(3));
        (await tree.WaitAsync(TimeSpan.FromSeconds(20))).Count.ShouldBe(307);
    }

    [Fact]
    public async Task A_tree_that_is_here_needs_no_source()
    {
        await using var world = Shop();
        world.OverMemory();
        await world.TreeAsync();
        await using var alone = new PackageContent(new RetrievalOptions(), world.Here, [], world.Time, NullLoggerFactory.Instance, new NoMeters());
        (await alone.GetTreeAsync(world.Root, CancellationToken.None)).Count.ShouldBe(307);
    }

    [Fact]
    public async Task A_root_that_is_no_tree_is_refused_by_name_and_not_fetched_again_at_once()
    {
        await using var world = Shop();
        using var liar = Block.Create(CidCodec.MessagePack, "not a node"u8);
        world.Elsewhere.Put(liar);
        var source = world.OverMemory();
        var failure = await Should.ThrowAsync<ContentUnavailableException>(world.Content.GetTreeAsync(liar.Cid, CancellationToken.None).AsTask());
        failure.Message.ShouldContain(liar.Cid.ToString());
        failure.Message.ShouldContain("malformed");
        foreach (var cid in world.Here.Cids.ToArray()) world.Here.Remove(cid);
        await Should.ThrowAsync<ContentUnavailableException>(world.Content.GetTreeAsync(liar.Cid, CancellationToken.None).AsTask());
        source.TreeRequests.Count.ShouldBe(1);
        world.Time.Advance(TimeSpan.FromSeconds(11));
        await Should.ThrowAsync<ContentUnavailableException>(world.Content.GetTreeAsync(liar.Cid, CancellationToken.None).AsTask());
        source.TreeRequests.Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_block_of_data_is_no_root()
    {
        await using var world = Shop();
        world.OverMemory();
        var data = world.Elsewhere.Cids.First(cid => cid.Codec == CidCodec.Raw);
        await Should.ThrowAsync<ContentUnavailableException>(world.Content.GetTreeAsync(data, CancellationToken.None).AsTask());
    }

    [Fact]
    public async Task A_block_shorter_than_its_tree_says_is_an_error_and_never_short_bytes()
    {
        await using var world = Shop();
        world.OverMemory();
        var tree = await world.TreeAsync();
        using var shorter = Block.Create(CidCodec.Raw, "short"u8);
        var lying = LyingTree(world, shorter.Cid, size: 100);
        world.Elsewhere.Put(shorter);
        var forged = await world.Content.GetTreeAsync(lying, CancellationToken.None);
        var buffer = new byte[100];
        var failure = await Should.ThrowAsync<ContentUnavailableException>(world.Content.ReadAsync(forged, 1, 0, buffer, world.Content.ReadDeadline, CancellationToken.None).AsTask());
        failure.Message.ShouldContain(shorter.Cid.ToString());
        world.Content.TryRead(forged, 1, 0, buffer).ShouldBe(-1);
        await Should.ThrowAsync<ContentUnavailableException>(world.Content.ReadAsync(forged, 1, 50, buffer, world.Content.ReadDeadline, CancellationToken.None).AsTask());
        tree.Root.ShouldBe(world.Root);
    }

    [Fact]
    public async Task Ten_readers_that_leave_call_the_tree_off()
    {
        await using var world = Shop();
        var source = world.OverMemory();
        source.IsOnline = false;
        using var leave = new CancellationTokenSource();
        var reads = Enumerable.Range(0, 10).Select(_ => world.Content.GetTreeAsync(world.Root, leave.Token).AsTask()).ToArray();
        await leave.CancelAsync();
        foreach (var read in reads) await Should.ThrowAsync<OperationCanceledException>(read.WaitAsync(TimeSpan.FromSeconds(20)));
        await World.UntilAsync(() => world.Time.PendingTimers == 0);
        source.IsOnline = true;
        (await world.TreeAsync()).Count.ShouldBe(307);
    }

    // The directory leaf of a tree of one file, with another CID in place of the file's content: same digest length, so the bytes around it hold.
    private static Cid LyingTree(World world, Cid content, int size)
    {
        var builder = new TreeBuilder(world.Elsewhere);
        var honest = World.Noise(size, 99);
        builder.AddFile("f"u8, new EntryAttributes(0x1A4, 0, 0, 0, 0, 0, []), new MemoryStream(honest), size);
        var root = builder.Finish().Root;
        var leaf = Links(world, root).Single(link => link.Kind == DagLinkKind.Directory).Cid;
        var forgedLeaf = Replace(world, leaf, Cid.Of(CidCodec.Raw, honest), content);
        return Replace(world, root, leaf, forgedLeaf);
    }

    private static List<DagLink> Links(World world, Cid node)
    {
        world.Elsewhere.TryGet(node, out var block).ShouldBeTrue();
        List<DagLink> links = [];
        using (block) DagLinks.Read(block!, links);
        return links;
    }

    private static Cid Replace(World world, Cid node, Cid old, Cid replacement)
    {
        world.Elsewhere.TryGet(node, out var block).ShouldBeTrue();
        using (block)
        {
            var bytes = block!.Span.ToArray();
            var digest = new byte[Sha256Digest.Length];
            old.Digest.CopyTo(digest);
            var at = bytes.AsSpan().IndexOf(digest);
            at.ShouldBeGreaterThan(0);
            replacement.Digest.CopyTo(bytes.AsSpan(at));
            using var forged = Block.Create(CidCodec.MessagePack, bytes);
            world.Elsewhere.Put(forged);
            return forged.Cid;
        }
    }
}
