using SwarmFS.Core;
using SwarmFS.Testing;

namespace SwarmFS.Retrieval.Tests;

public sealed class DeadlineTests
{
    [Fact]
    public async Task A_dead_source_fails_the_read_at_its_deadline_with_the_sources_own_account()
    {
        await using var world = new World(("a", World.Noise(5000, 1)));
        var source = world.OverMemory();
        var tree = await world.TreeAsync();
        source.IsOnline = false;
        var read = world.ReadAsync(tree, "a");
        world.Time.Advance(TimeSpan.FromSeconds(14.9));
        read.IsCompleted.ShouldBeFalse();
        world.Time.Advance(TimeSpan.FromSeconds(0.1));
        var failure = await Should.ThrowAsync<ContentUnavailableException>(read.WaitAsync(TimeSpan.FromSeconds(20)));
        failure.Message.ShouldContain("peers: no peer is connected");
        failure.Message.ShouldContain(world.Root.ToString());
    }

    [Fact]
    public async Task The_kernels_repeat_of_a_read_that_failed_does_not_wait_a_second_deadline()
    {
        await using var world = new World(("a", World.Noise(5000, 1)), ("b", World.Noise(5000, 2)));
        var source = world.OverMemory();
        var tree = await world.TreeAsync();
        source.IsOnline = false;
        var read = world.ReadAsync(tree, "a");
        world.Time.Advance(TimeSpan.FromSeconds(15));
        await Should.ThrowAsync<ContentUnavailableException>(read.WaitAsync(TimeSpan.FromSeconds(20)));
        var (repeat, other) = (world.ReadAsync(tree, "a"), world.ReadAsync(tree, "b"));
        world.Time.Advance(TimeSpan.FromSeconds(0.25));
        await Should.ThrowAsync<ContentUnavailableException>(repeat.WaitAsync(TimeSpan.FromSeconds(20)));
        other.IsCompleted.ShouldBeFalse();
        world.Time.Advance(TimeSpan.FromSeconds(1));
        var later = world.ReadAsync(tree, "a");
        world.Time.Advance(TimeSpan.FromSeconds(5));
        later.IsCompleted.ShouldBeFalse();
        source.IsOnline = true;
        (await later.WaitAsync(TimeSpan.FromSeconds(20))).ShouldBeBytes(world.Expected("a"));
    }

    [Fact]
    public async Task A_block_that_is_named_as_here_and_cannot_be_read_fails_at_the_deadline_or_comes_when_it_can()
    {
        await using var world = new World(("a", World.Noise(5000, 1)));
        world.OverMemory();
        var tree = await world.TreeAsync();
        var cid = tree[1].Content;
        world.Here.Unreadable = cid;
        var (failing, block) = (world.ReadAsync(tree, "a"), world.Content.GetBlockAsync(world.Root, cid, FetchPriority.Demand, TestContext.Current.CancellationToken).AsTask());
        for (var step = 0; step < 151; step++)
        {
            await Task.Delay(1, TestContext.Current.CancellationToken);
            world.Time.Advance(TimeSpan.FromSeconds(0.1));
        }
        await Should.ThrowAsync<ContentUnavailableException>(failing.WaitAsync(TimeSpan.FromSeconds(20)));
        await Should.ThrowAsync<ContentUnavailableException>(block.WaitAsync(TimeSpan.FromSeconds(20)));

        world.Time.Advance(TimeSpan.FromSeconds(60));
        var read = world.ReadAsync(tree, "a");
        world.Time.Advance(TimeSpan.FromSeconds(0.1));
        read.IsCompleted.ShouldBeFalse();
        world.Here.Unreadable = null;
        for (var step = 0; step < 20 && !read.IsCompleted; step++)
        {
            await Task.Delay(10, TestContext.Current.CancellationToken);
            world.Time.Advance(TimeSpan.FromSeconds(0.1));
        }
        (await read.WaitAsync(TimeSpan.FromSeconds(20))).ShouldBeBytes(world.Expected("a"));
    }

    [Fact]
    public async Task A_source_that_ignores_the_deadline_does_not_hold_the_reader()
    {
        await using var world = new World(("a", World.Noise(5000, 1)));
        var source = world.OverScript();
        var tree = await world.TreeAsync();
        var read = world.ReadAsync(tree, "a");
        await source.NextAsync();
        world.Time.Advance(TimeSpan.FromSeconds(15.25));
        (await Should.ThrowAsync<ContentUnavailableException>(read.WaitAsync(TimeSpan.FromSeconds(20)))).Message.ShouldContain("have not answered");
    }

    [Fact]
    public async Task A_reader_waits_as_long_as_anything_of_the_root_comes()
    {
        await using var world = new World(("a", World.Noise(5000, 1)), ("b", World.Noise(5000, 2)), ("c", World.Noise(5000, 3)));
        var source = world.OverScript();
        var tree = await world.TreeAsync();
        var read = BlockAsync(world, tree, "a");
        var request = await source.NextAsync();
        foreach (var other in (string[])["b", "c"])
        {
            var before = BlockAsync(world, tree, other);
            var answered = await source.NextAsync();
            world.Time.Advance(TimeSpan.FromSeconds(14));
            answered.DeliverAll();
            (await before).ShouldBeBytes(world.Expected(other));
        }
        world.Time.Advance(TimeSpan.FromSeconds(14));
        read.IsCompleted.ShouldBeFalse();

        request.DeliverAll();

        (await read.WaitAsync(TimeSpan.FromSeconds(20))).ShouldBeBytes(world.Expected("a"));
    }

    [Fact]
    public async Task A_reader_waits_while_its_block_comes_bit_by_bit()
    {
        await using var world = new World(("a", World.Noise(5000, 1)));
        var source = world.OverScript();
        var tree = await world.TreeAsync();
        var read = BlockAsync(world, tree, "a");
        var request = await source.NextAsync();
        for (var part = 0; part < 3; part++)
        {
            world.Time.Advance(TimeSpan.FromSeconds(14));
            request.Receives();
        }
        world.Time.Advance(TimeSpan.FromSeconds(14));
        read.IsCompleted.ShouldBeFalse();

        request.DeliverAll();

        (await read.WaitAsync(TimeSpan.FromSeconds(20))).ShouldBeBytes(world.Expected("a"));
    }

    [Fact]
    public async Task What_comes_of_the_root_does_not_keep_a_reader_waiting_for_ever()
    {
        await using var world = new World([("a", World.Noise(5000, 1)), .. Enumerable.Range(0, 40).Select(i => ($"f{i}", World.Noise(100 + i, i)))]);
        var source = world.OverScript();
        var tree = await world.TreeAsync();
        var read = BlockAsync(world, tree, "a");
        await source.NextAsync();
        for (var other = 0; other < 40; other++)
        {
            var before = BlockAsync(world, tree, $"f{other}");
            (await source.NextAsync()).DeliverAll();
            await before;
            world.Time.Advance(TimeSpan.FromSeconds(10));
        }

        await Should.ThrowAsync<ContentUnavailableException>(read.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    /// <summary>A file's only block, which tells nobody that more of the tree may be wanted.</summary>
    private static async Task<byte[]> BlockAsync(World world, TreeTable tree, string path)
    {
        using var block = await world.Content.GetBlockAsync(world.Root, tree[World.Row(tree, path)].Content, FetchPriority.Demand, CancellationToken.None);
        return block.Span.ToArray();
    }

    [Fact]
    public async Task What_one_source_said_is_told_though_another_never_answers()
    {
        await using var world = new World(("a", World.Noise(5000, 1)));
        var (peers, origin) = (new ScriptedBlockSource(world.Elsewhere, "peers"), new ScriptedBlockSource(world.Elsewhere, "origin"));
        world.Open(peers, origin);
        var tree = await world.TreeAsync();
        var read = world.ReadAsync(tree, "a");
        (await peers.NextAsync()).End("peer A hung up");
        await origin.NextAsync();

        world.Time.Advance(TimeSpan.FromSeconds(15.25));

        (await Should.ThrowAsync<ContentUnavailableException>(read.WaitAsync(TimeSpan.FromSeconds(20)))).Message.ShouldContain("peers: peer A hung up");
    }

    [Fact]
    public async Task A_source_that_comes_back_serves_the_reader_that_waits()
    {
        await using var world = new World(("a", World.Noise(5000, 1)));
        var source = world.OverMemory();
        var tree = await world.TreeAsync();
        source.IsOnline = false;
        var read = world.ReadAsync(tree, "a");
        world.Time.Advance(TimeSpan.FromSeconds(10));
        source.IsOnline = true;
        (await read.WaitAsync(TimeSpan.FromSeconds(20))).ShouldBeBytes(world.Expected("a"));
    }

    [Fact]
    public async Task The_same_path_works_at_once_after_a_failure()
    {
        await using var world = new World(("a", World.Noise(5000, 1)));
        var source = world.OverMemory();
        source.IsOnline = false;
        var lost = world.TreeAsync();
        world.Time.Advance(TimeSpan.FromSeconds(16));
        await Should.ThrowAsync<ContentUnavailableException>(lost.WaitAsync(TimeSpan.FromSeconds(20)));
        source.IsOnline = true;
        var tree = await world.TreeAsync().WaitAsync(TimeSpan.FromSeconds(20));
        (await world.ReadAsync(tree, "a")).ShouldBeBytes(world.Expected("a"));
    }

    [Fact]
    public async Task A_source_that_gives_up_early_is_asked_again_until_the_deadline()
    {
        await using var world = new World(("a", World.Noise(5000, 1)));
        var source = world.OverScript();
        var tree = await world.TreeAsync();
        var read = world.ReadAsync(tree, "a");
        (await source.NextAsync()).End("peer A hung up");
        await World.UntilAsync(() => world.Time.PendingTimers >= 2);
        world.Time.Advance(TimeSpan.FromMilliseconds(100));
        (await source.NextAsync()).DeliverAll();
        (await read).ShouldBeBytes(world.Expected("a"));
    }

    [Fact]
    public async Task A_source_that_throws_is_one_that_has_nothing()
    {
        await using var world = new World(("a", World.Noise(5000, 1)));
        var broken = new MemoryBlockSource(world.Elsewhere, world.Time, "broken") { Fault = new InvalidOperationException("boom") };
        var honest = new MemoryBlockSource(world.Elsewhere, world.Time, "honest");
        world.Open(broken, honest);
        var tree = await world.TreeAsync();
        (await world.ReadAsync(tree, "a")).ShouldBeBytes(world.Expected("a"));
        honest.Requests.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_second_source_is_raced_when_the_first_has_used_its_head_start()
    {
        await using var world = new World(("a", World.Noise(5000, 1)));
        var slow = new MemoryBlockSource(world.Elsewhere, world.Time, "peers");
        var origin = new MemoryBlockSource(world.Elsewhere, world.Time, "origin");
        world.Open(slow, origin);
        var tree = await world.TreeAsync();
        slow.IsOnline = false;
        var read = world.ReadAsync(tree, "a");
        world.Time.Advance(TimeSpan.FromSeconds(0.9));
        origin.Requests.ShouldBeEmpty();
        world.Time.Advance(TimeSpan.FromSeconds(0.1));
        (await read.WaitAsync(TimeSpan.FromSeconds(20))).ShouldBeBytes(world.Expected("a"));
        origin.Requests.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Of_two_sources_at_it_the_slower_is_called_off_and_one_alone_never()
    {
        await using var world = new World(("a", World.Noise(5000, 1)), ("b", World.Noise(5000, 2)));
        var (peers, origin) = (new ScriptedBlockSource(world.Elsewhere, "peers"), new ScriptedBlockSource(world.Elsewhere, "origin"));
        world.Open(peers, origin);
        var tree = await world.TreeAsync();

        var alone = world.ReadAsync(tree, "a");
        var first = await peers.NextAsync();
        first.Deliver(first.Request.Blocks[0]);
        (await alone).ShouldBeBytes(world.Expected("a"));
        first.Cancelled.IsCompleted.ShouldBeFalse();
        first.End();

        var raced = world.ReadAsync(tree, "b");
        var slower = await peers.NextAsync();
        await World.UntilAsync(() => world.Time.PendingTimers > 0);
        world.Time.Advance(world.Options.SourceHeadStart);
        var faster = await origin.NextAsync();
        faster.Deliver(faster.Request.Blocks[0]);
        (await raced).ShouldBeBytes(world.Expected("b"));
        await slower.Cancelled.WaitAsync(TimeSpan.FromSeconds(20));
        origin.Asked.ShouldBe(1);
    }

    [Fact]
    public async Task A_cancelled_reader_leaves_at_once()
    {
        await using var world = new World(("a", World.Noise(5000, 1)));
        var source = world.OverScript();
        var tree = await world.TreeAsync();
        using var leave = new CancellationTokenSource();
        var read = world.ReadAsync(tree, "a", cancellationToken: leave.Token);
        await source.NextAsync();
        await leave.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(read.WaitAsync(TimeSpan.FromSeconds(20)));
        world.Time.PendingTimers.ShouldBe(0);
    }
}
