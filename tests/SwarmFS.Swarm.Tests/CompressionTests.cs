using SwarmFS.Core;
using SwarmFS.Testing;
using SwarmFS.Wire;

namespace SwarmFS.Swarm.Tests;

/// <summary>Blocks that travel packed between nodes on real sockets.</summary>
public sealed class CompressionTests
{
    private static SwarmOptions Slow(SwarmOptions options) => options with { UploadBytesPerSecond = 16_000_000 };

    [Fact]
    public async Task What_a_slow_node_sends_takes_less_of_the_wire_and_arrives_whole()
    {
        await using var a = await TestNode.StartAsync(Slow);
        await using var b = await TestNode.StartAsync();
        var blocks = Enumerable.Range(0, 300).Select(i => AddText(a, 1 + (i * i % 9000), i)).ToList();
        b.ConnectTo(a);
        using var sink = new KeepingSink();

        var result = await b.Node.FetchAsync(TestNode.Wish(blocks[0].Cid, [.. blocks.Select(block => block.Cid)]), sink, TestContext.Current.CancellationToken);

        result.ShouldBe(new FetchResult(300, 0, null));
        foreach (var block in blocks)
            sink.Blocks.Single(got => got.Cid == block.Cid).Span.SequenceEqual(block.Span).ShouldBeTrue();
        var (sent, got) = (a.StatusOf(b.Identity.Id)!, b.StatusOf(a.Identity.Id)!);
        got.BytesIn.ShouldBe(blocks.Sum(block => (long)block.Length));
        got.BytesSavedIn.ShouldBeGreaterThan(got.BytesIn / 2);
        got.BytesSavedIn.ShouldBeLessThan(got.BytesIn + (300 * (FrameHeader.Length + BlockPrefix.Length)));
        sent.BytesSavedOut.ShouldBe(got.BytesSavedIn);
        (sent.BytesSavedIn, got.BytesSavedOut).ShouldBe((0, 0));
    }

    [Fact]
    public async Task What_cannot_be_packed_goes_as_it_is()
    {
        await using var a = await TestNode.StartAsync(Slow);
        await using var b = await TestNode.StartAsync();
        using var block = a.AddBlock(100_000, seed: 1);
        b.ConnectTo(a);
        using var sink = new KeepingSink();

        var result = await b.Node.FetchAsync(TestNode.Wish(block.Cid, [block.Cid]), sink, TestContext.Current.CancellationToken);

        result.Missing.ShouldBe(0);
        b.StatusOf(a.Identity.Id)!.BytesSavedIn.ShouldBe(0);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task A_node_that_does_not_compress_gets_on_with_one_that_does(bool sender, bool receiver)
    {
        await using var a = await TestNode.StartAsync(options => Slow(options) with { Compression = sender });
        await using var b = await TestNode.StartAsync(options => options with { Compression = receiver });
        var block = AddText(a, 50_000, 1);
        b.ConnectTo(a);
        using var sink = new KeepingSink();

        var result = await b.Node.FetchAsync(TestNode.Wish(block.Cid, [block.Cid]), sink, TestContext.Current.CancellationToken);

        result.Missing.ShouldBe(0);
        sink.Blocks.Single().Span.SequenceEqual(block.Span).ShouldBeTrue();
        b.StatusOf(a.Identity.Id)!.BytesSavedIn.ShouldBe(0);
    }

    [Fact]
    public void Blocks_are_packed_and_cut_apart_again()
    {
        byte[] frames = [.. HostilePeer.BlockFrame(7, Cid.Of(CidCodec.Raw, new byte[5000]), new byte[5000]), .. HostilePeer.BlockFrame(8, Cid.Of(CidCodec.MessagePack, "node"u8), "node"u8)];
        var packed = new byte[frames.Length];
        using var inflater = new FrameInflater();

        FrameDeflater.TryPack(frames, 3, packed, out var length).ShouldBeTrue();
        length.ShouldBeLessThan(300);
        FrameHeader.TryRead(packed, out var header, out _).ShouldBeTrue();
        header.ShouldBe(new FrameHeader(FrameKind.Compressed, 0, length - FrameHeader.Length));
        inflater.Unpack(packed.AsSpan(FrameHeader.Length..length)).ShouldBeNull();
        inflater.ContentLength.ShouldBe(frames.Length);

        var first = inflater.Take().Frame.ShouldNotBeNull();
        (first.Header.RequestId, first.Cid, first.Body.Length).ShouldBe((7u, Cid.Of(CidCodec.Raw, new byte[5000]), 5000));
        inflater.HasFrames.ShouldBeTrue();
        var second = inflater.Take().Frame.ShouldNotBeNull();
        (second.Header.RequestId, second.Cid).ShouldBe((8u, Cid.Of(CidCodec.MessagePack, "node"u8)));
        second.Body.Span.SequenceEqual("node"u8).ShouldBeTrue();
        inflater.HasFrames.ShouldBeFalse();
    }

    [Fact]
    public void The_longest_block_can_be_packed()
    {
        var frame = HostilePeer.BlockFrame(7, Cid.Of(CidCodec.Raw, new byte[Block.MaxLength]), new byte[Block.MaxLength]);
        using var inflater = new FrameInflater();
        var packed = new byte[frame.Length];

        FrameDeflater.TryPack(frame, 3, packed, out var length).ShouldBeTrue();

        inflater.Unpack(packed.AsSpan(FrameHeader.Length..length)).ShouldBeNull();
        inflater.Take().Frame.ShouldNotBeNull().Body.Length.ShouldBe(Block.MaxLength);
    }

    private static Block AddText(TestNode node, int length, int seed)
    {
        var random = new Random(seed);
        var bytes = new byte[length];
        for (var i = 0; i < length; i++) bytes[i] = i > 40 && random.Next(10) > 0 ? bytes[i - 40] : (byte)random.Next('a', 'z');
        var block = Block.Create(CidCodec.Raw, bytes);
        node.Store.Put(block);
        return block;
    }
}
