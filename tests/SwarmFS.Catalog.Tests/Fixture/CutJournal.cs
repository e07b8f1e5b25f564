using SwarmFS.Core;

namespace SwarmFS.Catalog.Tests;

/// <summary>A journal in memory that can be copied as a crash would leave it, and that can fail.</summary>
internal sealed class CutJournal : IJournal
{
    private readonly List<byte[]> _records = [];

    public int Count => _records.Count;

    /// <summary>Appends that succeed before one fails; negative: all.</summary>
    public int FailAfter { get; set; } = -1;

    public IEnumerable<ReadOnlyMemory<byte>> ReadAll() => _records.Select(record => (ReadOnlyMemory<byte>)record);

    public void Append(ReadOnlySpan<byte> record, bool durable)
    {
        if (FailAfter == 0) throw new IOException("The disk is gone.");
        FailAfter--;
        _records.Add(record.ToArray());
    }

    /// <summary>The first records alone.</summary>
    public CutJournal Cut(int records)
    {
        var cut = new CutJournal();
        cut._records.AddRange(_records.Take(records));
        return cut;
    }
}
