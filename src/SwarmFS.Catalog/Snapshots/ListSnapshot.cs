namespace SwarmFS.Catalog;

/// <summary>A few packages in one sorted array: those that a light node looked up.</summary>
internal sealed class ListSnapshot(PackageEntry[] packages, DateTimeOffset changed) : ICatalogSnapshot
{
    public static ListSnapshot Empty { get; } = new([], DateTimeOffset.UnixEpoch);

    public int Count => packages.Length;

    public PackageEntry this[int index] => packages[index];

    public DateTimeOffset Changed => changed;

    public int IndexOf(ReadOnlySpan<byte> name)
    {
        var (low, high) = (0, packages.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var order = packages[middle].NameBytes.Span.SequenceCompareTo(name);
            if (order == 0) return middle;
            if (order < 0) low = middle + 1;
            else high = middle - 1;
        }
        return ~low;
    }
}
