using SwarmFS.Core;

namespace SwarmFS.Swarm.Tests;

/// <summary>How many blocks are asked of one peer before it has answered.</summary>
public sealed class WindowTests : IDisposable
{
    private readonly SimulatedExchange _world = new();
    private readonly SimulatedPeer _peer;
    private readonly KeepingSink _sink = new();

    public WindowTests() => _peer = _world.Connect(1);

    public void Dispose()
    {
        _sink.Dispose();
        _world.Dispose();
    }

    /// <summary>That many blocks, of which the first are fetched ahead, all of them unless it says how many.</summary>
    private Dictionary<Cid, Block> Fetch(int count, int length, double roundTrip, int first = int.MaxValue)
    {
        _peer.Lane.Peer.RoundTrip = roundTrip;
        var blocks = SimulatedExchange.Blocks(count, length: length).ToDictionary(block => block.Cid);
        _ = _world.Fetch(blocks.Values.Take(first), _sink, FetchPriority.Prefetch);
        return blocks;
    }

    /// <summary>Delivers what is asked for, one round trip after the other, until nothing more is or so much time has passed.</summary>
    private void Run(Dictionary<Cid, Block> blocks, double bytesPerSecond, double seconds = double.MaxValue)
    {
        var (past, delivered, roundTrip) = (0.0, 0, _peer.Lane.Peer.RoundTrip);
        while (past < seconds && _peer.Asked.Skip(delivered).ToList() is { Count: > 0 } asked)
        {
            _world.Advance(roundTrip);
            past += roundTrip;
            delivered += asked.Count;
            foreach (var cid in asked)
            {
                _world.Advance(blocks[cid].Length / bytesPerSecond);
                past += blocks[cid].Length / bytesPerSecond;
                _peer.Delivers(blocks[cid]);
            }
        }
    }

    [Fact]
    public void A_new_peer_is_asked_for_more_with_each_round_trip()
    {
        var blocks = Fetch(4000, length: 64_000, roundTrip: 0.08);
        _peer.Lane.Outstanding.ShouldBe(16);

        Run(blocks, bytesPerSecond: 100e6, seconds: 1);

        // 100 MB/s at 80 ms are 125 blocks in flight; the window has half as many to spare.
        _peer.Lane.Window.ShouldBeInRange(100, 256);
    }

    /// <summary>Twenty thousand files of 1 KiB are 20 MB: a fifth of a second of this path, but 78 round trips with 256 of them at a time.</summary>
    [Fact]
    public void Of_small_blocks_many_are_under_way()
    {
        var blocks = Fetch(20_000, length: 1024, roundTrip: 0.08);

        Run(blocks, bytesPerSecond: 100e6, seconds: 1.2);

        _peer.Lane.Window.ShouldBeInRange(2000, 4096);
    }

    [Fact]
    public void Of_large_blocks_no_more_are_under_way_than_64_MiB()
    {
        var blocks = Fetch(1200, length: 256 << 10, roundTrip: 0.5);

        Run(blocks, bytesPerSecond: 1e9, seconds: 4);

        _peer.Lane.Window.ShouldBe(256);
        _peer.Lane.Outstanding.ShouldBeLessThanOrEqualTo(256);
    }

    [Fact]
    public void A_slow_peer_is_found_out_by_the_first_samples()
    {
        var blocks = Fetch(2000, length: 64_000, roundTrip: 0.02);

        Run(blocks, bytesPerSecond: 1e6, seconds: 3);

        _peer.Lane.Window.ShouldBeLessThan(16);
    }

    [Fact]
    public void To_be_asked_for_little_says_nothing_of_a_peer()
    {
        var blocks = Fetch(1100, length: 64_000, roundTrip: 0.02, first: 1000);
        Run(blocks, bytesPerSecond: 100e6);
        var window = _peer.Lane.Window;
        window.ShouldBeGreaterThan(16);

        foreach (var block in blocks.Values.Skip(1000))
        {
            _ = _world.Fetch([block], _sink, FetchPriority.Prefetch);
            _world.Advance(0.1);
            _peer.Delivers(block);
        }

        _peer.Lane.Window.ShouldBeGreaterThanOrEqualTo(window * 9 / 10);
    }
}
