using SwarmFS.Core;
using SwarmFS.Wire;

namespace SwarmFS.Swarm.Tests;

/// <summary>Peers that say block by block what they have, and several that fetch the same at once.</summary>
public sealed class CrowdTests : IDisposable
{
    private readonly SimulatedExchange _world = new();
    private readonly KeepingSink _sink = new();

    public void Dispose()
    {
        _sink.Dispose();
        _world.Dispose();
    }

    [Theory]
    [InlineData(FetchPriority.Demand)]
    [InlineData(FetchPriority.Prefetch)]
    public void A_partial_holder_that_lists_its_blocks_is_asked_for_no_others(FetchPriority priority)
    {
        var partial = _world.Connect(1);
        var blocks = SimulatedExchange.Blocks(10);
        Open(_world, partial);
        partial.Lists(blocks[..3]);

        _ = _world.Fetch(blocks, _sink, priority);

        partial.Asked.Skip(1).ShouldBe(Cids(blocks[..3]), ignoreOrder: true);
    }

    [Fact]
    public void What_nobody_lists_is_asked_for_as_soon_as_somebody_does()
    {
        var partial = _world.Connect(1);
        var blocks = SimulatedExchange.Blocks(10);
        Open(_world, partial);
        partial.Lists(blocks[0]);
        _ = _world.Fetch(blocks[1..], _sink);
        partial.Asked.Skip(1).ShouldBeEmpty();

        partial.Lists(blocks[5..7]);

        partial.Asked.Skip(1).ShouldBe(Cids(blocks[5..7]), ignoreOrder: true);
    }

    [Fact]
    public void What_a_peer_listed_and_lacks_is_asked_of_it_again_only_when_it_lists_it_again()
    {
        var partial = _world.Connect(1);
        var blocks = SimulatedExchange.Blocks(2);
        Open(_world, partial);
        partial.Lists(blocks);
        var fetch = _world.Fetch(blocks, _sink, seconds: 60);
        var (id, want) = partial.Wants.Last();

        partial.Lacks(id, 0);
        for (var second = 0; second < 10; second++) _world.Advance(1);
        partial.Asked.Count(cid => cid == want.Blocks.Span[0]).ShouldBe(1);
        partial.Lists(blocks.Single(block => block.Cid == want.Blocks.Span[0]));

        partial.Asked.Count(cid => cid == want.Blocks.Span[0]).ShouldBe(2);
        foreach (var block in blocks) partial.Delivers(block);
        fetch.IsCompleted.ShouldBeTrue();
    }

    [Fact]
    public void Who_says_that_its_list_counts_no_longer_is_asked_for_anything()
    {
        var peer = _world.Connect(1);
        var blocks = SimulatedExchange.Blocks(3);
        Open(_world, peer);
        peer.Lists(blocks[0]);
        _ = _world.Fetch(blocks, _sink);
        peer.Asked.Skip(1).ShouldBe([blocks[0].Cid]);

        peer.Holds(HoldingState.Partial);

        peer.Asked.Skip(1).ShouldBe(Cids(blocks), ignoreOrder: true);
    }

    [Fact]
    public void What_only_a_peer_that_left_had_is_asked_of_nobody()
    {
        var (leaving, staying) = (_world.Connect(1), _world.Connect(2));
        var blocks = SimulatedExchange.Blocks(4);
        Open(_world, leaving);
        leaving.Lists(blocks);
        staying.Lists(blocks[3]);

        leaving.Leaves();
        _ = _world.Fetch(blocks, _sink);

        staying.Asked.ShouldBe([blocks[3].Cid]);
    }

    [Fact]
    public void Who_says_that_it_has_everything_is_asked_for_what_it_never_listed()
    {
        var peer = _world.Connect(1);
        var blocks = SimulatedExchange.Blocks(3);
        Open(_world, peer);
        peer.Lists(blocks[0]);
        _ = _world.Fetch(blocks, _sink);

        peer.Holds(HoldingState.Complete);

        peer.Asked.Skip(1).Distinct().ShouldBe(Cids(blocks), ignoreOrder: true);
    }

    [Fact]
    public void In_a_crowd_the_source_is_asked_for_what_no_newcomer_has()
    {
        var (source, newcomer) = (_world.Connect(1), _world.Connect(2));
        var blocks = SimulatedExchange.Blocks(400, length: 60_000);
        Open(_world, source, newcomer);
        Grows(newcomer, blocks[..200]);

        _ = _world.Fetch(blocks, _sink, FetchPriority.Background, seconds: 60);

        source.Asked.Skip(1).ShouldNotBeEmpty();
        source.Asked.Skip(1).Intersect(Cids(blocks[..200])).ShouldBeEmpty();
        newcomer.Asked.ShouldNotBeEmpty();
        newcomer.Asked.Except(Cids(blocks[..200])).ShouldBeEmpty();
    }

    [Fact]
    public void Of_what_newcomers_have_the_rarest_comes_first()
    {
        var peers = Enumerable.Range(1, 4).Select(name => _world.Connect((byte)name)).ToArray();
        var blocks = SimulatedExchange.Blocks(100, length: 60_000);
        Open(_world, peers);
        // Everybody has them, but for the last of them, who alone has ten.
        foreach (var peer in peers) Grows(peer, peer == peers[3] ? blocks : blocks[..90]);

        _ = _world.Fetch(blocks, _sink, FetchPriority.Background, seconds: 60);

        peers[3].Asked.ShouldNotBeEmpty();
        peers[3].Asked.Except(Cids(blocks[90..])).ShouldBeEmpty();
    }

    [Fact]
    public void Newcomers_ask_the_source_for_different_blocks()
    {
        var blocks = SimulatedExchange.Blocks(400, length: 60_000);

        var asked = new byte[] { 1, 2, 3 }.Select(self => FirstAsked(self, others: [.. new byte[] { 1, 2, 3 }.Where(other => other != self)], blocks)).ToArray();

        foreach (var mine in asked) mine.Length.ShouldBeGreaterThan(1);
        asked.SelectMany(mine => mine).Distinct().Count().ShouldBe(asked.Sum(mine => mine.Length));
        // Each in the order of the tree, in which it is read.
        foreach (var mine in asked) mine.Select(cid => Array.FindIndex(blocks, block => block.Cid == cid)).ShouldBeInOrder();
    }

    [Fact]
    public void When_the_others_do_not_get_on_their_blocks_are_asked_for_too_from_behind()
    {
        var (source, newcomer) = (_world.Connect(1), _world.Connect(2));
        var blocks = SimulatedExchange.Blocks(40, length: 60_000);
        Open(_world, source, newcomer);
        Grows(newcomer);
        var fetch = _world.Fetch(blocks, _sink, FetchPriority.Background, seconds: 600);

        List<int> order = [];
        for (var step = 0; step < 400 && !fetch.IsCompleted; step++)
        {
            _world.Advance(0.05);
            // Says that it is still at it.
            newcomer.Lists(SimulatedExchange.Blocks(1, length: 50 + step));
            if (source.Lane.Requests.Values.OfType<WantRequest>().FirstOrDefault() is not { } request) continue;
            var index = Enumerable.Range(0, request.Count).First(i => request.StateOf(i) == SlotState.Waiting);
            order.Add(Array.FindIndex(blocks, block => block.Cid == request[index].Cid));
            source.Delivers(request.Id, blocks[order[^1]]);
        }

        fetch.IsCompleted.ShouldBeTrue();
        var (rising, turn) = (order.Zip(order.Skip(1)).Count(pair => pair.Second > pair.First), order.Count);
        rising.ShouldBeInRange(turn / 4, turn * 3 / 4, "its own in order, then those of the other from behind");
    }

    [Fact]
    public void Without_newcomers_what_is_fetched_ahead_comes_in_order()
    {
        var (source, partial) = (_world.Connect(1), _world.Connect(2));
        var blocks = SimulatedExchange.Blocks(400, length: 60_000);
        Open(_world, source);
        partial.Lists(blocks[..200]);

        _ = _world.Fetch(blocks, _sink, FetchPriority.Prefetch, seconds: 60);

        var asked = source.Asked.Skip(1).Concat(partial.Asked).ToHashSet();
        asked.ShouldBe(Cids(blocks[..asked.Count]), ignoreOrder: true);
    }

    [Fact]
    public void A_newcomer_that_has_not_grown_for_long_makes_no_crowd()
    {
        var (source, newcomer) = (_world.Connect(1), _world.Connect(2));
        var blocks = SimulatedExchange.Blocks(400, length: 60_000);
        Open(_world, source, newcomer);
        Grows(newcomer, blocks[300]);
        _world.Advance(10);

        _ = _world.Fetch(blocks, _sink, FetchPriority.Prefetch, seconds: 60);

        source.Asked.ElementAt(1).ShouldBe(blocks[0].Cid);
    }

    [Fact]
    public void A_reader_gets_the_next_blocks_first_in_a_crowd_too()
    {
        var (source, newcomer) = (_world.Connect(1), _world.Connect(2));
        var blocks = SimulatedExchange.Blocks(4000, length: 600);
        Open(_world, source, newcomer);
        Grows(newcomer);

        _ = _world.Fetch(blocks, _sink, FetchPriority.Prefetch, seconds: 60);

        source.Asked.Skip(1).Except(Cids(blocks[..512])).ShouldBeEmpty();
    }

    [Fact]
    public void What_was_asked_before_the_crowd_is_taken_back_and_taken_when_it_comes_all_the_same()
    {
        var (source, newcomer) = (_world.Connect(1), _world.Connect(2));
        var blocks = SimulatedExchange.Blocks(40, length: 60_000);
        Open(_world, source, newcomer);
        var fetch = _world.Fetch(blocks, _sink, FetchPriority.Background, seconds: 60);
        var before = source.Lane.Outstanding;

        Grows(newcomer, blocks[39]);

        source.Lane.Outstanding.ShouldBeLessThan(before);
        source.Cancels.Sum(sent => sent.Cancel.Indices.Length).ShouldBe(before - source.Lane.Outstanding);
        foreach (var (_, cancel) in source.Cancels) cancel.Indices.ShouldBeInOrder();
        var (id, want) = source.Wants.Last();
        var underWay = blocks.Single(block => block.Cid == want.Blocks.Span[want.Blocks.Length - 1]);
        source.Delivers(id, underWay).ShouldBe(ArrivalKind.Taken);
        _sink.Cids.ShouldContain(underWay.Cid);
        fetch.IsCompleted.ShouldBeFalse();
    }

    [Fact]
    public void What_the_source_was_asked_for_is_not_asked_of_an_idle_newcomer_as_well_while_more_is_to_come()
    {
        var (source, newcomer) = (_world.Connect(1), _world.Connect(2));
        var blocks = SimulatedExchange.Blocks(100, length: 60_000);
        Open(_world, source, newcomer);
        Grows(newcomer, SimulatedExchange.Blocks(1, length: 50));
        _ = _world.Fetch(blocks, _sink, FetchPriority.Background, seconds: 60);
        source.Lane.Peer.Goodput = 1e4;

        newcomer.Lists(blocks.Where(block => source.Asked.Contains(block.Cid)));
        _world.Advance(0.5);

        newcomer.Asked.ShouldBeEmpty();
    }

    [Fact]
    public void A_peer_that_cancelled_what_it_was_told_to_is_not_called_slow()
    {
        var peer = _world.Connect(1);
        var blocks = SimulatedExchange.Blocks(5);
        _ = _world.Fetch(blocks, _sink, FetchPriority.Prefetch);
        var (id, _) = peer.Wants.Single();
        _world.Exchange.Raise([blocks[4].Cid], FetchPriority.Demand);
        foreach (var block in blocks[..4]) peer.Delivers(id, block);
        var goodput = peer.Lane.Peer.Goodput;

        peer.Ends(id, EndStatus.Cancelled);

        peer.Lane.Stalled.ShouldBeFalse();
        peer.Lane.Peer.Goodput.ShouldBe(goodput);
    }

    [Theory]
    [InlineData(100_000, false)]
    [InlineData(2_000, false)]
    [InlineData(1_000, true)]
    public void A_peer_is_slow_when_nothing_comes_and_not_while_a_large_block_comes_slowly(int bytesPerSecond, bool isStalled)
    {
        var peer = _world.Connect(1);
        _ = _world.Fetch(SimulatedExchange.Blocks(3, length: 1 << 20), _sink, FetchPriority.Background, seconds: 60);

        for (var tenth = 0; tenth < 50; tenth++)
        {
            peer.BlockBytesRead += bytesPerSecond / 10;
            _world.Advance(0.1);
        }

        peer.Lane.Stalled.ShouldBe(isStalled);
    }

    [Fact]
    public void A_peer_that_lists_more_than_is_remembered_is_asked_as_one_that_does_not_list()
    {
        var peer = _world.Connect(1);
        var blocks = SimulatedExchange.Blocks(3);
        Open(_world, peer);
        for (var frame = 0; frame < 100; frame++)
        {
            var unheardOf = Enumerable.Range(0, WireLimits.BlocksPerHoldings).Select(i => (uint)(frame * WireLimits.BlocksPerHoldings + i)).ToArray();
            _world.Exchange.HoldingsTold(peer.Lane, new Holdings(SimulatedExchange.Root, HoldingState.Partial, unheardOf));
            _world.Exchange.ListedBlocks.ShouldBeLessThanOrEqualTo(1 << 18);
            if (_world.Exchange.ListedBlocks == 0) break;
        }
        _world.Exchange.ListedBlocks.ShouldBe(0);
        // What it says from now on is a part of what it has.
        peer.Lists(blocks[2]);

        _ = _world.Fetch(blocks, _sink);

        peer.Asked.Skip(1).ShouldBe(Cids(blocks), ignoreOrder: true);
    }

    [Theory]
    [InlineData(3, 1)]
    [InlineData(4, 2)]
    [InlineData(8, 3)]
    public void A_crowd_has_most_of_it_from_itself_and_is_done_soon_after_one_alone_would_be(int readers, int seed)
    {
        var blocks = SimulatedExchange.Blocks(300, length: 60_000);
        using var crowd = new SimulatedCrowd(readers, seed, bytesPerSecond: 5e6);

        var seconds = crowd.Run(blocks);

        var alone = blocks.Sum(block => block.Length) / 5e6;
        crowd.SourceSent.ShouldBeLessThan(blocks.Length * 3 / 2, "without a crowd it is each block for each reader");
        seconds.ShouldBeLessThan(1.5 * alone);
    }

    private static Cid[] FirstAsked(byte self, byte[] others, Block[] blocks)
    {
        using var world = new SimulatedExchange(self: self);
        var source = world.Connect(100);
        var newcomers = others.Select(world.Connect).ToArray();
        Open(world, source, newcomers);
        foreach (var newcomer in newcomers) Grows(newcomer);
        using var sink = new KeepingSink();
        _ = world.Fetch(blocks, sink, FetchPriority.Background, seconds: 60);
        return [.. source.Asked.Skip(1)];
    }

    /// <summary>Makes a session, so that the exchange asks who has what; the first peer is left holding everything, the others nothing.</summary>
    private static void Open(SimulatedExchange world, SimulatedPeer first, params SimulatedPeer[] others)
    {
        var probe = SimulatedExchange.Blocks(1, length: 77).Single();
        using var sink = new KeepingSink();
        first.Holds(HoldingState.Complete);
        var fetch = world.Fetch([probe], sink);
        foreach (var other in others) other.Holds(HoldingState.None);
        first.Holds(HoldingState.Complete);
        first.Delivers(probe);
        fetch.IsCompleted.ShouldBeTrue();
    }

    private static void Open(SimulatedExchange world, SimulatedPeer[] peers) => Open(world, peers[0], peers[1..]);

    /// <summary>It has begun to fetch, and says what it has so far.</summary>
    private static void Grows(SimulatedPeer newcomer, params Block[] has)
    {
        newcomer.Holds(HoldingState.None);
        newcomer.Holds(HoldingState.Partial);
        if (has.Length > 0) newcomer.Lists(has);
    }

    private static IEnumerable<Cid> Cids(IEnumerable<Block> blocks) => blocks.Select(block => block.Cid);
}
