using SwarmFS.Catalog;
using SwarmFS.Catalog.Tests;

namespace SwarmFS.Fuzz.Targets;

/// <summary>An entry of somebody's log, of any kind: what is accepted is written back with the same bytes.</summary>
internal sealed class CatalogRecordTarget : IFuzzTarget
{
    public string Name => "catalog-record";

    public IEnumerable<byte[]> Seeds() => RecordSamples.All.Select(sample => sample.Record.Encode());

    public void Run(ReadOnlySpan<byte> input)
    {
        if (CatalogRecord.TryRead(input, out _) is not { } record) return;
        if (!record.Encode().AsSpan().SequenceEqual(input)) throw new FuzzFindingException("two encodings of one record");
    }
}
