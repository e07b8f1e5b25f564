namespace SwarmFS.Wire.Tests;

/// <summary>Reads a frame of any kind and writes it again.</summary>
internal static class Reencoder
{
    /// <returns>The frame written again, or null where it was refused.</returns>
    public static byte[]? TryReencode(ReadOnlySpan<byte> frame, out string? error)
    {
        error = "shorter than a header";
        if (frame.Length < FrameHeader.Length || !FrameHeader.TryRead(frame, out var header, out error)) return null;
        var body = frame[FrameHeader.Length..];
        error = "the length does not fit";
        if (header.BodyLength != body.Length) return null;
        return header.Kind switch
        {
            FrameKind.Hello => Again<Hello>(header, body, out error),
            FrameKind.HelloOk => Again<HelloOk>(header, body, out error),
            FrameKind.Ping => Again<Ping>(header, body, out error),
            FrameKind.Pong => Again<Pong>(header, body, out error),
            FrameKind.Goodbye => Again<Goodbye>(header, body, out error),
            FrameKind.GetAddresses => Again<GetAddresses>(header, body, out error),
            FrameKind.Addresses => Again<Addresses>(header, body, out error),
            FrameKind.GetRecords => Again<GetRecords>(header, body, out error),
            FrameKind.Records => Again<Records>(header, body, out error),
            FrameKind.GetHoldings => Again<GetHoldings>(header, body, out error),
            FrameKind.Holdings => Again<Holdings>(header, body, out error),
            FrameKind.Want => Again<Want>(header, body, out error),
            FrameKind.DontHave => Again<DontHave>(header, body, out error),
            FrameKind.Cancel => Again<Cancel>(header, body, out error),
            FrameKind.Tree => Again<TreeWant>(header, body, out error),
            FrameKind.End => Again<End>(header, body, out error),
            FrameKind.Block => BlockPrefix.TryRead(body, out var cid) ? Samples.BlockFrame(header.RequestId, cid, body[BlockPrefix.Length..]) : null,
            FrameKind.Compressed => CompressedPrefix.TryRead(body, out var length, out error) ? Samples.CompressedFrame(header.RequestId, length, body[CompressedPrefix.Length..]) : null,
            _ => throw new InvalidOperationException($"A header of kind {header.Kind} was accepted."),
        };
    }

    private static byte[]? Again<T>(FrameHeader header, ReadOnlySpan<byte> body, out string? error) where T : IWireMessage<T> =>
        WireMessage.TryRead<T>(body, out var message, out error) ? Samples.Frame(header.RequestId, message) : null;
}
