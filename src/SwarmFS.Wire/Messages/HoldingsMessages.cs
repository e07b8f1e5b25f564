using System.Buffers.Binary;
using SwarmFS.Core;

namespace SwarmFS.Wire;

/// <summary>How much of a root a peer has.</summary>
public enum HoldingState : byte
{
    None = 0,
    Partial = 1,
    Complete = 2,
}

// GET_HOLDINGS := [cid root]

/// <summary>Asks how much of a root the receiver has, and to be told when that changes.</summary>
public readonly record struct GetHoldings(Cid Root) : IWireMessage<GetHoldings>
{
    public static FrameKind Kind => FrameKind.GetHoldings;

    public void WriteBody(in MessagePackWriter writer)
    {
        writer.WriteArrayHeader(1);
        writer.WriteCid(Root);
    }

    public static GetHoldings ReadBody(ref MessagePackReader reader)
    {
        reader.ReadArrayHeaderExactly(1);
        return new GetHoldings(reader.ReadCid());
    }
}

// HOLDINGS := [cid root, u8 state, bin blocks (a multiple of 4 bytes, at most 65,536)]

/// <summary>The answer, and (request id 0) every change afterwards.</summary>
/// <param name="Blocks">
/// Of a partial holder: blocks that are there besides those that it has listed since it last sent none, by short id (<see cref="ShortIdOf"/>). Two blocks that begin alike count as one: who is asked
/// for the other says that it lacks it. Empty: it does not say, or no longer, which it has.
/// </param>
public readonly record struct Holdings(Cid Root, HoldingState State, ReadOnlyMemory<uint> Blocks) : IWireMessage<Holdings>
{
    private const int ShortIdLength = sizeof(uint);

    public static FrameKind Kind => FrameKind.Holdings;

    /// <summary>The first four bytes of a block's digest, big-endian.</summary>
    public static uint ShortIdOf(in Cid cid) => (uint)(cid.Digest.Prefix >> 32);

    public void WriteBody(in MessagePackWriter writer)
    {
        writer.WriteArrayHeader(3);
        writer.WriteCid(Root);
        writer.WriteUInt64((byte)State);
        var bytes = new byte[Blocks.Length * ShortIdLength];
        for (var i = 0; i < Blocks.Length; i++) BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(i * ShortIdLength), Blocks.Span[i]);
        writer.WriteBinary(bytes);
    }

    public static Holdings ReadBody(ref MessagePackReader reader)
    {
        reader.ReadArrayHeaderExactly(3);
        var root = reader.ReadCid();
        var state = (HoldingState)reader.ReadInt32((int)HoldingState.Complete);
        var bytes = reader.ReadBinary(WireLimits.BlocksPerHoldings * ShortIdLength);
        if (bytes.Length % ShortIdLength != 0) throw reader.Refuse("a list of blocks that ends in the middle of one");
        if (bytes.Length > 0 && state != HoldingState.Partial) throw reader.Refuse("only a partial holder lists what it has");
        var blocks = new uint[bytes.Length / ShortIdLength];
        for (var i = 0; i < blocks.Length; i++) blocks[i] = BinaryPrimitives.ReadUInt32BigEndian(bytes[(i * ShortIdLength)..]);
        return new Holdings(root, state, blocks);
    }
}
