using SwarmFS.Core;

namespace SwarmFS.Retrieval.Tests;

public sealed class WholeFetchTests
{
    private static World Mixed() => new(
        [("big", World.Noise(9 << 20, 1)), ("empty", []), .. Enumerable.Range(0, 700).Select(i => ($"f{i:000}", World.Noise(300 + i, i)))]);

    [Fact]
    public async Task A_whole_root_comes_here_once()
    {
        await using var world = Mixed();
        var source = world.OverMemory();
        var seen = new Seen();
        var report = await world.Content.FetchAllAsync(world.Root, seen, CancellationToken.None);
        report.MissingBlocks.ShouldBe(0);
        report.Explanation.ShouldBeNull();
        report.UnkeptBlocks.ShouldBe(0);
        world.Content.IsComplete(world.Root).ShouldBeTrue();
        seen.Last!.Bytes.ShouldBe(report.TotalBytes);
        source.Delivered.Cids.Count.ShouldBe(source.Delivered.Cids.Distinct().Count());
        var again = await world.Content.FetchAllAsync(world.Root, null, CancellationToken.None);
        again.FetchedBlocks.ShouldBe(0);
        world.Content.Activity.Single().IsComplete.ShouldBeTrue();
    }

    [Fact]
    public async Task What_was_lost_is_repaired()
    {
        await using var world = Mixed();
        world.OverMemory();
        await world.Content.FetchAllAsync(world.Root, null, CancellationToken.None);
        var lost = world.Here.Cids.Where(cid => cid.Digest.Prefix % 3 == 0).ToArray();
        foreach (var cid in lost) world.Here.Remove(cid);
        var report = await world.Content.FetchAllAsync(world.Root, null, CancellationToken.None);
        // The empty block needs no source.
        report.FetchedBlocks.ShouldBe(lost.Count(cid => cid != BlocksAtHand.EmptyCid));
        world.Here.Cids.Order().ShouldBe(world.Elsewhere.Cids.Order());
    }

    [Fact]
    public async Task What_nobody_has_is_counted_and_explained()
    {
        await using var world = Mixed();
        var source = world.OverMemory();
        var tree = await world.TreeAsync();
        source.Lacks[tree[World.Row(tree, "f007")].Content] = true;
        var report = await world.DriveAsync(world.Content.FetchAllAsync(world.Root, null, CancellationToken.None), TimeSpan.FromSeconds(5));
        report.MissingBlocks.ShouldBe(1);
        report.Explanation.ShouldNotBeNull().ShouldContain("does not have it");
        world.Here.Count.ShouldBe(world.Elsewhere.Count - 1);
    }

    [Fact]
    public async Task Sources_that_are_dead_are_waited_for_once_and_not_for_each_batch()
    {
        await using var world = new World([.. Enumerable.Range(0, 6000).Select(i => ($"f{i:0000}", BitConverter.GetBytes(i)))]);
        var source = world.OverMemory();
        await world.TreeAsync();
        source.IsOnline = false;

        var report = await world.DriveAsync(world.Content.FetchAllAsync(world.Root, null, CancellationToken.None), TimeSpan.FromSeconds(5));

        report.MissingBlocks.ShouldBe(6000);
        source.Requests.SelectMany(request => request.Blocks).Distinct().Count().ShouldBeLessThan(3000, "those that were under way when nothing came, and a few that were sent in the same moment");
    }

    [Fact]
    public async Task A_full_store_is_told()
    {
        await using var world = Mixed();
        world.OverMemory();
        await world.TreeAsync();
        world.Here.Capacity = 2 << 20;
        var report = await world.Content.FetchAllAsync(world.Root, null, CancellationToken.None);
        report.UnkeptBlocks.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task One_block_can_be_asked_for_by_its_name()
    {
        await using var world = Mixed();
        world.OverMemory();
        var tree = await world.TreeAsync();
        var cid = tree[World.Row(tree, "f003")].Content;
        using var block = await world.Content.GetBlockAsync(world.Root, cid, FetchPriority.Demand, CancellationToken.None);
        block.Span.ToArray().ShouldBeBytes(world.Expected("f003"));
        using var again = await world.Content.GetBlockAsync(world.Root, cid, FetchPriority.Demand, CancellationToken.None);
        again.Cid.ShouldBe(cid);
    }

    private sealed class Seen : IProgress<FetchProgress>
    {
        public FetchProgress? Last { get; private set; }

        public void Report(FetchProgress value) => Last = value;
    }
}
