using SwarmFS.Core;
using SwarmFS.Testing;

namespace SwarmFS.Retrieval.Tests;

public sealed class DirectoryFetchTests
{
    private static World Shop() => new([.. Enumerable.Range(0, 300).Select(i => ($"d{i / 50}/f{i:000}", World.Noise(100 + i, i)))]);

    private static bool HasAllDirectories(World world)
    {
        var walk = new DagWalk(world.Here, world.Root, TreeSelection.Directories);
        return walk.Blocks().Count() > 0 && walk.MissingNodes.Count == 0;
    }

    [Fact]
    public async Task Directories_come_in_one_stream_and_no_file_with_them()
    {
        await using var world = Shop();
        var source = world.OverMemory();
        await world.Content.FetchDirectoriesAsync(world.Root, world.Root, CancellationToken.None);
        HasAllDirectories(world).ShouldBeTrue();
        source.TreeRequests.Count.ShouldBe(1);
        source.Requests.ShouldBeEmpty();
        world.Here.Cids.ShouldAllBe(cid => cid.Codec == CidCodec.MessagePack);
    }

    [Fact]
    public async Task What_is_here_already_is_not_asked_for_again()
    {
        await using var world = Shop();
        var source = world.OverMemory();
        await world.Content.FetchDirectoriesAsync(world.Root, world.Root, CancellationToken.None);
        var lost = world.Here.Cids.Last(cid => cid != world.Root);
        world.Here.Remove(lost);
        await world.Content.FetchDirectoriesAsync(world.Root, world.Root, CancellationToken.None);
        HasAllDirectories(world).ShouldBeTrue();
        source.TreeRequests.Count.ShouldBe(1);
        source.Requests.ShouldHaveSingleItem().Blocks.ShouldBe([lost]);
    }

    [Fact]
    public async Task A_node_that_nobody_has_is_said_after_the_deadline()
    {
        await using var world = Shop();
        var source = world.OverMemory();
        var lacking = world.Elsewhere.Cids.First(cid => cid.Codec == CidCodec.MessagePack && cid != world.Root);
        source.Lacks[lacking] = true;
        var fetch = world.Content.FetchDirectoriesAsync(world.Root, world.Root, CancellationToken.None);
        for (var i = 0; i < 200 && !fetch.IsCompleted; i++)
        {
            await World.UntilAsync(() => fetch.IsCompleted || world.Time.PendingTimers >= 1);
            world.Time.Advance(TimeSpan.FromSeconds(1));
        }
        (await Should.ThrowAsync<ContentUnavailableException>(fetch)).Message.ShouldContain(lacking.ToString());
    }
}
