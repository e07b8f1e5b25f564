using SwarmFS.Core;
using SwarmFS.Testing;
using SwarmFS.Wire;

namespace SwarmFS.Swarm.Tests;

/// <summary>In which order a peer is answered, and what it is told of what is not here.</summary>
public sealed class ServeQueueTests
{
    private static readonly Cid Root = Cid.Of(CidCodec.MessagePack, "root"u8);

    private readonly MemoryBlockStore _store = new();
    private readonly ManualTimeProvider _clock = new();
    private readonly ServeQueue _queue;

    public ServeQueueTests() => _queue = new ServeQueue(_store, _clock);

    [Fact]
    public void The_most_urgent_request_is_served_first()
    {
        var (bulk, urgent, node) = (Stored(10, 100), Stored(1, 200), Stored(1, 300));
        Want(1, FetchPriority.Background, bulk);
        Want(2, FetchPriority.Demand, urgent);
        Want(3, FetchPriority.Metadata, node);

        var frames = Drain();

        frames[0].Cid.ShouldBe(node[0]);
        frames.First(frame => frame.Id == 2).Cid.ShouldBe(urgent[0]);
        frames.FindIndex(frame => frame.Id == 1).ShouldBeGreaterThan(frames.FindIndex(frame => frame.Id == 2));
    }

    [Fact]
    public void Requests_that_somebody_waits_for_take_turns()
    {
        Want(1, FetchPriority.Demand, Stored(50, 100));
        Want(2, FetchPriority.Demand, Stored(2, 200));

        var frames = Drain();

        frames.FindLastIndex(frame => frame.Id == 2 && frame.Kind == FrameKind.Block).ShouldBeLessThan(6);
    }

    [Theory]
    [InlineData(FetchPriority.Prefetch)]
    [InlineData(FetchPriority.Background)]
    public void What_is_asked_ahead_of_one_root_comes_in_the_order_in_which_it_was_asked(FetchPriority priority)
    {
        var (first, second, third) = (Stored(50, 100), Stored(20, 200), Stored(30, 300));
        Want(1, priority, first);
        Want(2, priority, second);
        Want(3, priority, third);

        var frames = Drain(batch: 500);

        frames.Where(frame => frame.Kind == FrameKind.Block).Select(frame => frame.Cid).ShouldBe([.. first, .. second, .. third]);
    }

    [Fact]
    public void What_is_asked_ahead_of_several_roots_takes_turns()
    {
        var other = Cid.Of(CidCodec.MessagePack, "another root"u8);
        Want(1, FetchPriority.Prefetch, Stored(50, 100));
        Want(2, FetchPriority.Prefetch, Stored(50, 200));
        Want(3, FetchPriority.Prefetch, Stored(3, 300), root: other);
        Want(4, FetchPriority.Prefetch, Stored(3, 400), root: other);

        var frames = Drain();

        frames.FindLastIndex(frame => frame.Id == 4 && frame.Kind == FrameKind.Block).ShouldBeLessThan(15);
    }

    [Fact]
    public void Every_request_ends_once_after_its_last_block()
    {
        Want(1, FetchPriority.Demand, Stored(20, 100));
        Want(2, FetchPriority.Demand, Stored(5, 200));

        var frames = Drain(batch: 500);

        foreach (var id in new uint[] { 1, 2 })
        {
            frames.Count(frame => frame.Id == id && frame.Kind == FrameKind.End).ShouldBe(1);
            frames.Last(frame => frame.Id == id).Kind.ShouldBe(FrameKind.End);
        }
        frames.Count(frame => frame.Kind == FrameKind.Block).ShouldBe(25);
        _queue.HasWork.ShouldBeFalse();
    }

    [Fact]
    public void What_is_not_here_is_told_in_one_frame()
    {
        var here = Stored(2, 100);
        var absent = Enumerable.Range(0, 100).Select(i => Cid.Of(CidCodec.Raw, [(byte)i, 1, 2])).ToArray();
        Want(1, FetchPriority.Demand, [here[0], .. absent, here[1]]);

        var frames = Drain();

        frames.Count(frame => frame.Kind == FrameKind.DontHave).ShouldBe(1);
        frames.Where(frame => frame.Kind == FrameKind.Block).Select(frame => frame.Cid).ShouldBe(here);
    }

    [Fact]
    public void What_was_cancelled_is_not_sent()
    {
        var blocks = Stored(10, 100);
        Want(1, FetchPriority.Demand, blocks);
        Want(2, FetchPriority.Demand, Stored(10, 200));
        _queue.Cancel(1, [3, 4]);
        _queue.Cancel(2, []);

        var frames = Drain();

        frames.Where(frame => frame.Id == 1 && frame.Kind == FrameKind.Block).Select(frame => frame.Cid).ShouldBe([.. blocks[..3], .. blocks[5..]]);
        frames.Where(frame => frame.Id == 2).ShouldHaveSingleItem().Kind.ShouldBe(FrameKind.End);
    }

    [Fact]
    public void What_comes_too_late_is_not_sent()
    {
        Want(1, FetchPriority.Demand, Stored(10, 100), milliseconds: 500);
        _clock.Advance(TimeSpan.FromSeconds(1));

        Drain().ShouldHaveSingleItem().Kind.ShouldBe(FrameKind.End);
    }

    [Fact]
    public void A_block_larger_than_the_buffer_is_sent_whole()
    {
        var large = Stored(1, Block.MaxLength);
        Want(1, FetchPriority.Demand, [.. Stored(3, 100), large[0]]);

        Drain(batch: 400).Where(frame => frame.Kind == FrameKind.Block).Select(frame => frame.Length).ShouldBe([100, 100, 100, Block.MaxLength]);
    }

    [Fact]
    public void Requests_beyond_the_bound_are_not_taken()
    {
        var blocks = Stored(1, 100);
        for (uint id = 1; id <= WireLimits.RequestsInProgress; id++) Want(id, FetchPriority.Demand, blocks);

        _queue.TryAdd(new WantServeJob(99, new Want(Root, FetchPriority.Demand, 1000, blocks), long.MaxValue)).ShouldBeFalse();
    }

    [Fact]
    public void A_tree_stops_at_its_budget()
    {
        var tree = TestTree.Build(_store, files: 100);
        _queue.TryAdd(new TreeServeJob(1, new TreeWant(tree.Root, tree.Root, TreeSelection.Everything, 100_000, FetchPriority.Demand, 1000), _store, long.MaxValue)).ShouldBeTrue();

        var frames = Drain();

        frames[0].Cid.ShouldBe(tree.Root);
        frames.Where(frame => frame.Kind == FrameKind.Block).Sum(frame => frame.Length).ShouldBeInRange(1, 100_000);
        frames[^1].Kind.ShouldBe(FrameKind.End);
    }

    [Fact]
    public void A_tree_goes_out_in_parts_that_the_asker_can_check_meanwhile()
    {
        var tree = TestTree.Build(_store, files: 3000);
        _queue.TryAdd(new TreeServeJob(1, new TreeWant(tree.Root, tree.Root, TreeSelection.Nodes, 1 << 30, FetchPriority.Demand, 1000), _store, long.MaxValue));
        var buffer = BlockBuffers.Shared.Rent(1 << 20);

        _queue.Fill(ref buffer, 0, 1 << 20).Length.ShouldBeInRange(64 << 10, 80 << 10);

        BlockBuffers.Shared.Return(buffer);
        Drain(1 << 20)[^1].Kind.ShouldBe(FrameKind.End);
    }

    [Fact]
    public void A_tree_with_a_hole_sends_the_rest()
    {
        var tree = TestTree.Build(_store, files: 100);
        var all = new DagWalk(_store, tree.Root, TreeSelection.Everything).Blocks().ToList();
        var hole = all.Last(link => link.Kind == DagLinkKind.Data).Cid;
        _store.Remove(hole);
        _queue.TryAdd(new TreeServeJob(1, new TreeWant(tree.Root, tree.Root, TreeSelection.Everything, 1 << 30, FetchPriority.Demand, 1000), _store, long.MaxValue));

        Drain().Where(frame => frame.Kind == FrameKind.Block).Select(frame => frame.Cid).ShouldBe(all.Select(link => link.Cid).Where(cid => cid != hole));
    }

    [Fact]
    public void A_tree_of_which_only_the_directories_are_here_is_not_walked_over_in_vain()
    {
        var tree = TestTree.Build(_store, files: 5000);
        var data = new DagWalk(_store, tree.Root, TreeSelection.Everything).Blocks().Where(link => link.Kind == DagLinkKind.Data).Select(link => link.Cid).ToList();
        foreach (var cid in data.Take(4000)) _store.Remove(cid);
        _queue.TryAdd(new TreeServeJob(1, new TreeWant(tree.Root, tree.Root, TreeSelection.Everything, 1 << 30, FetchPriority.Demand, 1000), _store, long.MaxValue));

        var frames = Drain();

        frames.Where(frame => frame.Kind == FrameKind.Block).Select(frame => frame.Cid).ShouldNotContain(data[4500]);
        frames[0].Cid.ShouldBe(tree.Root);
        frames[^1].Kind.ShouldBe(FrameKind.End);
    }

    [Fact]
    public void Trees_of_one_root_go_out_one_after_another()
    {
        var tree = TestTree.Build(_store, files: 100);
        for (uint id = 1; id <= 3; id++)
            _queue.TryAdd(new TreeServeJob(id, new TreeWant(tree.Root, tree.Root, TreeSelection.Everything, 1 << 30, FetchPriority.Demand, 1000), _store, long.MaxValue)).ShouldBeTrue();

        Drain().Where(frame => frame.Kind == FrameKind.Block).Select(frame => frame.Id).ShouldBeInOrder();
    }

    private Cid[] Stored(int count, int length)
    {
        var cids = new Cid[count];
        for (var i = 0; i < count; i++)
        {
            var bytes = new byte[length];
            BitConverter.TryWriteBytes(bytes, i);
            using var block = Block.Create(CidCodec.Raw, bytes);
            _store.Put(block);
            cids[i] = block.Cid;
        }
        return cids;
    }

    private void Want(uint id, FetchPriority priority, Cid[] blocks, uint milliseconds = 60_000, Cid? root = null) =>
        _queue.TryAdd(new WantServeJob(id, new Want(root ?? Root, priority, milliseconds, blocks), _clock.GetTimestamp() + milliseconds * TimeSpan.TicksPerMillisecond)).ShouldBeTrue();

    private List<(FrameKind Kind, uint Id, Cid Cid, int Length)> Drain(int batch = 64 << 10)
    {
        var frames = new List<(FrameKind, uint, Cid, int)>();
        while (_queue.HasWork)
        {
            var buffer = BlockBuffers.Shared.Rent(batch);
            var filled = _queue.Fill(ref buffer, 0, batch);
            var bytes = buffer.AsSpan(0, filled.Length);
            while (bytes.Length > 0)
            {
                FrameHeader.TryRead(bytes, out var header, out var error).ShouldBeTrue(error);
                var body = bytes.Slice(FrameHeader.Length, header.BodyLength);
                var isBlock = header.Kind == FrameKind.Block;
                var cid = default(Cid);
                if (isBlock)
                {
                    BlockPrefix.TryRead(body, out cid).ShouldBeTrue();
                    Sha256Digest.Of(body[BlockPrefix.Length..]).ShouldBe(cid.Digest);
                }
                frames.Add((header.Kind, header.RequestId, cid, isBlock ? body.Length - BlockPrefix.Length : body.Length));
                bytes = bytes[(FrameHeader.Length + header.BodyLength)..];
            }
            BlockBuffers.Shared.Return(buffer);
        }
        return frames;
    }
}
