using SwarmFS.Core;

namespace SwarmFS.Swarm.Tests;

public sealed class ExchangeOverTlsTests
{
    [Fact]
    public async Task A_block_comes_from_the_peer_that_has_it()
    {
        await using var a = await TestNode.StartAsync();
        await using var b = await TestNode.StartAsync();
        using var block = a.AddBlock(100_000, seed: 1);
        b.ConnectTo(a);
        using var sink = new KeepingSink();

        var result = await b.Node.FetchAsync(TestNode.Wish(block.Cid, [block.Cid]), sink, TestContext.Current.CancellationToken);

        result.ShouldBe(new FetchResult(1, 0, null));
        sink.Blocks.ShouldHaveSingleItem().Span.SequenceEqual(block.Span).ShouldBeTrue();
        b.Node.Transfers.ShouldBe([new RootTransfer(block.Cid, a.Identity.Id, 100_000, 1)]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(Block.MaxLength)]
    public async Task Blocks_of_every_length_travel(int length)
    {
        await using var a = await TestNode.StartAsync();
        await using var b = await TestNode.StartAsync();
        using var block = a.AddBlock(length, seed: 2);
        b.ConnectTo(a);
        using var sink = new KeepingSink();

        var result = await b.Node.FetchAsync(TestNode.Wish(block.Cid, [block.Cid]), sink, TestContext.Current.CancellationToken);

        result.Missing.ShouldBe(0, result.Explanation);
        sink.Bytes.ShouldBe(length);
    }

    [Fact]
    public async Task Thousands_of_small_blocks_come_in_one_request()
    {
        await using var a = await TestNode.StartAsync();
        await using var b = await TestNode.StartAsync();
        var cids = new List<Cid>();
        for (var i = 0; i < 3000; i++)
        {
            using var block = a.AddBlock(1000 + i, seed: i);
            cids.Add(block.Cid);
        }
        b.ConnectTo(a);
        using var sink = new KeepingSink();

        var result = await b.Node.FetchAsync(TestNode.Wish(cids[0], cids, priority: FetchPriority.Prefetch), sink, TestContext.Current.CancellationToken);

        result.ShouldBe(new FetchResult(3000, 0, null));
        sink.Cids.Order().ShouldBe(cids.Order());
    }

    [Fact]
    public async Task What_nobody_has_ends_at_the_deadline_and_says_who_was_asked()
    {
        await using var a = await TestNode.StartAsync();
        await using var b = await TestNode.StartAsync();
        using var root = a.AddBlock(10, seed: 1);
        using var absent = Block.Create(CidCodec.Raw, "absent"u8);
        b.ConnectTo(a);
        await TestNode.Until(() => b.IsConnectedTo(a), "b is connected to a");
        using var sink = new KeepingSink();

        var result = await b.Node.FetchAsync(TestNode.Wish(root.Cid, [absent.Cid], seconds: 0.5), sink, TestContext.Current.CancellationToken);

        result.Missing.ShouldBe(1);
        result.Explanation.ShouldNotBeNull().ShouldContain(a.Identity.Id.ToShortString());
    }

    [Fact]
    public async Task A_tree_comes_whole_in_one_request()
    {
        await using var a = await TestNode.StartAsync();
        await using var b = await TestNode.StartAsync();
        var tree = TestTree.Build(a.Store, files: 300);
        b.ConnectTo(a);
        using var sink = new KeepingSink(b.Store);

        var request = new TreeRequest(tree.Root, tree.Root, TreeSelection.Everything, 1 << 30, FetchPriority.Demand, TestNode.Deadline(15));
        var result = await b.Node.FetchTreeAsync(request, sink, TestContext.Current.CancellationToken);

        result.Missing.ShouldBe(0, result.Explanation);
        b.Store.Cids.Order().ShouldBe(a.Store.Cids.Order());
        new DagWalk(b.Store, tree.Root, TreeSelection.Everything).Blocks().Select(link => link.Cid).ShouldBe(sink.Cids);
    }

    [Fact]
    public async Task A_fetch_begins_before_its_source_is_there()
    {
        await using var a = await TestNode.StartAsync();
        await using var b = await TestNode.StartAsync();
        using var block = a.AddBlock(5000, seed: 3);
        using var sink = new KeepingSink();
        var fetch = b.Node.FetchAsync(TestNode.Wish(block.Cid, [block.Cid]), sink, TestContext.Current.CancellationToken);

        a.ConnectTo(b);

        (await fetch).ShouldBe(new FetchResult(1, 0, null));
    }

    [Fact]
    public async Task A_cancelled_fetch_ends_at_once()
    {
        await using var b = await TestNode.StartAsync();
        using var absent = Block.Create(CidCodec.Raw, "absent"u8);
        using var sink = new KeepingSink();
        using var reader = new CancellationTokenSource();
        var fetch = b.Node.FetchAsync(TestNode.Wish(absent.Cid, [absent.Cid], seconds: 3600), sink, reader.Token);

        await reader.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(fetch.WaitAsync(TestNode.Patience));
    }
}
