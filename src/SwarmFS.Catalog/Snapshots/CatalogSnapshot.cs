using System.Text;

namespace SwarmFS.Catalog;

/// <summary>All packages at one moment in one sorted array.</summary>
internal sealed class CatalogSnapshot(PackageEntry[] packages, DateTimeOffset changed) : ICatalogSnapshot
{
    public static CatalogSnapshot Empty { get; } = new([], DateTimeOffset.UnixEpoch);

    public int Count => packages.Length;

    public PackageEntry this[int index] => packages[index];

    public ReadOnlySpan<byte> NameAt(int index) => packages[index].NameBytes.Span;

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

    /// <summary>Sorts the releases into packages. Names are ASCII, so their order as strings is that of their bytes.</summary>
    public static CatalogSnapshot Of(IEnumerable<Release> releases, DateTimeOffset changed) => new(
        [.. releases
            .GroupBy(release => release.Name)
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => new PackageEntry(group.Key, [.. group.OrderBy(release => PackageNames.FromPathVersion(release.Version), DebianVersion.Order)]))],
        changed);
}
