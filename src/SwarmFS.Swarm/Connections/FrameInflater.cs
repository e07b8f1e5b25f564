using SwarmFS.Core;
using SwarmFS.Wire;

namespace SwarmFS.Swarm;

/// <summary>Unpacks the COMPRESSED frames of one peer and cuts them into the BLOCK frames that they hold. Belongs to the connection's read loop.</summary>
internal sealed class FrameInflater : IDisposable
{
    private SharedBuffer? _content;
    private int _at;
    private int _end;

    /// <summary>There are frames that <see cref="Take"/> has not given yet.</summary>
    public bool HasFrames => _at < _end;

    /// <summary>Bytes of the frames that are still to be taken.</summary>
    public int ContentLength => _end - _at;

    /// <summary>Unpacks one body; the frames in it are to be taken before the next.</summary>
    /// <param name="body">At least a prefix.</param>
    /// <returns>What the peer did wrong, or null.</returns>
    public string? Unpack(ReadOnlySpan<byte> body)
    {
        if (!CompressedPrefix.TryRead(body, out var length, out var error)) return error;
        _content = new SharedBuffer(length);
        if (Zstd.Unpack(body[CompressedPrefix.Length..], _content.Array.AsSpan(0, length)) is { } fault)
        {
            Dispose();
            return $"a malformed Compressed frame: {fault}";
        }
        _end = length;
        return null;
    }

    /// <summary>The next frame of the content.</summary>
    public FrameRead Take()
    {
        var left = _content!.Array.AsSpan(_at, _end - _at);
        if (left.Length < FrameHeader.Length) return Fault("a Compressed frame that ends within a header");
        if (!FrameHeader.TryRead(left, out var header, out var error)) return Fault(error!);
        if (header.Kind != FrameKind.Block) return Fault($"a {header.Kind} frame in a Compressed frame");
        if (header.BodyLength > left.Length - FrameHeader.Length) return Fault("a Block frame that goes on behind the Compressed frame around it");
        var body = left.Slice(FrameHeader.Length, header.BodyLength);
        if (!BlockPrefix.TryRead(body, out var cid)) return Fault("a Block frame of an unknown codec");
        var taken = new Frame(header, cid, _content.Share(_at + FrameHeader.Length + BlockPrefix.Length, header.BodyLength - BlockPrefix.Length));
        _at += FrameHeader.Length + header.BodyLength;
        if (!HasFrames) Dispose();
        return new FrameRead(taken, null);
    }

    private static FrameRead Fault(string what) => new(null, what);

    /// <summary>Forgets the frames that were not taken.</summary>
    public void Dispose()
    {
        _content?.Release();
        (_content, _at, _end) = (null, 0, 0);
    }
}
