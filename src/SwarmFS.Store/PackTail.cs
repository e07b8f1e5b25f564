using System.Runtime.InteropServices;
using SwarmFS.Core;

namespace SwarmFS.Store;

/// <summary>
/// The records that were appended last, in memory: those at the end of the active pack that are not in its file yet, and before them some MiB that are. What has just come is read again at
/// once, by whoever it was fetched for, and a copy from here costs a third of a pread(2). One writer at a time, which is <see cref="PackWriter"/> under its lock; readers wait for no more than
/// the copying of one block.
/// </summary>
/// <remarks>
/// Not the collector's memory: arrays of this size would have it go through everything (10 ms) while a fresh node's first package comes. In large pages, where the kernel has some: the first
/// touch of 2,048 small ones takes 1 to 30 ms, by the machine.
/// </remarks>
internal sealed unsafe class PackTail : IDisposable
{
    /// <summary>One record of the largest block. At 1 MiB a write costs a fifth of the processor time of one for each block: the kernel takes large folios for it.</summary>
    public const int Capacity = PackFormat.RecordHeaderLength + Block.MaxLength;

    /// <summary>
    /// Segments of <see cref="Capacity"/> bytes, the current one included: as far as one who copies a tree is behind what is fetched ahead of him, as a rule. As many as four large pages hold.
    /// </summary>
    public const int Segments = 7;

    private readonly Lock _gate = new();
    private readonly Segment[] _segments = [.. Enumerable.Range(0, Segments).Select(i => new Segment(i * Capacity))];
    /// <summary>Null until it is used for the first time.</summary>
    private byte* _memory;
    private int _current;
    private int _unwritten;

    /// <summary>Bytes of one pack, without a gap.</summary>
    /// <param name="place">Where they lie in the memory.</param>
    private sealed class Segment(int place)
    {
        public Pack? Pack;

        /// <summary>The first byte's offset in the pack.</summary>
        public long Start;
        public int Length;

        public long End => Start + Length;

        public Span<byte> Slice(byte* memory, int from, int length) => new Span<byte>(memory + place, Capacity).Slice(from, length);
    }

    /// <summary>Bytes of records that wait to be written.</summary>
    public int Length => Volatile.Read(ref _unwritten);

    /// <summary>Whether a record can be appended before what waits was written.</summary>
    public bool HasRoomFor(int length) => _unwritten == 0 || _segments[_current].Length + length <= Capacity;

    /// <summary>The records that wait. For the writer, until <see cref="Written"/> or <see cref="Drop"/>.</summary>
    public ReadOnlySpan<byte> Bytes => _unwritten == 0 ? default : _segments[_current].Slice(_memory, _segments[_current].Length - _unwritten, _unwritten);

    /// <summary>Appends a record at the end of the pack, for which there is room. Before another pack's first what waits was written.</summary>
    public void Append(Pack pack, in Sha256Digest digest, CidCodec codec, ReadOnlySpan<byte> bytes)
    {
        var length = PackFormat.RecordHeaderLength + bytes.Length;
        lock (_gate)
        {
            var segment = _segments[_current];
            if (segment.Pack != pack || segment.End != pack.Length || segment.Length + length > Capacity) segment = Advance(pack);
            if (_unwritten == 0) pack.UnwrittenFrom = pack.Length;
            var record = segment.Slice(_memory, segment.Length, length);
            PackFormat.WriteRecordHeader(record, digest, codec, bytes.Length);
            bytes.CopyTo(record[PackFormat.RecordHeaderLength..]);
            segment.Length += length;
            Volatile.Write(ref _unwritten, _unwritten + length);
        }
    }

    /// <summary>The oldest segment becomes the current one.</summary>
    private Segment Advance(Pack pack)
    {
        _current = (_current + 1) % Segments;
        var segment = _segments[_current];
        if (_memory is null) _memory = Interop.AllocateLargePages(Segments * Capacity);
        (segment.Pack, segment.Start, segment.Length) = (pack, pack.Length, 0);
        return segment;
    }

    /// <param name="isUnwritten">Only bytes that are not in the file will do.</param>
    /// <returns>False when the bytes are not here: then they are in the file, or were when this was called.</returns>
    public bool TryRead(Pack pack, long offset, Span<byte> destination, bool isUnwritten)
    {
        if (isUnwritten && offset < pack.UnwrittenFrom) return false;
        lock (_gate)
        {
            for (var back = 0; back < Segments; back++)
            {
                var segment = _segments[(_current + Segments - back) % Segments];
                if (segment.Pack != pack || offset < segment.Start || offset + destination.Length > segment.End) continue;
                if (isUnwritten && offset < pack.UnwrittenFrom) return false;
                segment.Slice(_memory, (int)(offset - segment.Start), destination.Length).CopyTo(destination);
                return true;
            }
            return false;
        }
    }

    /// <summary>What waited is in the file.</summary>
    public void Written()
    {
        if (_segments[_current].Pack is not { } pack) return;
        pack.UnwrittenFrom = long.MaxValue;
        Volatile.Write(ref _unwritten, 0);
    }

    /// <summary>What waited is given up.</summary>
    public void Drop()
    {
        lock (_gate)
        {
            _segments[_current].Length -= _unwritten;
            Written();
        }
    }

    /// <summary>Frees the memory. What waits was written before, or is lost.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _unwritten = 0;
            foreach (var segment in _segments) (segment.Pack, segment.Length) = (null, 0);
            NativeMemory.AlignedFree(_memory);
            _memory = null;
        }
    }
}
