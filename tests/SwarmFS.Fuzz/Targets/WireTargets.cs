using SwarmFS.Core;
using SwarmFS.Swarm;
using SwarmFS.Wire;
using SwarmFS.Wire.Tests;

namespace SwarmFS.Fuzz.Targets;

/// <summary>A whole frame of any kind: what is accepted is written back with the same bytes. HELLO alone may drop what a newer node added.</summary>
internal sealed class WireFrameTarget : IFuzzTarget
{
    public string Name => "wire-frame";

    public IEnumerable<byte[]> Seeds() => Samples.Frames().Select(sample => sample.Frame);

    public void Run(ReadOnlySpan<byte> input)
    {
        if (Reencoder.TryReencode(input, out _) is not { } again || (FrameKind)input[0] == FrameKind.Hello) return;
        if (!again.AsSpan().SequenceEqual(input)) throw new FuzzFindingException($"two encodings of one {(FrameKind)input[0]} frame");
    }
}

/// <summary>Each body alone, with the header made to fit, so that mutations get past it.</summary>
internal sealed class WireBodyTarget : IFuzzTarget
{
    public string Name => "wire-body";

    public IEnumerable<byte[]> Seeds() => Samples.Frames().Select(sample => (byte[])[sample.Frame[0], .. sample.Frame.AsSpan(FrameHeader.Length)]);

    public void Run(ReadOnlySpan<byte> input)
    {
        if (input.Length == 0) return;
        var frame = new byte[FrameHeader.Length + input.Length - 1];
        new FrameHeader((FrameKind)input[0], 1, input.Length - 1).WriteTo(frame);
        input[1..].CopyTo(frame.AsSpan(FrameHeader.Length));
        if (Reencoder.TryReencode(frame, out _) is not { } again || (FrameKind)input[0] == FrameKind.Hello) return;
        if (!again.AsSpan().SequenceEqual(frame)) throw new FuzzFindingException($"two encodings of one {(FrameKind)input[0]} body");
    }
}

/// <summary>The body of a COMPRESSED: its frames are whole blocks that together are as long as it announced, or it is refused. The first byte says whether what follows is packed first.</summary>
internal sealed class WireCompressedTarget : IFuzzTarget
{
    public string Name => "wire-compressed";

    public IEnumerable<byte[]> Seeds()
    {
        var frames = Samples.Frames().Select(sample => sample.Frame).ToArray();
        return [.. frames.Select(frame => (byte[])[0, .. frame.AsSpan(FrameHeader.Length)]), .. frames.Select(frame => (byte[])[1, .. frame, .. frames[^2]])];
    }

    public void Run(ReadOnlySpan<byte> input)
    {
        if (input.Length < 1 + CompressedPrefix.Length) return;
        var body = input[0] == 0 ? input[1..] : Packed(input[1..]);
        using var inflater = new FrameInflater();
        if (inflater.Unpack(body) is not null) return;
        var expected = inflater.ContentLength;
        var taken = 0;
        while (inflater.HasFrames && inflater.Take().Frame is { } frame)
        {
            taken += FrameHeader.Length + BlockPrefix.Length + frame.Body.Length;
            frame.Body.Return();
            if (frame.Header.Kind != FrameKind.Block) throw new FuzzFindingException($"a {frame.Header.Kind} frame came out");
        }
        if (taken > expected || (taken < expected && !inflater.HasFrames)) throw new FuzzFindingException($"{taken} of {expected} bytes came out");
    }

    private static byte[] Packed(ReadOnlySpan<byte> content)
    {
        var body = new byte[CompressedPrefix.Length + content.Length + 100];
        CompressedPrefix.Write(body, content.Length);
        if (!Zstd.TryPack(content, body.AsSpan(CompressedPrefix.Length), 1, out var length)) throw new FuzzFindingException("no room to pack");
        return body[..(CompressedPrefix.Length + length)];
    }
}
