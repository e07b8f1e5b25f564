using System.Net;
using SwarmFS.Core;

namespace SwarmFS.Wire.Tests;

/// <summary>One message of each kind with fixed content: the golden frames are made of these.</summary>
internal static class Samples
{
    public static readonly Cid Raw = Cid.Of(CidCodec.Raw, "raw"u8);
    public static readonly Cid Node = Cid.Of(CidCodec.MessagePack, "node"u8);

    public static readonly PeerAddress V4 = new(IPAddress.Parse("192.0.2.7"), 7001);
    public static readonly PeerAddress V6 = new(IPAddress.Parse("2001:db8::7"), 65535);

    public static readonly Hello Hello =
        new([1, 2], Raw.Digest, 0x0123456789abcdef, [V4, V6], PeerServices.Index | PeerServices.Light, ["zstd"], "swarmfs/0.1");

    /// <summary>Name, and the frame's bytes.</summary>
    public static IEnumerable<(string Name, byte[] Frame)> Frames()
    {
        yield return ("hello", Frame(0, Hello));
        yield return ("hello-ok", Frame(0, new HelloOk(1)));
        yield return ("ping", Frame(0, new Ping(7)));
        yield return ("pong", Frame(0, new Pong(ulong.MaxValue)));
        yield return ("goodbye", Frame(0, new Goodbye(GoodbyeReason.Duplicate, "another connection stays")));
        yield return ("get-addresses", Frame(3, new GetAddresses(1000)));
        yield return ("addresses", Frame(3, new Addresses([V4, V6])));
        yield return ("get-records", Frame(4, new GetRecords(5_000_000_000, 64)));
        yield return ("records", Frame(4, new Records(2, ["one"u8.ToArray(), "two"u8.ToArray()])));
        yield return ("get-holdings", Frame(5, new GetHoldings(Node)));
        yield return ("holdings", Frame(5, new Holdings(Node, HoldingState.Partial, new uint[] { 1, 0x89abcdef })));
        yield return ("want", Frame(6, new Want(Node, FetchPriority.Demand, 15_000, new[] { Raw, Node })));
        yield return ("dont-have", Frame(6, new DontHave([0, 1, 511])));
        yield return ("cancel", Frame(6, new Cancel([])));
        yield return ("tree", Frame(uint.MaxValue, new TreeWant(Node, Node, TreeSelection.Everything, 1L << 32, FetchPriority.Metadata, 1)));
        yield return ("end", Frame(6, new End(EndStatus.Budget)));
        yield return ("block", BlockFrame(6, Raw, "raw"u8));
        yield return ("compressed", CompressedFrame(0, BlockFrame(6, Raw, "raw"u8).Length, Stored(BlockFrame(6, Raw, "raw"u8))));
    }

    public static byte[] Frame<T>(uint requestId, T message) where T : IWireMessage<T>
    {
        using var buffer = new FrameBuffer();
        WireMessage.WriteFrame(buffer, requestId, message);
        return buffer.Written.ToArray();
    }

    /// <summary>A zstd frame (RFC 8878, 3.1.1) of one segment with one block that is not packed: the bytes do not depend on a library.</summary>
    private static byte[] Stored(byte[] content) => [0x28, 0xb5, 0x2f, 0xfd, 0x20, (byte)content.Length, (byte)((content.Length << 3) | 1), (byte)(content.Length >> 5), 0, .. content];

    public static byte[] CompressedFrame(uint requestId, int contentLength, ReadOnlySpan<byte> data)
    {
        var frame = new byte[FrameHeader.Length + CompressedPrefix.Length + data.Length];
        new FrameHeader(FrameKind.Compressed, requestId, CompressedPrefix.Length + data.Length).WriteTo(frame);
        CompressedPrefix.Write(frame.AsSpan(FrameHeader.Length), contentLength);
        data.CopyTo(frame.AsSpan(FrameHeader.Length + CompressedPrefix.Length));
        return frame;
    }

    public static byte[] BlockFrame(uint requestId, in Cid cid, ReadOnlySpan<byte> data)
    {
        var frame = new byte[FrameHeader.Length + BlockPrefix.Length + data.Length];
        new FrameHeader(FrameKind.Block, requestId, BlockPrefix.Length + data.Length).WriteTo(frame);
        BlockPrefix.Write(frame.AsSpan(FrameHeader.Length), cid);
        data.CopyTo(frame.AsSpan(FrameHeader.Length + BlockPrefix.Length));
        return frame;
    }
}
