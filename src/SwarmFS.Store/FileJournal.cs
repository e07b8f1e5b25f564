using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;
using SwarmFS.Core;

namespace SwarmFS.Store;

/// <summary>
/// A journal in one append-only file: for each record <c>u32 length, u32 CRC-32C, bytes</c>, little-endian. A record is one write, so a killed process leaves at most a torn
/// last record, which opening cuts off. A failed write is cut off at once, so that nothing follows a torn record. After a power cut the end may be zeros: a length of 0 with the
/// CRC of nothing, which is why no record is empty. Where a sound record follows one that is not, it was no crash: then nothing is cut.
/// </summary>
public sealed class FileJournal : IJournal, IDisposable
{
    private const int HeaderLength = 8;
    private const int SearchWindow = 1 << 20;

    private readonly string _path;
    private readonly SafeFileHandle _file;
    private readonly Lock _gate = new();
    private readonly Lock _flushing = new();
    private long _end;
    private volatile bool _isUnsure;

    private FileJournal(string path)
    {
        _path = path;
        _file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
    }

    /// <summary>Opens or makes the file, readable by its owner alone, and cuts off what a crash tore.</summary>
    /// <exception cref="JournalDamagedException">Sound records follow one that is damaged; the file is as it was.</exception>
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
        var journal = new FileJournal(path);
        try
        {
            // What a flush that failed has lost is still in memory, and counts as written there.
            Interop.GiveUpPages(journal._file, length: 0);
            foreach (var record in journal.Scan()) journal._end += HeaderLength + record.Length;
            if (journal.HasRecordBehind(journal._end)) throw new JournalDamagedException(path, journal._end);
            RandomAccess.SetLength(journal._file, journal._end);
            return journal;
        }
        catch
        {
            journal.Dispose();
            throw;
        }
    }

    /// <summary>Whether a sound record begins anywhere behind a place where none does.</summary>
    private bool HasRecordBehind(long place)
    {
        var length = RandomAccess.GetLength(_file);
        if (place == length) return false;
        var window = new byte[SearchWindow + HeaderLength + IJournal.MaxRecordLength];
        for (var start = place + 1; start < length; start += SearchWindow)
        {
            var bytes = window.AsSpan(0, RandomAccess.Read(_file, window, start));
            for (var at = 0; at < Math.Min(SearchWindow, bytes.Length); at++)
            {
                if (IsRecord(bytes[at..])) return true;
            }
        }
        return false;
    }

    private static bool IsRecord(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length <= HeaderLength) return false;
        var length = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        return length is >= 1 and <= IJournal.MaxRecordLength && length <= bytes.Length - HeaderLength
            && BinaryPrimitives.ReadUInt32LittleEndian(bytes[sizeof(uint)..]) == Checksum(bytes.Slice(HeaderLength, (int)length));
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
            if (_isUnsure) throw Unsure();
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
        if (durable) Flush();
    }

    /// <summary>One at a time: of two that lost something the kernel tells one.</summary>
    private void Flush()
    {
        lock (_flushing)
        {
            if (_isUnsure) throw Unsure();
            try
            {
                Durable.Flush(_file, _path);
            }
            catch (IOException)
            {
                _isUnsure = true;
                throw;
            }
        }
    }

    private IOException Unsure() =>
        new($"The journal '{_path}' could not be flushed to disk before, and takes nothing more until it is opened again: what it has on disk is not certain. Check the disk, then start the node anew.");

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

/// <summary>A journal is damaged in the middle, and was left as it is. The message says where and what to do.</summary>
public sealed class JournalDamagedException(string path, long offset) : IOException(
    $"The journal '{path}' is damaged at byte {offset}, and sound records follow. Restore it from a copy; to go on without what follows, cut it with truncate -s {offset}.")
{
    public long Offset => offset;
}
