using System.Buffers;
using SwarmFS.Core;

namespace SwarmFS.Wire;

/// <summary>Frames one after the other in one rented array that grows. Disposing gives the array back; the buffer can be used again.</summary>
public sealed class FrameBuffer : IBufferWriter<byte>, IDisposable
{
    private const int FirstLength = 4 << 10;

    private byte[] _bytes = [];
    private int _length;

    public int Length => _length;

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _bytes.Length - _length);
        _length += count;
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _bytes.AsMemory(_length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _bytes.AsSpan(_length);
    }

    /// <summary>Leaves room for a header; returns where the frame starts, for <see cref="EndFrame"/>.</summary>
    internal int BeginFrame()
    {
        var start = _length;
        GetSpan(FrameHeader.Length);
        Advance(FrameHeader.Length);
        return start;
    }

    internal void EndFrame(int start, FrameKind kind, uint requestId) =>
        new FrameHeader(kind, requestId, _length - start - FrameHeader.Length).WriteTo(_bytes.AsSpan(start));

    private void Reserve(int count)
    {
        if (_bytes.Length - _length >= Math.Max(1, count)) return;
        var larger = BlockBuffers.Shared.Rent(Math.Max(FirstLength, Math.Max(_length + count, 2 * _length)));
        _bytes.AsSpan(0, _length).CopyTo(larger);
        if (_bytes.Length > 0) BlockBuffers.Shared.Return(_bytes);
        _bytes = larger;
    }

    public void Dispose()
    {
        if (_bytes.Length > 0) BlockBuffers.Shared.Return(_bytes);
        (_bytes, _length) = ([], 0);
    }
}
