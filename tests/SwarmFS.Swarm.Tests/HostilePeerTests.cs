using System.Buffers.Binary;
using SwarmFS.Core;
using SwarmFS.Wire;

namespace SwarmFS.Swarm.Tests;

/// <summary>Peers that break the protocol after the greeting, each kind alone and beside an honest peer.</summary>
public sealed class HostilePeerTests
{
    private static readonly Dictionary<string, Func<HostilePeer, IPeerLink, Frame, Task>> Lies = new()
    {
        ["wrong bytes"] = OnWant((link, id, want) => HostilePeer.SendBlockAsync(link, id, want.Blocks.Span[0], new byte[1000])),
        ["wrong length"] = OnWant((link, id, want) => HostilePeer.SendBlockAsync(link, id, want.Blocks.Span[0], [])),
        ["a block that was not asked for"] = OnWant((link, id, want) => HostilePeer.SendBlockAsync(link, id, Cid.Of(CidCodec.Raw, "stray"u8), "stray"u8.ToArray())),
        ["a request that does not exist"] = OnWant((link, id, want) => HostilePeer.SendBlockAsync(link, id + 77, want.Blocks.Span[0], new byte[1000])),
        ["an oversized frame"] = OnWant((link, id, want) => SendRaw(link, Header(FrameKind.Block, id, 5 << 20))),
        ["a frame of four gibibytes"] = OnWant((link, id, want) => SendRaw(link, Header(FrameKind.Records, id, uint.MaxValue))),
        ["a kind that does not exist"] = OnWant((link, id, want) => SendRaw(link, Header((FrameKind)0x7f, id, 0))),
        ["a second HELLO"] = OnWant((link, id, want) => HostilePeer.SendAsync(link, 0, new HelloOk(1))),
        ["garbage"] = OnWant((link, id, want) => SendRaw(link, [.. Enumerable.Repeat((byte)0xee, 4096)])),
        ["a malformed body"] = OnWant((link, id, want) => SendRaw(link, [.. Header(FrameKind.End, id, 2), 0x92, 0x00])),
        ["an index beyond the request"] = OnWant((link, id, want) => HostilePeer.SendAsync(link, id, new DontHave([(ushort)want.Blocks.Length]))),
        ["a packed block with wrong bytes"] = OnWant((link, id, want) => SendRaw(link, Packed(HostilePeer.BlockFrame(id, want.Blocks.Span[0], new byte[1000])))),
        ["a packed block that was not asked for"] = OnWant((link, id, want) => SendRaw(link, Packed(HostilePeer.BlockFrame(id, Cid.Of(CidCodec.Raw, "stray"u8), "stray"u8)))),
        ["a packed PING"] = OnWant((link, id, want) => SendRaw(link, Packed(FrameOf(0, new Ping(1))))),
        ["a packed END"] = OnWant((link, id, want) => SendRaw(link, Packed(FrameOf(id, new End(EndStatus.Complete))))),
        ["a packed WANT that begins like a block"] = OnWant((link, id, want) => SendRaw(link, Packed(LikeABlock(FrameOf(7, want))))),
        ["a packed packed frame"] = OnWant((link, id, want) => SendRaw(link, Packed(Packed(HostilePeer.BlockFrame(id, want.Blocks.Span[0], new byte[1000]))))),
        ["a packed frame that goes on behind"] = OnWant((link, id, want) => SendRaw(link, Packed(HostilePeer.BlockFrame(id, want.Blocks.Span[0], new byte[1000])[..^1]))),
        ["a bomb"] = OnWant((link, id, want) => SendRaw(link, Packed(new byte[64 << 20], announced: 1000))),
        ["packed garbage"] = OnWant((link, id, want) => SendRaw(link, [.. Header(FrameKind.Compressed, 0, 1004), 0, 0, 8, 0, .. Enumerable.Repeat((byte)0xee, 1000)])),
        ["announcements that were not asked for"] = OnWant((link, id, want) => HostilePeer.SendAsync(link, id, new Records(1, ["x"u8.ToArray()]))),
    };

    private static readonly Dictionary<string, Func<HostilePeer, IPeerLink, Frame, Task>> Dawdling = new()
    {
        ["silence"] = (_, _, _) => Task.CompletedTask,
        ["hangs up"] = OnWant((link, _, _) =>
        {
            link.Abort();
            return Task.CompletedTask;
        }),
        ["does not have it"] = OnWant((link, id, want) => HostilePeer.SendAsync(link, id, new DontHave([.. Enumerable.Range(0, want.Blocks.Length).Select(i => (ushort)i)]))),
        ["ends without an answer"] = OnWant((link, id, _) => HostilePeer.SendAsync(link, id, new End(EndStatus.Complete))),
        ["one byte at a time"] = OnWant(Dribble),
    };

    public static TheoryData<string> LieNames() => [.. Lies.Keys];

    public static TheoryData<string> DawdlingNames() => [.. Dawdling.Keys];

    [Theory]
    [MemberData(nameof(LieNames))]
    public async Task A_liar_alone_gives_nothing_and_is_named(string lie)
    {
        await using var liar = new HostilePeer(Lies[lie]);
        await using var node = await TestNode.StartAsync();
        node.Node.AddPeer(liar.EndPoint);
        using var block = Block.Create(CidCodec.Raw, "the truth"u8);
        using var sink = new KeepingSink();

        var result = await node.Node.FetchAsync(TestNode.Wish(block.Cid, [block.Cid], seconds: 1), sink, TestContext.Current.CancellationToken);

        result.Missing.ShouldBe(1);
        sink.Blocks.ShouldBeEmpty();
        var status = node.StatusOf(liar.Id).ShouldNotBeNull();
        status.State.ShouldBe(PeerState.Discouraged);
        status.Offences.ShouldBe(1);
        status.Why.ShouldNotBeNullOrWhiteSpace();
        result.Explanation.ShouldNotBeNull().ShouldContain(liar.Id.ToShortString());
    }

    [Theory]
    [MemberData(nameof(LieNames))]
    public async Task A_liar_beside_an_honest_peer_changes_nothing_and_is_not_asked_again(string lie)
    {
        await using var liar = new HostilePeer(Lies[lie]);
        await using var honest = await TestNode.StartAsync();
        await using var node = await TestNode.StartAsync();
        var cids = FillWithBlocks(honest, 200);
        node.Node.AddPeer(liar.EndPoint);
        node.ConnectTo(honest);
        await TestNode.Until(() => node.IsConnectedTo(honest) && node.StatusOf(liar.Id)?.State == PeerState.Connected, "both are connected");
        using var sink = new KeepingSink();

        var result = await node.Node.FetchAsync(TestNode.Wish(cids[0], cids, priority: FetchPriority.Prefetch), sink, TestContext.Current.CancellationToken);

        result.ShouldBe(new FetchResult(200, 0, null));
        sink.Cids.Order().ShouldBe(cids.Order());
        await TestNode.Until(() => node.StatusOf(liar.Id)?.State == PeerState.Discouraged, "the liar is discouraged");
        var asked = liar.Asked;
        using var again = new KeepingSink();
        (await node.Node.FetchAsync(TestNode.Wish(cids[0], cids), again, TestContext.Current.CancellationToken)).Missing.ShouldBe(0);
        liar.Asked.ShouldBe(asked);
    }

    /// <summary>However the frames are taken: what came before the lie or the end is whole, what came behind it nobody has seen.</summary>
    [Theory]
    [InlineData("wrong bytes", true)]
    [InlineData("wrong bytes", false)]
    [InlineData("garbage", true)]
    [InlineData("garbage", false)]
    [InlineData("hangs up", true)]
    [InlineData("hangs up", false)]
    public async Task What_a_peer_sent_before_it_lied_or_left_counts_and_what_it_sent_behind_does_not(string end, bool gathers)
    {
        Block[] blocks = [.. Enumerable.Range(0, 12).Select(i => Block.Create(CidCodec.Raw, [(byte)i, .. new byte[1000]]))];
        await using var peer = new HostilePeer(OnWant(async (link, id, want) =>
        {
            var wanted = want.Blocks.ToArray();
            byte[] Frames(Range which) => [.. blocks[which].Where(block => wanted.Contains(block.Cid)).SelectMany(block => HostilePeer.BlockFrame(id, block.Cid, block.Span))];
            if (end == "hangs up")
            {
                await SendRaw(link, Frames(..10));
                await link.DisposeAsync();
                return;
            }
            var lie = end == "garbage" ? [.. Enumerable.Repeat((byte)0xee, 64)] : HostilePeer.BlockFrame(id, blocks[10].Cid, new byte[1000]);
            await SendRaw(link, [.. Frames(..10), .. lie, .. Frames(11..)]);
        }));
        await using var node = await TestNode.StartAsync(options => options with { GathersArrivals = gathers });
        node.Node.AddPeer(peer.EndPoint);
        using var sink = new KeepingSink();

        var result = await node.Node.FetchAsync(TestNode.Wish(blocks[0].Cid, [.. blocks.Select(block => block.Cid)], seconds: 1), sink, TestContext.Current.CancellationToken);

        result.Missing.ShouldBe(2);
        sink.Cids.Order().ShouldBe(blocks[..10].Select(block => block.Cid).Order());
        node.StatusOf(peer.Id).ShouldNotBeNull().Offences.ShouldBe(end == "hangs up" ? 0 : 1);
        foreach (var block in blocks) block.Dispose();
    }

    [Theory]
    [MemberData(nameof(DawdlingNames))]
    public async Task A_peer_that_does_not_deliver_costs_time_and_is_no_liar(string how)
    {
        await using var slow = new HostilePeer(Dawdling[how]);
        await using var honest = await TestNode.StartAsync();
        await using var node = await TestNode.StartAsync();
        var cids = FillWithBlocks(honest, 100);
        node.Node.AddPeer(slow.EndPoint);
        node.ConnectTo(honest);
        await TestNode.Until(() => node.IsConnectedTo(honest) && node.StatusOf(slow.Id)?.State == PeerState.Connected, "both are connected");
        using var sink = new KeepingSink();

        var result = await node.Node.FetchAsync(TestNode.Wish(cids[0], cids, priority: FetchPriority.Prefetch), sink, TestContext.Current.CancellationToken);

        result.ShouldBe(new FetchResult(100, 0, null));
        node.StatusOf(slow.Id)?.Offences.ShouldBe(0);
    }

    [Theory]
    [MemberData(nameof(DawdlingNames))]
    public async Task A_peer_that_does_not_deliver_and_is_alone_ends_at_the_deadline(string how)
    {
        await using var slow = new HostilePeer(Dawdling[how]);
        await using var node = await TestNode.StartAsync();
        node.Node.AddPeer(slow.EndPoint);
        using var block = Block.Create(CidCodec.Raw, "the truth"u8);
        using var sink = new KeepingSink();

        var fetch = node.Node.FetchAsync(TestNode.Wish(block.Cid, [block.Cid], seconds: 0.8), sink, TestContext.Current.CancellationToken);

        (await fetch.WaitAsync(TestNode.Patience)).Missing.ShouldBe(1);
    }

    [Fact]
    public async Task A_tree_with_a_block_that_is_no_part_of_it_is_a_lie()
    {
        await using var liar = new HostilePeer(async (_, link, frame) =>
        {
            if (frame.Header.Kind == FrameKind.Tree) await HostilePeer.SendBlockAsync(link, frame.Header.RequestId, Cid.Of(CidCodec.Raw, "stray"u8), "stray"u8.ToArray());
        });
        await using var node = await TestNode.StartAsync();
        node.Node.AddPeer(liar.EndPoint);
        var root = Cid.Of(CidCodec.MessagePack, "root"u8);
        using var sink = new KeepingSink();

        var request = new TreeRequest(root, root, TreeSelection.Everything, 1 << 20, FetchPriority.Demand, TestNode.Deadline(1));
        var result = await node.Node.FetchTreeAsync(request, sink, TestContext.Current.CancellationToken);

        result.Missing.ShouldBeGreaterThan(0);
        sink.Blocks.ShouldBeEmpty();
        node.StatusOf(liar.Id)!.State.ShouldBe(PeerState.Discouraged);
    }

    [Fact]
    public async Task Garbage_instead_of_a_greeting_is_a_lie()
    {
        await using var node = await TestNode.StartAsync();
        await using var liar = new HostilePeer((_, _, _) => Task.CompletedTask, async link =>
        {
            await link.WriteAsync(new byte[4096], CancellationToken.None);
            return true;
        });

        await liar.CallAsync(node.EndPoint);

        await TestNode.Until(() => node.StatusOf(liar.Id)?.State == PeerState.Discouraged, "the liar is discouraged");
    }

    [Fact]
    public async Task A_large_frame_before_the_greeting_is_a_lie()
    {
        await using var node = await TestNode.StartAsync();
        await using var liar = new HostilePeer((_, _, _) => Task.CompletedTask, async link =>
        {
            await SendRaw(link, Header(FrameKind.Records, 0, 2000));
            return true;
        });

        await liar.CallAsync(node.EndPoint);

        await TestNode.Until(() => node.StatusOf(liar.Id)?.State == PeerState.Discouraged, "the liar is discouraged");
    }

    [Fact]
    public async Task A_discouraged_peer_that_calls_is_not_greeted()
    {
        await using var liar = new HostilePeer(Lies["wrong bytes"]);
        await using var node = await TestNode.StartAsync();
        node.Node.AddPeer(liar.EndPoint);
        using var block = Block.Create(CidCodec.Raw, "the truth"u8);
        using var sink = new KeepingSink();
        await node.Node.FetchAsync(TestNode.Wish(block.Cid, [block.Cid], seconds: 0.5), sink, TestContext.Current.CancellationToken);
        await TestNode.Until(() => node.StatusOf(liar.Id)?.State == PeerState.Discouraged, "the liar is discouraged");

        await liar.CallAsync(node.EndPoint);
        await node.Node.FetchAsync(TestNode.Wish(block.Cid, [block.Cid], seconds: 0.3), sink, TestContext.Current.CancellationToken);

        node.StatusOf(liar.Id)!.State.ShouldBe(PeerState.Discouraged);
        liar.Asked.ShouldBe(1);
    }

    [Fact]
    public async Task What_is_longer_packed_is_taken_and_does_not_count_as_a_saving()
    {
        await using var strange = new HostilePeer(OnWant((link, id, want) => SendRaw(link, Packed(HostilePeer.BlockFrame(id, want.Blocks.Span[0], "the truth"u8)))));
        await using var node = await TestNode.StartAsync();
        node.Node.AddPeer(strange.EndPoint);
        using var block = Block.Create(CidCodec.Raw, "the truth"u8);
        using var sink = new KeepingSink();

        var result = await node.Node.FetchAsync(TestNode.Wish(block.Cid, [block.Cid], seconds: 5), sink, TestContext.Current.CancellationToken);

        result.Missing.ShouldBe(0);
        node.StatusOf(strange.Id).ShouldNotBeNull().BytesSavedIn.ShouldBe(0);
    }

    [Fact]
    public async Task What_is_packed_without_having_been_offered_is_a_lie()
    {
        await using var liar = new HostilePeer(OnWant((link, id, want) => SendRaw(link, Packed(HostilePeer.BlockFrame(id, want.Blocks.Span[0], "the truth"u8)))));
        await using var node = await TestNode.StartAsync(options => options with { Compression = false });
        node.Node.AddPeer(liar.EndPoint);
        using var block = Block.Create(CidCodec.Raw, "the truth"u8);
        using var sink = new KeepingSink();

        var result = await node.Node.FetchAsync(TestNode.Wish(block.Cid, [block.Cid], seconds: 1), sink, TestContext.Current.CancellationToken);

        result.Missing.ShouldBe(1);
        node.StatusOf(liar.Id).ShouldNotBeNull().Why.ShouldNotBeNull().ShouldContain("not offered");
    }

    private static Func<HostilePeer, IPeerLink, Frame, Task> OnWant(Func<IPeerLink, uint, Want, Task> lie) =>
        (_, link, frame) => frame.Header.Kind == FrameKind.Want ? lie(link, frame.Header.RequestId, HostilePeer.ReadWant(frame)) : Task.CompletedTask;

    private static Task Dribble(IPeerLink link, uint id, Want want)
    {
        var frame = HostilePeer.BlockFrame(id, want.Blocks.Span[0], new byte[1000]);
        return Task.Run(async () =>
        {
            for (var i = 0; i < frame.Length; i++)
            {
                await link.WriteAsync(frame.AsMemory(i, 1), CancellationToken.None);
                await Task.Delay(100);
            }
        });
    }

    private static byte[] Header(FrameKind kind, uint id, uint length)
    {
        var header = new byte[FrameHeader.Length];
        header[0] = (byte)kind;
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(4), id);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(8), length);
        return header;
    }

    private static byte[] FrameOf<T>(uint id, in T message) where T : IWireMessage<T>
    {
        using var buffer = new FrameBuffer();
        WireMessage.WriteFrame(buffer, id, message);
        return buffer.Written.ToArray();
    }

    /// <summary>The same frame with a block's prefix before its body.</summary>
    private static byte[] LikeABlock(byte[] frame)
    {
        var prefix = new byte[BlockPrefix.Length];
        BlockPrefix.Write(prefix, Cid.Of(CidCodec.Raw, "any"u8));
        return [.. Header((FrameKind)frame[0], 7, (uint)(frame.Length - FrameHeader.Length + prefix.Length)), .. prefix, .. frame.AsSpan(FrameHeader.Length)];
    }

    /// <param name="announced">Instead of the content's length.</param>
    private static byte[] Packed(byte[] content, int? announced = null)
    {
        var data = new byte[content.Length + 1000];
        Zstd.TryPack(content, data, 3, out var length).ShouldBeTrue();
        var prefix = new byte[CompressedPrefix.Length];
        CompressedPrefix.Write(prefix, announced ?? content.Length);
        return [.. Header(FrameKind.Compressed, 0, (uint)(prefix.Length + length)), .. prefix, .. data.AsSpan(0, length)];
    }

    private static Task SendRaw(IPeerLink link, byte[] bytes) => link.WriteAsync(bytes, CancellationToken.None).AsTask();

    private static List<Cid> FillWithBlocks(TestNode node, int count)
    {
        var cids = new List<Cid>();
        for (var i = 0; i < count; i++)
        {
            using var block = node.AddBlock(2000, seed: i);
            cids.Add(block.Cid);
        }
        return cids;
    }
}
