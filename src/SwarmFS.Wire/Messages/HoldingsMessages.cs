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

// HOLDINGS := [cid root, u8 state]

/// <summary>The answer, and (request id 0) every change afterwards.</summary>
public readonly record struct Holdings(Cid Root, HoldingState State) : IWireMessage<Holdings>
{
    public static FrameKind Kind => FrameKind.Holdings;

    public void WriteBody(in MessagePackWriter writer)
    {
        writer.WriteArrayHeader(2);
        writer.WriteCid(Root);
        writer.WriteUInt64((byte)State);
    }

    public static Holdings ReadBody(ref MessagePackReader reader)
    {
        reader.ReadArrayHeaderExactly(2);
        return new Holdings(reader.ReadCid(), (HoldingState)reader.ReadInt32((int)HoldingState.Complete));
    }
}
