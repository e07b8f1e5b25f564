using SwarmFS.Core;
using SwarmFS.Testing;
using SwarmFS.Wire;

namespace SwarmFS.Swarm.Tests;

/// <summary>Streams of whole trees on a simulated clock: a silent, a dying and a lying server.</summary>
public sealed class TreeFetchTests : IDisposable
{
    private readonly SimulatedExchange _world = new();
    private readonly MemoryBlockStore _store = new();
    private readonly KeepingSink _sink = new();
    private readonly BuiltTree _tree;
    private readonly List<Block> _blocks = [];

    public TreeFetchTests()
    {
        _tree = TestTree.Build(_store, files: 30);
        foreach (var link in new DagWalk(_store, _tree.Root, TreeSelection.Everything).Blocks())
            if (_store.TryGet(link.Cid, out var block)) _blocks.Add(block);
    }

    public void Dispose()
    {
        _world.Dispose();
        _sink.Dispose();
        foreach (var block in _blocks) block.Dispose();
    }

    [Fact]
    public async Task A_whole_tree_is_delivered_once_and_in_order()
    {
        var peer = _world.Connect(1);
        var fetch = Fetch();
        var id = TreesOf(peer).Single();

        foreach (var block in _blocks) peer.Delivers(id, block).ShouldBe(ArrivalKind.Taken);
        peer.Ends(id);

        (await fetch).ShouldBe(new FetchResult(_blocks.Count, 0, null));
        _sink.Cids.ShouldBe(_blocks.Select(block => block.Cid));
    }

    [Fact]
    public async Task A_path_that_has_carried_a_tree_is_asked_for_more_than_a_new_one()
    {
        var peer = _world.Connect(1);
        var before = peer.Lane.Window;
        var fetch = Fetch();
        var id = TreesOf(peer).Single();
        foreach (var block in _blocks) peer.Delivers(id, block);
        peer.Ends(id);
        await fetch;

        peer.Lane.Window.ShouldBe(before + _blocks.Count);
    }

    [Fact]
    public async Task A_silent_server_has_a_second_one_asked_and_no_block_is_delivered_twice()
    {
        var slow = _world.Connect(1);
        var fetch = Fetch();
        var first = TreesOf(slow).Single();
        var fast = _world.Connect(2);
        foreach (var block in _blocks.Take(5)) slow.Delivers(first, block);
        TreesOf(fast).ShouldBeEmpty();

        _world.Advance(1);

        var second = TreesOf(fast).Single();
        foreach (var block in _blocks) fast.Delivers(second, block).ShouldNotBe(ArrivalKind.Offence);
        fast.Ends(second);
        (await fetch).Missing.ShouldBe(0);
        _sink.Cids.Count.ShouldBe(_blocks.Count);
        slow.Cancels.ShouldHaveSingleItem().Id.ShouldBe(first);
        slow.Delivers(first, _blocks[6]).ShouldBe(ArrivalKind.Dropped);
    }

    [Fact]
    public async Task A_server_that_dies_is_replaced_at_once()
    {
        var dying = _world.Connect(1);
        var fetch = Fetch();
        foreach (var block in _blocks.Take(5)) dying.Delivers(TreesOf(dying).Single(), block);
        var heir = _world.Connect(2);

        dying.Leaves();

        var id = TreesOf(heir).Single();
        foreach (var block in _blocks) heir.Delivers(id, block);
        heir.Ends(id);
        (await fetch).Delivered.ShouldBe(_blocks.Count);
    }

    [Fact]
    public async Task A_server_without_the_tree_is_not_the_end()
    {
        var empty = _world.Connect(1);
        var fetch = Fetch();
        var other = _world.Connect(2);

        empty.Ends(TreesOf(empty).Single(), EndStatus.Incomplete);

        var id = TreesOf(other).Single();
        other.Delivers(id, _blocks[0]);
        other.Ends(id, EndStatus.Incomplete);
        (await fetch).ShouldBe(new FetchResult(1, 0, null));
    }

    [Fact]
    public void A_block_before_its_parent_is_a_lie()
    {
        var peer = _world.Connect(1);
        _ = Fetch();

        peer.Delivers(TreesOf(peer).Single(), _blocks[^1]).ShouldBe(ArrivalKind.Offence);
    }

    [Theory]
    [InlineData(TreeSelection.Directories)]
    [InlineData(TreeSelection.Nodes)]
    public void A_block_of_a_kind_that_was_not_asked_for_is_a_lie(TreeSelection selection)
    {
        var peer = _world.Connect(1);
        _ = Fetch(selection: selection);
        var id = TreesOf(peer).Single();
        var asked = new DagWalk(_store, _tree.Root, selection).Blocks().Count();

        foreach (var block in _blocks.Take(asked)) peer.Delivers(id, block).ShouldBe(ArrivalKind.Taken);
        peer.Delivers(id, _blocks[asked]).ShouldBe(ArrivalKind.Offence);
    }

    [Fact]
    public void More_than_the_budget_is_a_lie()
    {
        var peer = _world.Connect(1);
        _ = Fetch(budget: 1000);
        var id = TreesOf(peer).Single();

        _blocks.Select(block => peer.Delivers(id, block)).ShouldContain(ArrivalKind.Offence);
    }

    [Fact]
    public async Task Nobody_delivers_and_the_deadline_says_who_was_asked()
    {
        var peer = _world.Connect(1);
        var fetch = Fetch(seconds: 3);

        _world.Advance(3.1);

        var result = await fetch;
        result.Missing.ShouldBeGreaterThan(0);
        result.Explanation.ShouldNotBeNull().ShouldContain(peer.Lane.Peer.Id.ToShortString());
    }

    [Fact]
    public void More_trees_than_a_server_takes_wait_their_turn()
    {
        var peer = _world.Connect(1);
        for (var i = 0; i < WireLimits.TreesInProgress + 3; i++) _ = Fetch();
        TreesOf(peer).Count.ShouldBe(WireLimits.TreesInProgress);
        var first = TreesOf(peer)[0];

        peer.Delivers(first, _blocks[0]);
        peer.Ends(first);

        TreesOf(peer).Count.ShouldBe(WireLimits.TreesInProgress + 1);
    }

    private Task<FetchResult> Fetch(long budget = 1 << 30, double seconds = 15, TreeSelection selection = TreeSelection.Everything) =>
        _world.Exchange.FetchTreeAsync(new TreeRequest(SimulatedExchange.Root, _tree.Root, selection, budget, FetchPriority.Demand, _world.In(seconds)), _sink, default);

    private static List<uint> TreesOf(SimulatedPeer peer) => [.. peer.Sent.Where(sent => sent.Message is TreeWant).Select(sent => sent.Id)];
}
