using SwarmFS.Core;
using SwarmFS.Wire;

namespace SwarmFS.Swarm;

/// <summary>One frame as it came. Whoever has it gives the body back or hands it to a block.</summary>
/// <param name="Body">For BLOCK the block's bytes alone: its prefix is read into <paramref name="Cid"/>.</param>
internal readonly record struct Frame(FrameHeader Header, Cid Cid, RentedBytes Body);

/// <summary>A frame, a fault of the peer, or (neither) the end of the connection.</summary>
internal readonly record struct FrameRead(Frame? Frame, string? Fault);

/// <summary>Cuts a link's bytes into frames; those in a COMPRESSED come one by one like any other. A small body stays where it came; a large one is read straight into its own array.</summary>
internal sealed class FrameReader(IPeerLink link)
{
    /// <summary>Four TLS records: headers and small bodies cost no read of their own.</summary>
    private const int BufferLength = 64 << 10;

    /// <summary>The longest body that becomes a part of the buffer.</summary>
    private const int LongestShared = BufferLength / 2;

    private SharedBuffer _buffer = new(BufferLength);
    private int _at;
    private int _end;
    private bool _isAtBlocks;
    private long _bytesRead;
    private long _blockBytesRead;
    private long _bytesUnpacked;

    /// <summary>Unpacks COMPRESSED; while null the peer must not send any.</summary>
    public FrameInflater? Inflater { private get; set; }

    /// <summary>Bytes that the content of COMPRESSED frames had beyond those frames' own; a frame that is longer than its content, which only a strange peer sends, counts nothing.</summary>
    public long BytesUnpacked => Volatile.Read(ref _bytesUnpacked);

    /// <summary>Bytes taken off the link so far; safe from any thread.</summary>
    public long BytesRead => Volatile.Read(ref _bytesRead);

    /// <summary>Those of them that came while a frame with blocks was under way; safe from any thread.</summary>
    public long BlockBytesRead => Volatile.Read(ref _blockBytesRead);

    /// <param name="longestBody">A bound below those of the kinds, while the peer is a stranger.</param>
    public async ValueTask<FrameRead> ReadAsync(int longestBody, CancellationToken cancellationToken)
    {
        while (Inflater is not { HasFrames: true })
        {
            var read = await ReadFromLinkAsync(longestBody, cancellationToken);
            if (read.Frame is not { Header.Kind: FrameKind.Compressed } packed) return read;
            var fault = Unpack(packed);
            packed.Body.Return();
            if (fault is not null) return new FrameRead(null, fault);
        }
        return Inflater.Take();
    }

    private string? Unpack(in Frame packed)
    {
        if (Inflater is null) return "a Compressed frame, which was not offered";
        var fault = Inflater.Unpack(packed.Body.Span);
        if (fault is null) Volatile.Write(ref _bytesUnpacked, _bytesUnpacked + Math.Max(0, Inflater.ContentLength - FrameHeader.Length - packed.Body.Length));
        return fault;
    }

    private async ValueTask<FrameRead> ReadFromLinkAsync(int longestBody, CancellationToken cancellationToken)
    {
        _isAtBlocks = false;
        if (!await EnsureAsync(FrameHeader.Length, cancellationToken)) return default;
        if (!FrameHeader.TryRead(_buffer.Array.AsSpan(_at, _end - _at), out var header, out var error)) return new FrameRead(null, error);
        if (header.BodyLength > longestBody) return new FrameRead(null, $"a {header.Kind} frame of {header.BodyLength} bytes before the greeting was over");
        _at += FrameHeader.Length;
        _isAtBlocks = header.Kind is FrameKind.Block or FrameKind.Compressed;
        var length = header.BodyLength;
        Cid cid = default;
        if (header.Kind == FrameKind.Block)
        {
            if (!await EnsureAsync(BlockPrefix.Length, cancellationToken)) return default;
            if (!BlockPrefix.TryRead(_buffer.Array.AsSpan(_at, _end - _at), out cid)) return new FrameRead(null, "a Block frame of an unknown codec");
            _at += BlockPrefix.Length;
            length -= BlockPrefix.Length;
        }
        if (length <= LongestShared)
        {
            if (!await EnsureAsync(length, cancellationToken)) return default;
            _at += length;
            return new FrameRead(new Frame(header, cid, _buffer.Share(_at - length, length)), null);
        }
        var body = RentedBytes.Rent(length);
        if (await FillAsync(body.Array!, length, cancellationToken)) return new FrameRead(new Frame(header, cid, body), null);
        body.Return();
        return default;
    }

    private async ValueTask<bool> EnsureAsync(int count, CancellationToken cancellationToken)
    {
        while (_end - _at < count)
        {
            // When there is no room for it, or when the whole buffer is to be had for nothing.
            if (_at + count > BufferLength || (_at == _end && !_buffer.IsShared)) BeginAgain();
            var read = await link.ReadAsync(_buffer.Array.AsMemory(_end, BufferLength - _end), cancellationToken);
            if (read == 0) return false;
            Count(read);
            _end += read;
        }
        return true;
    }

    private void Count(int read)
    {
        Volatile.Write(ref _bytesRead, _bytesRead + read);
        if (_isAtBlocks) Volatile.Write(ref _blockBytesRead, _blockBytesRead + read);
    }

    /// <summary>What is not taken yet comes to the beginning: of this buffer, or of another while others have parts of it.</summary>
    private void BeginAgain()
    {
        var old = _buffer;
        var left = old.Array.AsSpan(_at, _end - _at);
        if (old.IsShared) _buffer = new SharedBuffer(BufferLength);
        left.CopyTo(_buffer.Array);
        if (_buffer != old) old.Release();
        (_at, _end) = (0, left.Length);
    }

    private async ValueTask<bool> FillAsync(byte[] body, int length, CancellationToken cancellationToken)
    {
        var filled = 0;
        while (filled < length)
        {
            if (_at == _end && length - filled < BufferLength / 4)
            {
                if (!await EnsureAsync(1, cancellationToken)) return false;
            }
            if (_at < _end)
            {
                var count = Math.Min(length - filled, _end - _at);
                _buffer.Array.AsSpan(_at, count).CopyTo(body.AsSpan(filled));
                (_at, filled) = (_at + count, filled + count);
                continue;
            }
            var read = await link.ReadAsync(body.AsMemory(filled, length - filled), cancellationToken);
            if (read == 0) return false;
            Count(read);
            filled += read;
        }
        return true;
    }
}
