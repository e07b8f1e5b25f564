using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using FsCheck;
using FsCheck.Fluent;
using SwarmFS.Core;

namespace SwarmFS.Wire.Tests;

public sealed class MessageTests
{
    [Fact]
    public void Any_mutated_frame_is_refused_or_means_what_it_says()
    {
        // What is accepted is written back with the same bytes; HELLO alone may drop what a newer node added.
        var samples = Samples.Frames().Select(sample => sample.Frame).ToArray();
        Prop.ForAll<int, int, byte>((which, at, value) =>
        {
            var frame = (byte[])samples[(which & int.MaxValue) % samples.Length].Clone();
            var place = (at & int.MaxValue) % frame.Length;
            frame[place] = value;
            var again = Reencoder.TryReencode(frame, out _);
            return again is null || (FrameKind)frame[0] == FrameKind.Hello || again.AsSpan().SequenceEqual(frame);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(20_000));
    }

    [Fact]
    public void Random_bytes_as_a_body_never_do_more_than_be_refused()
    {
        Prop.ForAll<byte[], byte>((body, kind) =>
        {
            var frame = new byte[FrameHeader.Length + body.Length];
            frame[0] = kind;
            new FrameHeader((FrameKind)kind, 9, body.Length).WriteTo(frame);
            body.CopyTo(frame, FrameHeader.Length);
            var again = Reencoder.TryReencode(frame, out _);
            return again is null || (FrameKind)kind == FrameKind.Hello || again.AsSpan().SequenceEqual(frame);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(20_000));
    }

    [Fact]
    public void A_want_is_read_as_it_was_written()
    {
        Prop.ForAll<byte[], byte, uint>((seeds, priority, milliseconds) =>
        {
            var blocks = seeds.Append((byte)1).Take(WireLimits.BlocksPerWant).Select(seed => Cid.Of(seed % 2 == 0 ? CidCodec.Raw : CidCodec.MessagePack, [seed])).ToArray();
            var want = new Want(Samples.Node, (FetchPriority)(priority % 4), milliseconds, blocks);
            var read = Read<Want>(Samples.Frame(1, want));
            return read.Root == want.Root && read.Priority == want.Priority && read.Milliseconds == milliseconds && read.Blocks.Span.SequenceEqual(blocks);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void What_a_newer_node_adds_to_its_hello_is_passed_over()
    {
        var body = new ArrayBufferWriter<byte>();
        Samples.Hello.WriteBody(new MessagePackWriter(body));
        var bytes = body.WrittenSpan.ToArray();
        bytes[0]++;
        byte[] extended = [.. bytes, 0x08, 0x93, 0x01, 0xa1, 0x78, 0xc0];

        WireMessage.TryRead<Hello>(extended, out var hello, out var error).ShouldBeTrue(error);
        hello.Nonce.ShouldBe(Samples.Hello.Nonce);
    }

    [Fact]
    public void A_hello_that_leaves_something_out_is_refused()
    {
        byte[] onlyVersions = [0x81, 0x01, 0x91, 0x01];

        WireMessage.TryRead<Hello>(onlyVersions, out _, out var error).ShouldBeFalse();
        error.ShouldNotBeNull().ShouldContain("Hello");
    }

    [Fact]
    public void Indices_ascend()
    {
        WireMessage.TryRead<DontHave>([0x92, 0x01, 0x01], out _, out var error).ShouldBeFalse();
        error.ShouldNotBeNull().ShouldContain("ascend");
        WireMessage.TryRead<Cancel>([0x92, 0x01, 0x02], out _, out _).ShouldBeTrue();
    }

    [Theory]
    [InlineData(HoldingState.Partial, 5, "middle")]
    [InlineData(HoldingState.Complete, 4, "partial")]
    [InlineData(HoldingState.None, 4, "partial")]
    [InlineData(HoldingState.Partial, 4 * (WireLimits.BlocksPerHoldings + 1), "bound")]
    public void A_list_of_blocks_is_whole_bounded_and_a_partial_holders(HoldingState state, int bytes, string why)
    {
        var body = new ArrayBufferWriter<byte>();
        var writer = new MessagePackWriter(body);
        writer.WriteArrayHeader(3);
        writer.WriteCid(Samples.Node);
        writer.WriteUInt64((byte)state);
        writer.WriteBinary(new byte[bytes]);

        WireMessage.TryRead<Holdings>(body.WrittenSpan, out _, out var error).ShouldBeFalse();
        error.ShouldNotBeNull().ShouldContain(why);
    }

    [Fact]
    public void A_short_id_is_how_the_digest_begins()
    {
        Span<byte> digest = stackalloc byte[Sha256Digest.Length];
        Samples.Raw.Digest.CopyTo(digest);

        Holdings.ShortIdOf(Samples.Raw).ShouldBe(BinaryPrimitives.ReadUInt32BigEndian(digest));
    }

    [Fact]
    public void Bytes_behind_a_message_are_refused() =>
        WireMessage.TryRead<Ping>([0x91, 0x01, 0x00], out _, out _).ShouldBeFalse();

    [Fact]
    public void A_v4_address_has_one_encoding()
    {
        var mapped = new PeerAddress(IPAddress.Parse("::ffff:192.0.2.7"), 7001);
        mapped.ShouldBe(Samples.V4);

        byte[] written = [0x91, 0x92, 0xc4, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 7, 0xcd, 0x1b, 0x59];
        WireMessage.TryRead<Addresses>(written, out _, out var error).ShouldBeFalse();
        error.ShouldNotBeNull().ShouldContain("4 bytes");
    }

    [Fact]
    public void A_want_has_at_most_512_blocks()
    {
        var blocks = Enumerable.Range(0, WireLimits.BlocksPerWant + 1).Select(i => Cid.Of(CidCodec.Raw, BitConverter.GetBytes(i))).ToArray();
        var body = new ArrayBufferWriter<byte>();
        new Want(Samples.Node, FetchPriority.Demand, 1, blocks).WriteBody(new MessagePackWriter(body));

        WireMessage.TryRead<Want>(body.WrittenSpan, out _, out _).ShouldBeFalse();
        Samples.Frame(1, new Want(Samples.Node, FetchPriority.Demand, 1, blocks.AsMemory(1))).Length
            .ShouldBeLessThanOrEqualTo(FrameHeader.Length + WireLimits.LongestBody(FrameKind.Want));
    }

    [Fact]
    public void The_fullest_message_of_each_kind_fits_its_bound()
    {
        var records = Enumerable.Repeat((ReadOnlyMemory<byte>)new byte[IAnnouncementLog.MaxRecordLength], WireLimits.RecordsPerMessage).ToArray();
        var addresses = Enumerable.Repeat(Samples.V6, WireLimits.AddressesPerMessage).ToArray();
        var indices = Enumerable.Range(0, WireLimits.BlocksPerWant).Select(i => (ushort)i).ToArray();
        byte[][] fullest =
        [
            Samples.Frame(1, new Records(long.MaxValue, records)),
            Samples.Frame(1, new Addresses(addresses)),
            Samples.Frame(1, new DontHave(indices)),
            Samples.Frame(1, new Cancel(indices)),
            Samples.Frame(1, new Holdings(Samples.Node, HoldingState.Partial, new uint[WireLimits.BlocksPerHoldings])),
            Samples.Frame(1, new TreeWant(Samples.Node, Samples.Node, TreeSelection.Everything, WireLimits.TreeBudget, FetchPriority.Background, uint.MaxValue)),
            Samples.Frame(1, new Goodbye(GoodbyeReason.Offence, new string('€', 1000))),
        ];

        foreach (var frame in fullest)
            FrameHeader.TryRead(frame, out _, out var error).ShouldBeTrue(error);
    }

    private static T Read<T>(byte[] frame) where T : IWireMessage<T>
    {
        WireMessage.TryRead<T>(frame.AsSpan(FrameHeader.Length), out var message, out var error).ShouldBeTrue(error);
        return message;
    }
}
