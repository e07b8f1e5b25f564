using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;
using SwarmFS.Core;

namespace SwarmFS.Store;

/// <summary>
/// A journal in one append-only file: for each record <c>u32 length, u32 CRC-32C, bytes</c>, little-endian. A record is one write, so a killed process leaves at most a torn
/// last record, which opening cuts off. A failed write is cut off at once, so that nothing follows a torn record. After a power cut the end may be zeros: a length of 0 with the
/// CRC of nothing, which is why no record is empty.
/// </summary>
public sealed class FileJournal : IJournal, IDisposable
{
    private const int HeaderLength = 8;

    private readonly SafeFileHandle _file;
    private readonly Lock _gate = new();
    private long _end;

    private FileJournal(SafeFileHandle file)
    {
        _file = file;
        _end = 0;
    }

    /// <summary>Opens or makes the file, readable by its owner alone, and cuts off what a crash tore.</summary>
    /// <exception cref="IOException">It cannot be opened, or another process has it open.</exception>
    public static FileJournal Open(string path)
    {
        using (var created = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.ReadWrite,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        }))
        {
            created.Flush();
        }
        var journal = new FileJournal(File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None));
        foreach (var record in journal.Scan()) journal._end += HeaderLength + record.Length;
        RandomAccess.SetLength(journal._file, journal._end);
        return journal;
    }

    public IEnumerable<ReadOnlyMemory<byte>> ReadAll() => Scan();

    private IEnumerable<ReadOnlyMemory<byte>> Scan()
    {
        var header = new byte[HeaderLength];
        for (long at = 0; ;)
        {
            if (RandomAccess.Read(_file, header, at) < HeaderLength) yield break;
            var length = BinaryPrimitives.ReadUInt32LittleEndian(header);
            if (length is < 1 or > IJournal.MaxRecordLength) yield break;
            var record = new byte[length];
            if (RandomAccess.Read(_file, record, at + HeaderLength) < record.Length) yield break;
            if (BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(4)) != Checksum(record)) yield break;
            yield return record;
            at += HeaderLength + record.Length;
        }
    }

    public void Append(ReadOnlySpan<byte> record, bool durable)
    {
        IJournal.ThrowUnlessRecord(record);
        var framed = new byte[HeaderLength + record.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(framed, (uint)record.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(framed.AsSpan(4), Checksum(record));
        record.CopyTo(framed.AsSpan(HeaderLength));
        lock (_gate)
        {
            try
            {
                RandomAccess.Write(_file, framed, _end);
            }
            catch (IOException)
            {
                RandomAccess.SetLength(_file, _end);
                throw;
            }
            _end += framed.Length;
        }
        if (durable) RandomAccess.FlushToDisk(_file);
    }

    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        // CRC-32C (Castagnoli, RFC 3720 appendix B.4), by the processor's instruction where there is one.
        var crc = uint.MaxValue;
        while (bytes.Length >= 8)
        {
            crc = System.Numerics.BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[8..];
        }
        foreach (var value in bytes) crc = System.Numerics.BitOperations.Crc32C(crc, value);
        return ~crc;
    }

    public void Dispose() => _file.Dispose();
}
