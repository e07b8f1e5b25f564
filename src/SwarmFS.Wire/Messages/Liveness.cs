using SwarmFS.Core;

namespace SwarmFS.Wire;

// PING := [u64 token]      PONG := [u64 token]

/// <summary>"Are you there?" Answered with the same token.</summary>
public readonly record struct Ping(ulong Token) : IWireMessage<Ping>
{
    public static FrameKind Kind => FrameKind.Ping;

    public void WriteBody(in MessagePackWriter writer)
    {
        writer.WriteArrayHeader(1);
        writer.WriteUInt64(Token);
    }

    public static Ping ReadBody(ref MessagePackReader reader)
    {
        reader.ReadArrayHeaderExactly(1);
        return new Ping(reader.ReadUInt64());
    }
}

/// <summary>The answer to <see cref="Ping"/>.</summary>
public readonly record struct Pong(ulong Token) : IWireMessage<Pong>
{
    public static FrameKind Kind => FrameKind.Pong;

    public void WriteBody(in MessagePackWriter writer)
    {
        writer.WriteArrayHeader(1);
        writer.WriteUInt64(Token);
    }

    public static Pong ReadBody(ref MessagePackReader reader)
    {
        reader.ReadArrayHeaderExactly(1);
        return new Pong(reader.ReadUInt64());
    }
}

/// <summary>Why a connection is ended on purpose.</summary>
public enum GoodbyeReason : byte
{
    ShuttingDown = 0,

    /// <summary>Another connection between the same two nodes stays.</summary>
    Duplicate = 1,

    /// <summary>No slot is free.</summary>
    Full = 2,

    /// <summary>The receiver broke the protocol; the text says how.</summary>
    Offence = 3,

    /// <summary>No protocol version in common.</summary>
    Version = 4,
}

// GOODBYE := [u8 reason, str text]

/// <summary>The last frame of a connection that is ended on purpose.</summary>
public sealed record Goodbye(GoodbyeReason Reason, string Text) : IWireMessage<Goodbye>
{
    public static FrameKind Kind => FrameKind.Goodbye;

    public void WriteBody(in MessagePackWriter writer)
    {
        writer.WriteArrayHeader(2);
        writer.WriteUInt64((byte)Reason);
        writer.WriteString(Text.Length <= WireLimits.TextLength / 3 ? Text : Text.AsSpan(0, WireLimits.TextLength / 3));
    }

    public static Goodbye ReadBody(ref MessagePackReader reader)
    {
        reader.ReadArrayHeaderExactly(2);
        return new Goodbye((GoodbyeReason)reader.ReadInt32(byte.MaxValue), reader.ReadString(WireLimits.TextLength));
    }
}
