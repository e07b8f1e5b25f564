using SwarmFS.Core;

namespace SwarmFS.Retrieval.Tests;

public sealed class FullStoreTests
{
    private const int MiB = 1 << 20;

    [Fact]
    public async Task A_full_store_streams_through_with_bounded_memory()
    {
        await using var world = new World(("big", World.Noise(16 * MiB, 7)), ("small", World.Noise(5000, 8))) { Options = new RetrievalOptions { OverflowBytes = 6 * MiB } };
        var source = world.OverMemory();
        world.Here.Capacity = 0;
        var tree = await world.TreeAsync();
        for (var offset = 0; offset < 16 * MiB; offset += 128 << 10)
        {
            (await world.ReadAsync(tree, "big", offset, 128 << 10)).ShouldBeBytes(world.Expected("big").AsSpan()[offset..(offset + (128 << 10))]);
            await world.RestAsync();
            world.Content.Load.OverflowBytes.ShouldBeLessThanOrEqualTo(6 * MiB);
        }
        (await world.ReadAsync(tree, "small")).ShouldBeBytes(world.Expected("small"));
        world.Here.Count.ShouldBe(0);
        // The kernel's pieces of one chunk do not fetch it once each.
        source.Delivered.Bytes.ShouldBeLessThan(19 * MiB);
        world.Content.IsComplete(world.Root).ShouldBeFalse();
    }

    [Fact]
    public async Task A_block_that_is_evicted_between_two_reads_is_fetched_again()
    {
        await using var world = new World(("a", World.Noise(5000, 1)), ("b", World.Noise(600_000, 2)));
        world.OverMemory();
        var tree = await world.TreeAsync();
        foreach (var round in (int[])[1, 2, 3])
        {
            (await world.ReadAsync(tree, "a")).ShouldBeBytes(world.Expected("a"));
            (await world.ReadAsync(tree, "b")).ShouldBeBytes(world.Expected("b"));
            world.Content.IsComplete(world.Root).ShouldBeTrue();
            foreach (var cid in world.Here.Cids.Where(cid => cid.Codec == CidCodec.Raw).ToArray()) world.Here.Remove(cid);
            world.Content.IsComplete(world.Root).ShouldBeFalse();
        }
    }

    [Fact]
    public async Task A_store_that_loses_every_block_at_once_still_serves_reads()
    {
        await using var world = new World(("a", World.Noise(900_000, 1)));
        world.OverMemory();
        var tree = await world.TreeAsync();
        world.Here.Capacity = 400_000;
        for (var offset = 0; offset < 900_000; offset += 10_000)
        {
            (await world.ReadAsync(tree, "a", offset, 10_000)).ShouldBeBytes(world.Expected("a").AsSpan()[offset..(offset + 10_000)]);
            if (offset % 50_000 == 0) foreach (var cid in world.Here.Cids.ToArray()) world.Here.Remove(cid);
        }
    }
}
