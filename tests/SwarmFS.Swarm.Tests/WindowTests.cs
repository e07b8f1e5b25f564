using SwarmFS.Core;

namespace SwarmFS.Swarm.Tests;

/// <summary>How many blocks are asked of one peer before it has answered.</summary>
public sealed class WindowTests
{
    /// <summary>Delivers what is asked for, one round trip after the other, until nothing more is or so much time has passed.</summary>
    private static void Run(SimulatedExchange world, SimulatedPeer peer, Dictionary<Cid, Block> blocks, double roundTrip, double bytesPerSecond, double seconds = double.MaxValue)
    {
        var (past, delivered) = (0.0, 0);
        while (past < seconds && peer.Asked.Skip(delivered).ToList() is { Count: > 0 } asked)
        {
            world.Advance(roundTrip);
            past += roundTrip;
            delivered += asked.Count;
            foreach (var cid in asked)
            {
                world.Advance(blocks[cid].Length / bytesPerSecond);
                past += blocks[cid].Length / bytesPerSecond;
                peer.Delivers(blocks[cid]);
            }
        }
    }

    [Fact]
    public void A_new_peer_is_asked_for_more_with_each_round_trip()
    {
        using var world = new SimulatedExchange();
        var peer = world.Connect(1);
        peer.Lane.Peer.RoundTrip = 0.08;
        var blocks = SimulatedExchange.Blocks(4000, length: 64_000).ToDictionary(block => block.Cid);
        using var sink = new KeepingSink();
        _ = world.Fetch(blocks.Values, sink, FetchPriority.Prefetch);
        peer.Lane.Outstanding.ShouldBe(16);

        Run(world, peer, blocks, roundTrip: 0.08, bytesPerSecond: 100e6, seconds: 1);

        // 100 MB/s at 80 ms are 125 blocks in flight; the window has half as many to spare.
        peer.Lane.Window.ShouldBeInRange(100, 256);
    }

    /// <summary>Twenty thousand files of 1 KiB are 20 MB: a fifth of a second of this path, but 78 round trips with 256 of them at a time.</summary>
    [Fact]
    public void Of_small_blocks_many_are_under_way()
    {
        using var world = new SimulatedExchange();
        var peer = world.Connect(1);
        peer.Lane.Peer.RoundTrip = 0.08;
        var blocks = SimulatedExchange.Blocks(20_000, length: 1024).ToDictionary(block => block.Cid);
        using var sink = new KeepingSink();
        _ = world.Fetch(blocks.Values, sink, FetchPriority.Prefetch);

        Run(world, peer, blocks, roundTrip: 0.08, bytesPerSecond: 100e6, seconds: 1.2);

        peer.Lane.Window.ShouldBeInRange(2000, 4096);
    }

    [Fact]
    public void Of_large_blocks_no_more_are_under_way_than_64_MiB()
    {
        using var world = new SimulatedExchange();
        var peer = world.Connect(1);
        peer.Lane.Peer.RoundTrip = 0.5;
        var blocks = SimulatedExchange.Blocks(1200, length: 256 << 10).ToDictionary(block => block.Cid);
        using var sink = new KeepingSink();
        _ = world.Fetch(blocks.Values, sink, FetchPriority.Prefetch);

        Run(world, peer, blocks, roundTrip: 0.5, bytesPerSecond: 1e9, seconds: 4);

        peer.Lane.Window.ShouldBe(256);
        peer.Lane.Outstanding.ShouldBeLessThanOrEqualTo(256);
    }

    [Fact]
    public void A_slow_peer_is_found_out_by_the_first_samples()
    {
        using var world = new SimulatedExchange();
        var peer = world.Connect(1);
        peer.Lane.Peer.RoundTrip = 0.02;
        var blocks = SimulatedExchange.Blocks(2000, length: 64_000).ToDictionary(block => block.Cid);
        using var sink = new KeepingSink();
        _ = world.Fetch(blocks.Values, sink, FetchPriority.Prefetch);

        Run(world, peer, blocks, roundTrip: 0.02, bytesPerSecond: 1e6, seconds: 3);

        peer.Lane.Window.ShouldBeLessThan(16);
    }

    [Fact]
    public void To_be_asked_for_little_says_nothing_of_a_peer()
    {
        using var world = new SimulatedExchange();
        var peer = world.Connect(1);
        peer.Lane.Peer.RoundTrip = 0.02;
        var blocks = SimulatedExchange.Blocks(1100, length: 64_000).ToDictionary(block => block.Cid);
        using var sink = new KeepingSink();
        _ = world.Fetch(blocks.Values.Take(1000), sink, FetchPriority.Prefetch);
        Run(world, peer, blocks, roundTrip: 0.02, bytesPerSecond: 100e6);
        var window = peer.Lane.Window;
        window.ShouldBeGreaterThan(16);

        foreach (var block in blocks.Values.Skip(1000))
        {
            _ = world.Fetch([block], sink, FetchPriority.Prefetch);
            world.Advance(0.1);
            peer.Delivers(block);
        }

        peer.Lane.Window.ShouldBeGreaterThanOrEqualTo(window * 9 / 10);
    }
}
