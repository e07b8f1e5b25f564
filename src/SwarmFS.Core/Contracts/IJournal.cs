namespace SwarmFS.Core;

/// <summary>
/// A list of records that outlives the process: what was appended is read back in order, a record torn by a crash is not. One writer; safe from any thread.
/// </summary>
public interface IJournal
{
    /// <summary>The longest record in bytes.</summary>
    const int MaxRecordLength = 64 << 10;

    /// <summary>All records, oldest first. Called once, before the first <see cref="Append"/>.</summary>
    IEnumerable<ReadOnlyMemory<byte>> ReadAll();

    /// <summary>Survives the process's death when it returns.</summary>
    /// <param name="record">1 to <see cref="MaxRecordLength"/> bytes: an empty one could not be told from the zeros that a power cut leaves at a file's end.</param>
    /// <param name="durable">Survives a power cut as well.</param>
    /// <exception cref="ArgumentException">The record is empty or too long.</exception>
    /// <exception cref="IOException">
    /// It could not be written: nothing was appended. Or it could not be made durable: then it is not certain what of the journal is on disk, and nothing is appended any more until it is
    /// opened again.
    /// </exception>
    void Append(ReadOnlySpan<byte> record, bool durable);

    /// <summary>For implementations: the length is checked before anything is written.</summary>
    /// <exception cref="ArgumentException">The record is empty or too long.</exception>
    static void ThrowUnlessRecord(ReadOnlySpan<byte> record)
    {
        if (record.Length is < 1 or > MaxRecordLength)
            throw new ArgumentException($"A journal record has 1 to {MaxRecordLength} bytes, not {record.Length}.", nameof(record));
    }
}

/// <summary>A journal without a disk.</summary>
public sealed class MemoryJournal : IJournal
{
    private readonly List<byte[]> _records = [];

    public IEnumerable<ReadOnlyMemory<byte>> ReadAll() => _records.Select(record => (ReadOnlyMemory<byte>)record);

    public void Append(ReadOnlySpan<byte> record, bool durable)
    {
        IJournal.ThrowUnlessRecord(record);
        lock (_records) _records.Add(record.ToArray());
    }
}
