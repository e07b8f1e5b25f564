using SwarmFS.Core;
using SwarmFS.Testing;

namespace SwarmFS.Retrieval.Tests;

public sealed class SingleFlightTests
{
    [Fact]
    public async Task Two_readers_of_one_cold_file_cause_one_request()
    {
        await using var world = new World(("a", World.Noise(5000, 1)));
        var source = world.OverScript();
        var tree = await world.TreeAsync();
        var first = world.ReadAsync(tree, "a");
        var request = await source.NextAsync();
        var second = world.ReadAsync(tree, "a", 1000, 50);
        request.DeliverAll();
        (await first).ShouldBeBytes(world.Expected("a"));
        (await second).ShouldBeBytes(world.Expected("a").AsSpan()[1000..1050]);
        source.Asked.ShouldBe(1);
    }

    [Fact]
    public async Task The_second_reader_gets_its_bytes_though_the_first_was_cancelled()
    {
        await using var world = new World(("a", World.Noise(5000, 1)));
        var source = world.OverScript();
        var tree = await world.TreeAsync();
        using var leave = new CancellationTokenSource();
        var first = world.ReadAsync(tree, "a", cancellationToken: leave.Token);
        var request = await source.NextAsync();
        var second = world.ReadAsync(tree, "a");
        await leave.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(first);
        request.Cancelled.IsCompleted.ShouldBeFalse();
        request.DeliverAll();
        (await second).ShouldBeBytes(world.Expected("a"));
        source.Asked.ShouldBe(1);
    }

    [Fact]
    public async Task The_fetch_is_called_off_when_its_last_reader_leaves()
    {
        await using var world = new World(("a", World.Noise(5000, 1)));
        var source = world.OverScript();
        var tree = await world.TreeAsync();
        using var leave = new CancellationTokenSource();
        var read = world.ReadAsync(tree, "a", cancellationToken: leave.Token);
        var request = await source.NextAsync();
        await leave.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(read);
        await request.Cancelled.WaitAsync(TimeSpan.FromSeconds(20));
        world.Content.Load.BlocksInFlight.ShouldBe(0);

        var again = world.ReadAsync(tree, "a");
        (await source.NextAsync()).DeliverAll();
        (await again).ShouldBeBytes(world.Expected("a"));
    }

    [Fact]
    public async Task A_file_that_two_rows_share_travels_once()
    {
        var same = World.Noise(3000, 2);
        await using var world = new World(("a", same), ("b", same));
        var source = world.OverScript();
        var tree = await world.TreeAsync();
        var first = world.ReadAsync(tree, "a");
        var second = world.ReadAsync(tree, "b");
        (await source.NextAsync()).DeliverAll();
        (await first).ShouldBe(same);
        (await second).ShouldBe(same);
        source.Asked.ShouldBe(1);
    }

    [Fact]
    public async Task A_reader_that_joins_a_prefetch_raises_it_and_asks_again_only_after_a_while()
    {
        await using var world = new World([.. Enumerable.Range(0, 40).Select(i => ($"f{i:00}", World.Noise(3000, i)))]);
        var source = world.OverScript();
        var tree = await world.TreeAsync();
        for (var i = 0; i < 3; i++)
        {
            var read = world.ReadAsync(tree, $"f{i:00}");
            (await source.NextAsync()).DeliverAll();
            await read;
        }
        var ahead = await source.NextAsync();
        ahead.Request.Priority.ShouldBe(FetchPriority.Prefetch);
        var wanted = tree[World.Row(tree, "f10")].Content;
        ahead.Request.Blocks.ShouldContain(wanted);

        var reader = world.ReadAsync(tree, "f10");
        await World.UntilAsync(() => world.Time.PendingTimers >= 2);
        source.Raised.ShouldBeEmpty();
        world.Time.Advance(TimeSpan.FromSeconds(1));
        await World.UntilAsync(() => source.Raised.Contains(wanted));
        source.Asked.ShouldBe(4);
        await World.UntilAsync(() => world.Time.PendingTimers >= 2);
        world.Time.Advance(TimeSpan.FromSeconds(1));
        var urgent = await source.NextAsync();
        urgent.Request.Priority.ShouldBe(FetchPriority.Demand);
        urgent.Request.Blocks.ShouldBe([wanted]);
        urgent.DeliverAll();
        (await reader).ShouldBeBytes(world.Expected("f10"));
        ahead.DeliverAll();
    }

    [Fact]
    public async Task A_reader_that_leaves_does_not_call_off_the_prefetch_it_had_joined()
    {
        await using var world = new World([.. Enumerable.Range(0, 40).Select(i => ($"f{i:00}", World.Noise(3000, i)))]);
        var source = world.OverScript();
        var tree = await world.TreeAsync();
        for (var i = 0; i < 3; i++)
        {
            var read = world.ReadAsync(tree, $"f{i:00}");
            (await source.NextAsync()).DeliverAll();
            await read;
        }
        var ahead = await source.NextAsync();
        using var leave = new CancellationTokenSource();
        var reader = world.ReadAsync(tree, "f10", cancellationToken: leave.Token);
        await leave.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(reader);
        ahead.Cancelled.IsCompleted.ShouldBeFalse();
        ahead.DeliverAll();
        world.Here.Contains(tree[World.Row(tree, "f10")].Content).ShouldBeTrue();
    }
}
