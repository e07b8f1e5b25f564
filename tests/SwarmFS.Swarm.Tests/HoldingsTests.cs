using System.Collections.Concurrent;
using System.Text;
using SwarmFS.Core;
using SwarmFS.Testing;
using SwarmFS.Wire;

namespace SwarmFS.Swarm.Tests;

/// <summary>What a node tells its peers of what it has, heard by a peer that writes everything down.</summary>
public sealed class HoldingsTests
{
    [Fact]
    public async Task A_partial_holder_lists_what_it_has_and_nothing_else()
    {
        await using var node = await TestNode.StartAsync();
        var tree = TestTree.Build(node.Store, files: 200);
        var lost = Data(node, tree.Root).Where((_, i) => i % 3 == 0).ToArray();
        foreach (var cid in lost) node.Store.Remove(cid);

        await using var listener = await Listener.ConnectAsync(node, tree.Root);

        await TestNode.Until(() => listener.Listed.Count == node.Store.Count, "everything that is there is listed");
        listener.States.ShouldBe([HoldingState.Partial]);
        listener.Listed.ShouldBe(node.Store.Cids.Select(cid => Holdings.ShortIdOf(cid)), ignoreOrder: true);
    }

    [Fact]
    public async Task A_newcomer_tells_each_block_once_as_it_comes_and_at_last_that_it_has_everything()
    {
        await using var source = await TestNode.StartAsync();
        var tree = TestTree.Build(source.Store, files: 200);
        var all = Data(source, tree.Root).ToArray();
        await using var newcomer = await TestNode.StartAsync();
        newcomer.ConnectTo(source);
        await TestNode.Until(() => newcomer.IsConnectedTo(source), "connected");
        await using var listener = await Listener.ConnectAsync(newcomer, tree.Root);
        await TestNode.Until(() => listener.States.Count > 0, "the first answer");
        listener.States.ShouldBe([HoldingState.None]);
        var sink = new StoringSink(newcomer.Store);

        await newcomer.Node.FetchTreeAsync(
            new TreeRequest(tree.Root, tree.Root, TreeSelection.Nodes, WireLimits.TreeBudget, FetchPriority.Metadata, TestNode.Deadline(15)), sink, TestContext.Current.CancellationToken);
        await newcomer.Node.FetchAsync(TestNode.Wish(tree.Root, all[..100], priority: FetchPriority.Background), sink, TestContext.Current.CancellationToken);
        await TestNode.Until(() => listener.Listed.Count == newcomer.Store.Count, "what has come is listed");
        listener.Listed.ShouldBe(newcomer.Store.Cids.Select(cid => Holdings.ShortIdOf(cid)), ignoreOrder: true);
        await newcomer.Node.FetchAsync(TestNode.Wish(tree.Root, all[100..], priority: FetchPriority.Background), sink, TestContext.Current.CancellationToken);

        await TestNode.Until(() => listener.States.LastOrDefault() == HoldingState.Complete, "it says that it has everything");
        listener.States.ShouldBe([HoldingState.None, HoldingState.Partial, HoldingState.Complete]);
        listener.Listed.Distinct().Count().ShouldBe(listener.Listed.Count);
    }

    [Fact]
    public async Task Who_asks_again_is_told_the_list_again()
    {
        await using var node = await TestNode.StartAsync();
        var root = AllButOne(node);
        await using var listener = await Listener.WithListAsync(node, root);

        await listener.AskAsync();

        await TestNode.Until(() => listener.Listed.Count == 2 * node.Store.Count, "the list again");
        listener.Listed.Distinct().Count().ShouldBe(node.Store.Count);
    }

    [Fact]
    public async Task A_block_that_was_lost_and_comes_back_is_told_again()
    {
        await using var source = await TestNode.StartAsync();
        var tree = TestTree.Build(source.Store, files: 20);
        await using var node = await TestNode.StartAsync();
        foreach (var cid in source.Store.Cids.Except([Data(source, tree.Root).First()]))
        {
            source.Store.TryGet(cid, out var block).ShouldBeTrue();
            using (block) node.Store.Put(block);
        }
        node.ConnectTo(source);
        await TestNode.Until(() => node.IsConnectedTo(source), "connected");
        var (lost, sink) = (Data(source, tree.Root).Last(), new StoringSink(node.Store));
        await using var listener = await Listener.WithListAsync(node, tree.Root);

        node.Store.Remove(lost);
        // A new list is made after ten seconds.
        await Task.Delay(TimeSpan.FromSeconds(11), TestContext.Current.CancellationToken);
        await node.Node.FetchAsync(TestNode.Wish(tree.Root, [lost]), sink, TestContext.Current.CancellationToken);

        await TestNode.Until(() => listener.Listed.Count(block => block == Holdings.ShortIdOf(lost)) == 2, "it is told again");
    }

    [Fact]
    public async Task A_second_listener_is_told_what_the_first_was()
    {
        await using var node = await TestNode.StartAsync();
        var root = AllButOne(node);
        await using var first = await Listener.WithListAsync(node, root);

        await using var second = await Listener.WithListAsync(node, root);

        second.Listed.ShouldBe(first.Listed, ignoreOrder: true);
    }

    [Fact]
    public async Task A_list_that_is_not_kept_up_any_more_is_withdrawn()
    {
        await using var node = await TestNode.StartAsync();
        var root = AllButOne(node);
        await using var listener = await Listener.WithListAsync(node, root);
        listener.Withdrawals.ShouldBe(1, "the first answer");

        await AskForOthersAsync(listener, roots: 256);

        await TestNode.Until(() => listener.Withdrawals == 2, "the root is no longer watched");
    }

    [Fact]
    public async Task Who_has_more_than_is_listed_says_at_once_that_it_has_everything()
    {
        await using var node = await TestNode.StartAsync();
        var builder = new TreeBuilder(node.Store);
        for (var file = 0; file <= 1 << 17; file++)
            builder.AddFile(Encoding.ASCII.GetBytes($"d{file >> 9}/f{file & 511}"), new EntryAttributes(0x1a4, 0, 0, 0, 1_700_000_000, 0, []), new MemoryStream(BitConverter.GetBytes(file)), 4);
        var root = builder.Finish().Root;

        await using var listener = await Listener.ConnectAsync(node, root);

        await TestNode.Until(() => listener.States.Count == 2, "a second answer");
        listener.States.ShouldBe([HoldingState.Partial, HoldingState.Complete]);
        listener.Answers.ShouldBe(2, "a walk that is broken off would say partial once more, and find out ten seconds later");
    }

    [Fact]
    public async Task Who_asks_for_many_roots_takes_nothing_from_others()
    {
        await using var node = await TestNode.StartAsync();
        await using var elsewhere = await TestNode.StartAsync();
        var tree = TestTree.Build(elsewhere.Store, files: 20);
        await using var listener = await Listener.ConnectAsync(node, tree.Root);
        await TestNode.Until(() => listener.Answers == 1, "the first answer");

        await using var stranger = await Listener.ConnectAsync(node, tree.Root);
        await TestNode.Until(() => stranger.Answers == 1, "the stranger's first answer");
        await AskForOthersAsync(stranger, roots: 2000);

        CopyTo(node, elsewhere);
        await TestNode.Until(() => listener.States.LastOrDefault() == HoldingState.Complete, "the change is told");
    }

    [Fact]
    public async Task What_a_peer_got_meanwhile_is_found_though_it_does_not_say_so()
    {
        await using var source = await TestNode.StartAsync();
        await using var elsewhere = await TestNode.StartAsync();
        var tree = TestTree.Build(elsewhere.Store, files: 20);
        await using var reader = await TestNode.StartAsync();
        reader.ConnectTo(source);
        await TestNode.Until(() => reader.IsConnectedTo(source), "connected");
        var sink = new StoringSink(reader.Store);
        (await reader.Node.FetchAsync(TestNode.Wish(tree.Root, [tree.Root], seconds: 0.5), sink, TestContext.Current.CancellationToken)).Missing.ShouldBe(1);
        for (var other = 0; other < 256; other++)
            await reader.Node.FetchAsync(TestNode.Wish(OtherRoot(other), [OtherRoot(other)], seconds: 0), sink, TestContext.Current.CancellationToken);

        CopyTo(source, elsewhere);

        var result = await reader.Node.FetchAsync(TestNode.Wish(tree.Root, [tree.Root]), sink, TestContext.Current.CancellationToken);
        result.Missing.ShouldBe(0, result.Explanation);
    }

    private static Cid OtherRoot(int number) => Cid.Of(CidCodec.MessagePack, BitConverter.GetBytes(number));

    /// <summary>Until the last question is answered.</summary>
    private static async Task AskForOthersAsync(Listener listener, int roots)
    {
        var before = listener.Others;
        for (var other = 0; other < roots; other++) await listener.AskAsync(OtherRoot(other));
        await TestNode.Until(() => listener.Others >= before + roots, "the answers");
    }

    private static void CopyTo(TestNode node, TestNode from)
    {
        foreach (var cid in from.Store.Cids)
        {
            from.Store.TryGet(cid, out var block).ShouldBeTrue();
            using (block) node.Store.Put(block);
        }
    }

    /// <summary>A tree of which a block is missing, so that what there is gets listed.</summary>
    private static Cid AllButOne(TestNode node)
    {
        var root = TestTree.Build(node.Store, files: 20).Root;
        node.Store.Remove(Data(node, root).Last());
        return root;
    }

    private static IEnumerable<Cid> Data(TestNode node, Cid root) =>
        new DagWalk(node.Store, root, TreeSelection.Everything).Blocks().Where(link => link.Kind == DagLinkKind.Data).Select(link => link.Cid).ToArray();

    private sealed class StoringSink(MemoryBlockStore store) : IBlockSink
    {
        public void Deliver(Block block)
        {
            using (block) store.Put(block);
        }
    }

    /// <summary>Asks for the holdings of one root and keeps what it hears.</summary>
    private sealed class Listener : IAsyncDisposable
    {
        private readonly HostilePeer _peer;
        private readonly Cid _root;
        private readonly ConcurrentQueue<uint> _listed = new();
        private readonly ConcurrentQueue<HoldingState> _states = new();
        private IPeerLink? _link;
        private int _answers;
        private int _others;
        private int _withdrawals;

        private Listener(Cid root)
        {
            _root = root;
            _peer = new HostilePeer((_, link, frame) => HearAsync(link, frame));
        }

        public IReadOnlyCollection<uint> Listed => _listed;

        /// <summary>Each one that differs from the one before.</summary>
        public IReadOnlyCollection<HoldingState> States => _states;

        /// <summary>Answers that say partial and list nothing.</summary>
        public int Withdrawals => Volatile.Read(ref _withdrawals);

        /// <summary>Answers of other roots.</summary>
        public int Others => Volatile.Read(ref _others);

        public int Answers => Volatile.Read(ref _answers);

        public static async Task<Listener> ConnectAsync(TestNode node, Cid root)
        {
            var listener = new Listener(root);
            await listener._peer.CallAsync(node.EndPoint);
            return listener;
        }

        /// <summary>The same, when it has heard of all that is in the node's store.</summary>
        public static async Task<Listener> WithListAsync(TestNode node, Cid root)
        {
            var listener = await ConnectAsync(node, root);
            await TestNode.Until(() => listener.Listed.Count == node.Store.Count, "the list");
            return listener;
        }

        public Task AskAsync() => AskAsync(_root);

        public Task AskAsync(Cid root) => HostilePeer.SendAsync(_link!, 9, new GetHoldings(root));

        private async Task HearAsync(IPeerLink link, Frame frame)
        {
            _link = link;
            if (frame.Header.Kind == FrameKind.HelloOk) await AskAsync();
            if (frame.Header.Kind != FrameKind.Holdings) return;
            WireMessage.TryRead<Holdings>(frame.Body.Span, out var told, out var error).ShouldBeTrue(error);
            if (told.Root != _root)
            {
                Interlocked.Increment(ref _others);
                return;
            }
            if (told.State == HoldingState.Partial && told.Blocks.IsEmpty) Interlocked.Increment(ref _withdrawals);
            if (_states.IsEmpty || _states.Last() != told.State) _states.Enqueue(told.State);
            foreach (var block in told.Blocks.Span) _listed.Enqueue(block);
            Interlocked.Increment(ref _answers);
        }

        public ValueTask DisposeAsync() => _peer.DisposeAsync();
    }
}
