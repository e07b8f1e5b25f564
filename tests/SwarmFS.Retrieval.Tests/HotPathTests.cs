using SwarmFS.Testing;

namespace SwarmFS.Retrieval.Tests;

public sealed class HotPathTests
{
    [Theory]
    [InlineData("small", 0, 4096)]
    [InlineData("big", 123_456, 131_072)]
    public async Task A_hit_allocates_nothing(string path, long offset, int length)
    {
        await using var world = new World(("big", World.Noise(3 << 20, 1)), ("small", World.Noise(5000, 2)), ("unread", World.Noise(5000, 3)));
        world.OverMemory();
        var tree = await world.TreeAsync();
        await world.ReadAsync(tree, "small");
        await world.ReadAsync(tree, "big");
        await world.RestAsync();
        var row = World.Row(tree, path);
        var buffer = new byte[length];
        Allocations.Of(500, () =>
        {
            if (world.Content.TryRead(tree, row, offset, buffer) != buffer.Length) throw new InvalidOperationException("The read missed.");
        }).ShouldBe(0);
        buffer.ShouldBeBytes(world.Expected(path).AsSpan().Slice((int)offset, length));
    }

    [Fact]
    public async Task A_lookup_of_a_tree_in_memory_allocates_nothing()
    {
        await using var world = new World(("a", World.Noise(50, 1)));
        world.OverMemory();
        var tree = await world.TreeAsync();
        Allocations.Of(1000, () => world.Content.TryGetTree(tree.Root, out _)).ShouldBe(0);
    }

    [Fact]
    public async Task Reads_at_and_beyond_the_end_give_what_read_gives()
    {
        await using var world = new World(("a", World.Noise(5000, 1)), ("empty", []));
        world.OverMemory();
        var tree = await world.TreeAsync();
        (await world.ReadAsync(tree, "a", 4990, 100)).ShouldBeBytes(world.Expected("a").AsSpan()[4990..]);
        (await world.ReadAsync(tree, "a", 5000, 100)).ShouldBeEmpty();
        (await world.ReadAsync(tree, "a", long.MaxValue, 100)).ShouldBeEmpty();
        (await world.ReadAsync(tree, "empty", 0, 100)).ShouldBeEmpty();
        world.Content.TryRead(tree, World.Row(tree, "a"), 0, []).ShouldBe(0);
    }
}
