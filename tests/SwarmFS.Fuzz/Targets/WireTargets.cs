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
