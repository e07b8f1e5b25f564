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
    /// <param name="durable">Survives a power cut as well.</param>
    /// <exception cref="IOException">It could not be written; nothing was appended.</exception>
    void Append(ReadOnlySpan<byte> record, bool durable);
}

/// <summary>A journal without a disk.</summary>
public sealed class MemoryJournal : IJournal
{
    private readonly List<byte[]> _records = [];

    public IEnumerable<ReadOnlyMemory<byte>> ReadAll() => _records.Select(record => (ReadOnlyMemory<byte>)record);

    public void Append(ReadOnlySpan<byte> record, bool durable)
    {
        lock (_records) _records.Add(record.ToArray());
    }
}
