using SwarmFS.Core;

namespace SwarmFS.Store;

/// <summary>
/// The records at the end of the active pack that are not in its file yet, readable meanwhile. One writer at a time, which is <see cref="PackWriter"/> under its lock; readers wait for
/// no more than the copying of one block.
/// </summary>
internal sealed class PackTail
{
    /// <summary>One record of the largest block. At 1 MiB a write costs a fifth of the processor time of one for each block: the kernel takes large folios for it.</summary>
    public const int Capacity = PackFormat.RecordHeaderLength + Block.MaxLength;

    private readonly Lock _gate = new();
    private readonly byte[] _bytes = new byte[Capacity];
    private Pack? _pack;
    private long _start;
    private int _length;

    /// <summary>Bytes of records that wait.</summary>
    public int Length => Volatile.Read(ref _length);

    public bool HasRoomFor(int length) => _length + length <= Capacity;

    /// <summary>The records that wait. For the writer, until <see cref="Clear"/>.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _length);

    /// <summary>Appends a record at the end of the pack, for which there is room.</summary>
    public void Append(Pack pack, in Sha256Digest digest, CidCodec codec, ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            if (_length == 0)
            {
                (_pack, _start) = (pack, pack.Length);
                pack.UnwrittenFrom = pack.Length;
            }
            var record = _bytes.AsSpan(_length);
            PackFormat.WriteRecordHeader(record, digest, codec, bytes.Length);
            bytes.CopyTo(record[PackFormat.RecordHeaderLength..]);
            _length += PackFormat.RecordHeaderLength + bytes.Length;
        }
    }

    /// <summary>False when the bytes are not here: then they are in the file, or were when this was called.</summary>
    public bool TryRead(Pack pack, long offset, Span<byte> destination)
    {
        if (offset < pack.UnwrittenFrom) return false;
        lock (_gate)
        {
            var at = offset - _start;
            if (!ReferenceEquals(_pack, pack) || at < 0 || at + destination.Length > _length) return false;
            _bytes.AsSpan((int)at, destination.Length).CopyTo(destination);
            return true;
        }
    }

    /// <summary>The records are in the file, or given up.</summary>
    public void Clear()
    {
        if (_pack is not { } pack) return;
        pack.UnwrittenFrom = long.MaxValue;
        lock (_gate) (_pack, _length) = (null, 0);
    }
}
