using SwarmFS.Core;
using SwarmFS.Wire;

namespace SwarmFS.Swarm.Tests;

/// <summary>Who is asked for what, and when another one is: on a clock that only the test moves.</summary>
public sealed class ExchangeTests
{
    [Fact]
    public void A_peer_that_holds_nothing_is_not_asked()
    {
        using var world = new SimulatedExchange();
        var (empty, full) = (world.Connect(1), world.Connect(2));
        using var sink = new KeepingSink();
        _ = world.Fetch(SimulatedExchange.Blocks(1), sink, seconds: 1);
        empty.Holds(HoldingState.None);
        full.Holds(HoldingState.Complete);
        var blocks = SimulatedExchange.Blocks(50, length: 999);

        _ = world.Fetch(blocks, sink);

        full.Asked.ShouldBe(blocks.Select(block => block.Cid), ignoreOrder: false);
        empty.Asked.Intersect(blocks.Select(block => block.Cid)).ShouldBeEmpty();
    }

    [Fact]
    public void Holdings_are_asked_once_in_a_session()
    {
        using var world = new SimulatedExchange();
        var peer = world.Connect(1);
        using var sink = new KeepingSink();

        for (var i = 1; i < 5; i++) _ = world.Fetch(SimulatedExchange.Blocks(i), sink);

        peer.Sent.Count(sent => sent.Message is GetHoldings).ShouldBe(1);
    }

    [Fact]
    public async Task A_late_demand_read_is_asked_of_a_second_peer_and_the_first_answer_wins()
    {
        using var world = new SimulatedExchange();
        var (slow, fast) = (world.Connect(1), world.Connect(2));
        var block = SimulatedExchange.Blocks(1).Single();
        using var sink = new KeepingSink();
        var fetch = world.Fetch([block], sink);
        var (first, second) = slow.Asked.Any() ? (slow, fast) : (fast, slow);
        slow.Holds(HoldingState.Complete);
        fast.Holds(HoldingState.Complete);

        second.Asked.ShouldBeEmpty();
        world.Advance(0.5);
        second.Asked.ShouldBe([block.Cid]);
        second.Delivers(block).ShouldBe(ArrivalKind.Taken);

        (await fetch).ShouldBe(new FetchResult(1, 0, null));
        first.Cancels.ShouldHaveSingleItem();
        // What was under way when the cancellation went out is no offence, and is not delivered twice.
        first.Delivers(block).ShouldBe(ArrivalKind.Dropped);
        sink.Blocks.Count.ShouldBe(1);
    }

    [Fact]
    public async Task When_two_peers_have_come_to_a_stop_a_third_is_asked()
    {
        using var world = new SimulatedExchange();
        var peers = new[] { world.Connect(1), world.Connect(2), world.Connect(3) };
        var block = SimulatedExchange.Blocks(1).Single();
        using var sink = new KeepingSink();
        var fetch = world.Fetch([block], sink);
        foreach (var peer in peers) peer.Holds(HoldingState.Complete);

        world.Advance(0.5);
        var third = peers.Single(peer => !peer.Asked.Any());
        for (var step = 0; step < 50; step++) world.Advance(0.1);

        third.Asked.ShouldBe([block.Cid]);
        peers.Count(peer => peer.Cancels.Any()).ShouldBe(1, "of three at once one is too many");
        third.Delivers(block).ShouldBe(ArrivalKind.Taken);
        (await fetch).ShouldBe(new FetchResult(1, 0, null));
    }

    [Fact]
    public void The_round_trip_of_a_path_that_is_gone_says_nothing()
    {
        using var world = new SimulatedExchange();
        var near = world.Connect(1);
        world.Exchange.RoundTripMeasured(near.Lane, 0.001);
        world.Exchange.LaneClosed(near.Lane);

        var far = new Lane(near.Lane.Peer, near);
        world.Exchange.LaneOpened(far);
        world.Exchange.RoundTripMeasured(far, 0.1);

        far.Peer.RoundTrip.ShouldBe(0.1);
    }

    [Fact]
    public void Bulk_is_not_hedged_while_it_flows()
    {
        using var world = new SimulatedExchange();
        var a = world.Connect(1);
        var blocks = SimulatedExchange.Blocks(40);
        using var sink = new KeepingSink();
        var fetch = world.Fetch(blocks, sink, FetchPriority.Prefetch, seconds: 60);
        a.Holds(HoldingState.Complete);
        var b = world.Connect(2);
        b.Holds(HoldingState.None);

        for (var i = 0; i < blocks.Length; i++)
        {
            world.Advance(0.2);
            a.Delivers(blocks.Single(known => known.Cid == a.Asked.ElementAt(i))).ShouldBe(ArrivalKind.Taken);
        }

        fetch.IsCompleted.ShouldBeTrue();
        b.Asked.ShouldBeEmpty();
        a.Asked.Count().ShouldBe(40);
        a.Lane.Stalled.ShouldBeFalse();
    }

    [Fact]
    public async Task What_a_dead_peer_owed_is_asked_of_another_at_once()
    {
        using var world = new SimulatedExchange();
        var dying = world.Connect(1);
        var blocks = SimulatedExchange.Blocks(20);
        using var sink = new KeepingSink();
        var fetch = world.Fetch(blocks, sink);
        dying.Asked.Count().ShouldBe(20);
        var heir = world.Connect(2);
        dying.Delivers(blocks[0]);

        dying.Leaves();

        heir.Asked.ShouldBe(blocks.Skip(1).Select(block => block.Cid), ignoreOrder: true);
        foreach (var block in blocks.Skip(1)) heir.Delivers(block);
        (await fetch).ShouldBe(new FetchResult(20, 0, null));
    }

    [Fact]
    public async Task What_a_peer_does_not_have_is_asked_of_another()
    {
        using var world = new SimulatedExchange();
        var partial = world.Connect(1);
        var blocks = SimulatedExchange.Blocks(3);
        using var sink = new KeepingSink();
        var fetch = world.Fetch(blocks, sink);
        var (id, _) = partial.Wants.Single();
        var other = world.Connect(2);

        partial.Lacks(id, 1);

        other.Asked.ShouldBe([blocks[1].Cid]);
        other.Delivers(blocks[1]);
        partial.Delivers(blocks[0]);
        partial.Delivers(blocks[2]);
        (await fetch).Missing.ShouldBe(0);
    }

    [Theory]
    [InlineData(EndStatus.Busy)]
    [InlineData(EndStatus.Cancelled)]
    public void What_a_peer_was_too_busy_for_is_asked_again_but_not_in_a_loop(EndStatus status)
    {
        using var world = new SimulatedExchange();
        var peer = world.Connect(1);
        using var sink = new KeepingSink();
        var block = SimulatedExchange.Blocks(1).Single();
        var fetch = world.Fetch([block], sink);

        peer.Ends(peer.Wants.Last().Id, status);
        peer.Wants.Count().ShouldBe(2);
        peer.Ends(peer.Wants.Last().Id, status);
        peer.Wants.Count().ShouldBe(2);
        world.Advance(1.1);
        peer.Wants.Count().ShouldBe(3);
        peer.Delivers(block);

        fetch.IsCompleted.ShouldBeTrue();
    }

    [Fact]
    public void A_partial_holder_is_asked_again_when_it_has_more()
    {
        using var world = new SimulatedExchange();
        var partial = world.Connect(1);
        var block = SimulatedExchange.Blocks(1).Single();
        using var sink = new KeepingSink();
        _ = world.Fetch([block], sink);
        partial.Lacks(partial.Wants.Single().Id, 0);
        partial.Wants.Count().ShouldBe(1);

        partial.Holds(HoldingState.Complete);

        partial.Wants.Count().ShouldBe(2);
    }

    [Fact]
    public void A_partial_holder_that_has_little_is_asked_little()
    {
        using var world = new SimulatedExchange();
        var partial = world.Connect(1);
        var blocks = SimulatedExchange.Blocks(3000, length: 500).ToDictionary(block => block.Cid);
        using var sink = new KeepingSink();
        var fetch = world.Fetch(blocks.Values, sink, FetchPriority.Prefetch, seconds: 600);
        partial.Holds(HoldingState.Partial);
        var complete = world.Connect(2);
        complete.Holds(HoldingState.Complete);

        for (var step = 0; step < 3000 && !fetch.IsCompleted; step++)
        {
            world.Advance(0.005);
            foreach (var request in partial.Lane.Requests.Values.OfType<WantRequest>().ToArray())
                partial.Lacks(request.Id, [.. Enumerable.Range(0, request.Count).Where(i => request.StateOf(i) != SlotState.Answered).Select(i => (ushort)i)]);
            foreach (var request in complete.Lane.Requests.Values.OfType<WantRequest>().ToArray())
                for (var i = 0; i < request.Count; i++)
                    if (request.StateOf(i) == SlotState.Waiting) complete.Delivers(request.Id, blocks[request[i].Cid]);
        }

        fetch.IsCompleted.ShouldBeTrue();
        partial.Asked.Count().ShouldBeLessThan(1000);
        complete.Asked.Count().ShouldBe(3000);
    }

    [Fact]
    public async Task With_everybody_silent_the_fetch_ends_at_its_deadline_and_names_them()
    {
        using var world = new SimulatedExchange();
        var peer = world.Connect(1);
        using var sink = new KeepingSink();
        var fetch = world.Fetch(SimulatedExchange.Blocks(2), sink, seconds: 3);

        world.Advance(2.9);
        fetch.IsCompleted.ShouldBeFalse();
        world.Advance(0.2);

        var result = await fetch;
        result.Missing.ShouldBe(2);
        result.Explanation.ShouldNotBeNull().ShouldContain(peer.Lane.Peer.Id.ToShortString());
        result.Explanation.ShouldContain("no answer");
        peer.Cancels.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task What_comes_after_it_was_given_up_goes_to_whoever_wants_it_now()
    {
        using var world = new SimulatedExchange();
        var peer = world.Connect(1);
        peer.Holds(HoldingState.Complete);
        var blocks = SimulatedExchange.Blocks(2);
        using var sink = new KeepingSink();
        var early = world.Fetch(blocks, sink, FetchPriority.Demand, seconds: 1);
        world.Advance(2);
        (await early).Missing.ShouldBe(2);
        var given = peer.Wants.Single().Id;
        var late = world.Fetch(blocks[..1], sink);
        var again = peer.Wants.Last().Id;
        again.ShouldNotBe(given);

        peer.Delivers(given, blocks[0]).ShouldBe(ArrivalKind.Taken);
        peer.Delivers(given, blocks[1]).ShouldBe(ArrivalKind.Dropped, "nobody wants it now");

        late.IsCompletedSuccessfully.ShouldBeTrue();
        (await late).Missing.ShouldBe(0);
        peer.Cancels.ShouldContain(cancelled => cancelled.Id == again, "it need not travel twice");
    }

    [Fact]
    public async Task What_is_asked_ahead_is_not_given_up_while_blocks_of_the_root_come()
    {
        using var world = new SimulatedExchange();
        var peer = world.Connect(1);
        peer.Holds(HoldingState.Complete);
        var blocks = SimulatedExchange.Blocks(8);
        using var sink = new KeepingSink();
        var ahead = world.Fetch(blocks, sink, FetchPriority.Prefetch, seconds: 10);
        peer.Wants.Single().Want.Milliseconds.ShouldBeGreaterThan(100_000u, "the peer does not drop it either");
        foreach (var block in blocks[..6])
        {
            world.Advance(6);
            peer.Delivers(block).ShouldBe(ArrivalKind.Taken);
        }
        ahead.IsCompleted.ShouldBeFalse();

        world.Advance(9);
        ahead.IsCompleted.ShouldBeFalse();
        world.Advance(2);

        ahead.IsCompletedSuccessfully.ShouldBeTrue();
        (await ahead).Missing.ShouldBe(2);
    }

    [Fact]
    public async Task A_reader_waits_while_a_large_block_comes_slowly_but_not_for_ever()
    {
        using var world = new SimulatedExchange();
        var peer = world.Connect(1);
        peer.Holds(HoldingState.Complete);
        var block = SimulatedExchange.Blocks(1, length: 512 << 10).Single();
        using var sink = new KeepingSink();
        var read = world.Fetch([block], sink, seconds: 15);
        peer.Wants.Single().Want.Milliseconds.ShouldBeGreaterThan(200_000u, "the peer does not drop it either");

        for (var second = 0; second < 290; second++)
        {
            peer.BlockBytesRead += 2_000;
            world.Advance(1);
            read.IsCompleted.ShouldBeFalse();
        }
        sink.Heard.ShouldBeGreaterThan(100);
        for (var second = 0; second < 15; second++)
        {
            peer.BlockBytesRead += 2_000;
            world.Advance(1);
        }

        (await read).Missing.ShouldBe(1);
    }

    [Fact]
    public async Task A_byte_now_and_then_keeps_no_reader_waiting()
    {
        using var world = new SimulatedExchange();
        var peer = world.Connect(1);
        peer.Holds(HoldingState.Complete);
        using var sink = new KeepingSink();
        var read = world.Fetch(SimulatedExchange.Blocks(1), sink, seconds: 15);

        for (var tenth = 0; tenth < 151; tenth++)
        {
            peer.BlockBytesRead++;
            world.Advance(0.1);
        }

        read.IsCompletedSuccessfully.ShouldBeTrue();
        (await read).Missing.ShouldBe(1);
        sink.Heard.ShouldBe(0);
    }

    [Fact]
    public async Task Nobody_connected_is_said_as_such()
    {
        using var world = new SimulatedExchange();
        using var sink = new KeepingSink();
        var wanted = 0;
        world.Exchange.SourcesWanted += () => wanted++;
        var fetch = world.Fetch(SimulatedExchange.Blocks(1), sink, seconds: 2);

        world.Advance(2.1);

        (await fetch).Explanation.ShouldNotBeNull().ShouldContain("no peer is connected");
        wanted.ShouldBeInRange(6, 12);
    }

    [Fact]
    public void A_cancelled_fetch_is_cancelled_at_the_peer()
    {
        using var world = new SimulatedExchange();
        var peer = world.Connect(1);
        var blocks = SimulatedExchange.Blocks(5);
        using var sink = new KeepingSink();
        using var reader = new CancellationTokenSource();
        var fetch = world.Fetch(blocks, sink, token: reader.Token);

        reader.Cancel();

        fetch.IsCanceled.ShouldBeTrue();
        peer.Cancels.Single().Cancel.Indices.ShouldBeEmpty();
        peer.Lane.Outstanding.ShouldBe(0);
        peer.Delivers(blocks[0]).ShouldBe(ArrivalKind.Dropped);
        peer.Ends(peer.Wants.Single().Id, EndStatus.Cancelled);
        peer.Lane.Requests.ShouldBeEmpty();
        sink.Blocks.ShouldBeEmpty();
    }

    [Fact]
    public void A_block_that_two_readers_want_travels_once_and_survives_one_of_them()
    {
        using var world = new SimulatedExchange();
        var peer = world.Connect(1);
        var block = SimulatedExchange.Blocks(1).Single();
        using var first = new KeepingSink();
        using var second = new KeepingSink();
        using var reader = new CancellationTokenSource();
        _ = world.Fetch([block], first, token: reader.Token);
        var other = world.Fetch([block], second);
        peer.Asked.Count().ShouldBe(1);

        reader.Cancel();
        peer.Cancels.ShouldBeEmpty();
        peer.Delivers(block);

        other.IsCompleted.ShouldBeTrue();
        second.Blocks.Count.ShouldBe(1);
        first.Blocks.ShouldBeEmpty();
    }

    [Fact]
    public void Bulk_is_spread_over_all_holders_and_the_fast_one_gets_more()
    {
        using var world = new SimulatedExchange();
        var peers = new[] { world.Connect(1), world.Connect(2), world.Connect(3) };
        var speeds = new[] { 8, 2, 1 };
        var blocks = SimulatedExchange.Blocks(2000, length: 8000).ToDictionary(block => block.Cid);
        using var sink = new KeepingSink();
        var fetch = world.Fetch(blocks.Values, sink, FetchPriority.Prefetch, seconds: 600);
        foreach (var peer in peers) peer.Holds(HoldingState.Complete);
        var answered = new int[3];

        for (var step = 0; step < 2000 && !fetch.IsCompleted; step++)
        {
            world.Advance(0.01);
            for (var p = 0; p < peers.Length; p++)
            {
                foreach (var cid in peers[p].Asked.Skip(answered[p]).Take(speeds[p]).ToArray())
                {
                    answered[p]++;
                    peers[p].Delivers(blocks[cid]);
                }
            }
        }

        fetch.IsCompleted.ShouldBeTrue();
        sink.Cids.Distinct().Count().ShouldBe(2000);
        answered[0].ShouldBeGreaterThan(answered[1]);
        answered[1].ShouldBeGreaterThan(answered[2]);
        answered[2].ShouldBeGreaterThan(20);
        // Ended by the fastest together with the others: the slow one was not left with a tail.
        answered.Sum().ShouldBeLessThan(2300);
    }

    [Fact]
    public void A_silent_peer_is_ranked_last_and_its_blocks_are_asked_elsewhere()
    {
        using var world = new SimulatedExchange();
        var silent = world.Connect(1);
        var blocks = SimulatedExchange.Blocks(4);
        using var sink = new KeepingSink();
        var fetch = world.Fetch(blocks, sink, FetchPriority.Background, seconds: 60);
        silent.Holds(HoldingState.Complete);
        silent.Asked.Count().ShouldBe(4);
        var honest = world.Connect(2);
        honest.Holds(HoldingState.Complete);

        world.Advance(3);

        silent.Lane.Stalled.ShouldBeTrue();
        honest.Asked.Order().ShouldBe(blocks.Select(block => block.Cid).Order());
        foreach (var block in blocks) honest.Delivers(block);
        fetch.IsCompleted.ShouldBeTrue();
        _ = world.Fetch(SimulatedExchange.Blocks(10, length: 77), sink);
        silent.Asked.Count().ShouldBe(4);
    }

    [Theory]
    [InlineData(FetchPriority.Demand)]
    [InlineData(FetchPriority.Prefetch)]
    public void Many_blocks_are_asked_for_in_few_frames(FetchPriority priority)
    {
        using var world = new SimulatedExchange();
        var peer = world.Connect(1);
        peer.Lane.Peer.Goodput = 1e8;
        var blocks = SimulatedExchange.Blocks(3000).ToDictionary(block => block.Cid);
        using var sink = new KeepingSink();
        var fetch = world.Fetch(blocks.Values, sink, priority);

        for (var i = 0; i < 3000; i++) peer.Delivers(blocks[peer.Asked.ElementAt(i)]);

        fetch.IsCompleted.ShouldBeTrue();
        peer.Wants.Count().ShouldBeLessThan(100);
    }

    [Fact]
    public void Demand_goes_out_while_bulk_fills_the_window()
    {
        using var world = new SimulatedExchange();
        var peer = world.Connect(1);
        using var sink = new KeepingSink();
        _ = world.Fetch(SimulatedExchange.Blocks(5000), sink, FetchPriority.Background);
        peer.Lane.Outstanding.ShouldBe(peer.Lane.Window);
        var urgent = SimulatedExchange.Blocks(1, length: 55).Single();

        _ = world.Fetch([urgent], sink);

        peer.Wants.Last().Want.Priority.ShouldBe(FetchPriority.Demand);
        peer.Asked.Last().ShouldBe(urgent.Cid);
    }

    [Fact]
    public void A_raised_block_is_asked_again_at_once_and_the_first_answer_is_taken()
    {
        using var world = new SimulatedExchange();
        var peer = world.Connect(1);
        var blocks = SimulatedExchange.Blocks(3);
        using var sink = new KeepingSink();
        var fetch = world.Fetch(blocks, sink, FetchPriority.Prefetch);
        var (bulk, _) = peer.Wants.Single();

        world.Exchange.Raise([blocks[2].Cid], FetchPriority.Demand);

        peer.Wants.Last().Want.Priority.ShouldBe(FetchPriority.Demand);
        peer.Wants.Last().Want.Blocks.ToArray().ShouldBe([blocks[2].Cid]);
        peer.Cancels.Single().ShouldSatisfyAllConditions(cancel => cancel.Id.ShouldBe(bulk), cancel => cancel.Cancel.Indices.ShouldBe([(ushort)2]));
        foreach (var block in blocks) peer.Delivers(bulk, block).ShouldBe(ArrivalKind.Taken);
        fetch.IsCompleted.ShouldBeTrue();
    }

    [Fact]
    public void The_same_block_twice_in_one_request_is_a_lie()
    {
        using var world = new SimulatedExchange();
        var peer = world.Connect(1);
        var blocks = SimulatedExchange.Blocks(2);
        using var sink = new KeepingSink();
        _ = world.Fetch(blocks, sink);
        var (id, _) = peer.Wants.Single();

        peer.Delivers(id, blocks[0]).ShouldBe(ArrivalKind.Taken);
        peer.Delivers(id, blocks[0]).ShouldBe(ArrivalKind.Offence);
    }

    [Fact]
    public void Two_roots_share_a_peer()
    {
        using var world = new SimulatedExchange();
        var peer = world.Connect(1);
        using var sink = new KeepingSink();
        var other = Cid.Of(CidCodec.MessagePack, "other root"u8);
        var mine = SimulatedExchange.Blocks(5000);
        _ = world.Fetch(mine, sink, FetchPriority.Prefetch);
        var theirs = SimulatedExchange.Blocks(100, length: 31);
        _ = world.Exchange.FetchAsync(new FetchRequest(other, [.. theirs.Select(block => block.Cid)], FetchPriority.Prefetch, world.In(15)), sink, default);

        for (var i = 0; i < 600; i++) peer.Delivers(mine.Concat(theirs).First(block => block.Cid == peer.Asked.ElementAt(i)));

        peer.Wants.ShouldContain(sent => sent.Want.Root == other);
    }

    [Fact]
    public void Nothing_ticks_when_nothing_is_wanted()
    {
        using var world = new SimulatedExchange();
        var peer = world.Connect(1);
        var block = SimulatedExchange.Blocks(1).Single();
        using var sink = new KeepingSink();
        _ = world.Fetch([block], sink);
        world.Clock.PendingTimers.ShouldBe(1);
        peer.Delivers(block);

        world.Advance(0.1);

        world.Clock.PendingTimers.ShouldBe(0);
    }

    [Fact]
    public void The_lane_is_clean_after_any_order_of_answers()
    {
        for (var seed = 0; seed < 50; seed++)
        {
            using var world = new SimulatedExchange(seed);
            var random = new Random(seed);
            var peers = new[] { world.Connect(1), world.Connect(2) };
            var blocks = SimulatedExchange.Blocks(60).ToDictionary(block => block.Cid);
            using var sink = new KeepingSink();
            var fetch = world.Fetch(blocks.Values, sink, (FetchPriority)(seed % 4), seconds: 30);
            for (var step = 0; step < 3000 && !fetch.IsCompleted; step++) Play(world, random, peers[random.Next(2)], blocks);

            fetch.IsCompleted.ShouldBeTrue($"seed {seed}");
            sink.Cids.Distinct().Count().ShouldBe(sink.Cids.Count, $"seed {seed}: delivered twice");
            foreach (var peer in peers) peer.Lane.Outstanding.ShouldBe(0, $"seed {seed}");
        }
    }

    private static void Play(SimulatedExchange world, Random random, SimulatedPeer peer, Dictionary<Cid, Block> blocks)
    {
        var open = peer.Lane.Requests.Values.OfType<WantRequest>().ToArray();
        if (open.Length == 0 || random.Next(4) == 0)
        {
            world.Advance(random.NextDouble() / 4);
            return;
        }
        var request = open[random.Next(open.Length)];
        var index = random.Next(request.Count);
        if (request.StateOf(index) == SlotState.Answered) return;
        switch (random.Next(10))
        {
            case 0: peer.Lacks(request.Id, (ushort)index); break;
            case 1: peer.Ends(request.Id, EndStatus.Busy); break;
            case 2: peer.Holds((HoldingState)random.Next(1, 3)); break;
            default: peer.Delivers(request.Id, blocks[request[index].Cid]).ShouldNotBe(ArrivalKind.Offence); break;
        }
    }
}
