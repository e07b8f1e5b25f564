using SwarmFS.Catalog;

namespace SwarmFS.Mount.Host;

/// <summary>Packages in an array, ascending by name.</summary>
public sealed class ListSnapshot(PackageEntry[] entries, DateTimeOffset changed) : ICatalogSnapshot
{
    public int Count => entries.Length;

    public PackageEntry this[int index] => entries[index];

    public ReadOnlySpan<byte> NameAt(int index) => entries[index].NameBytes.Span;

    public DateTimeOffset Changed => changed;

    public int IndexOf(ReadOnlySpan<byte> name)
    {
        var (low, high) = (0, entries.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var order = entries[middle].NameBytes.Span.SequenceCompareTo(name);
            if (order == 0) return middle;
            if (order < 0) low = middle + 1;
            else high = middle - 1;
        }
        return ~low;
    }
}
