using System.Buffers.Binary;

namespace SwarmFS.Wire;

// FRAME   := header body
// header  := u8 kind, u8 flags (0), u16 reserved (0), u32 request id, u32 body length      (big-endian, 12 bytes)
// body    := canonical MessagePack, or for BLOCK and COMPRESSED: prefix data               (see BlockPrefix, CompressedPrefix)

/// <summary>The fixed start of every frame.</summary>
/// <param name="RequestId">Chosen by who asks and repeated in every answer; 0 in frames that belong to no request.</param>
/// <param name="BodyLength">Bytes that follow the header.</param>
public readonly record struct FrameHeader(FrameKind Kind, uint RequestId, int BodyLength)
{
    /// <summary>Bytes of a header.</summary>
    public const int Length = 12;

    /// <param name="destination">At least <see cref="Length"/> bytes.</param>
    public void WriteTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)Kind << 24);
        BinaryPrimitives.WriteUInt32BigEndian(destination[4..], RequestId);
        BinaryPrimitives.WriteUInt32BigEndian(destination[8..], (uint)BodyLength);
    }

    /// <summary>Reads a header and checks the length against the bound of its kind, before anything is allocated for the body.</summary>
    /// <param name="source">At least <see cref="Length"/> bytes.</param>
    /// <param name="error">What is wrong with it, for the log and the peer's record.</param>
    public static bool TryRead(ReadOnlySpan<byte> source, out FrameHeader header, out string? error)
    {
        header = default;
        var kind = (FrameKind)source[0];
        var longest = WireLimits.LongestBody(kind);
        if (longest < 0) return Fail($"frame kind 0x{source[0]:x2} does not exist", out error);
        if (source[1] != 0 || source[2] != 0 || source[3] != 0) return Fail($"reserved bits are set in the header of a {kind} frame", out error);
        var length = BinaryPrimitives.ReadUInt32BigEndian(source[8..]);
        if (length > (uint)longest) return Fail($"a {kind} frame of {length} bytes; the bound is {longest}", out error);
        if (length < ShortestBody(kind)) return Fail($"a {kind} frame of {length} bytes lacks its prefix", out error);
        header = new FrameHeader(kind, BinaryPrimitives.ReadUInt32BigEndian(source[4..]), (int)length);
        error = null;
        return true;
    }

    private static uint ShortestBody(FrameKind kind) => kind switch
    {
        FrameKind.Block => BlockPrefix.Length,
        FrameKind.Compressed => CompressedPrefix.Length,
        _ => 0,
    };

    private static bool Fail(string reason, out string? error)
    {
        error = reason;
        return false;
    }
}
