using System.Text;
using SwarmFS.Catalog;
using SwarmFS.Core;

namespace SwarmFS.Mount.Host;

/// <summary>A catalogue that says what it is told to say.</summary>
public sealed class ListCatalog : ICatalog
{
    private readonly SortedDictionary<string, List<Release>> _releases = new(StringComparer.Ordinal);
    private volatile Snapshot _current = new([], DateTimeOffset.UnixEpoch);

    public ICatalogSnapshot Current => _current;

    public event Action<IReadOnlyList<string>>? Changed;

    /// <summary>What <see cref="ResolveAsync"/> answers for releases without a root.</summary>
    public Func<Release, CancellationToken, ValueTask<Cid>> Resolve { get; set; } =
        (release, _) => throw new ContentUnavailableException($"{release.Name} {release.Version}: nobody has unpacked it.");

    public void Publish(params IReadOnlyList<Release> releases)
    {
        lock (_releases)
        {
            foreach (var release in releases)
            {
                if (!_releases.TryGetValue(release.Name, out var versions)) _releases.Add(release.Name, versions = []);
                versions.RemoveAll(r => r.Version == release.Version);
                versions.Add(release);
            }
            var entries = _releases.Select(p => new PackageEntry(p.Key, [.. p.Value])).ToArray();
            _current = new Snapshot(entries, releases.Max(r => r.Published));
        }
        Changed?.Invoke([.. releases.Select(r => r.Name).Distinct()]);
    }

    public ValueTask<Cid> ResolveAsync(Release release, CancellationToken cancellationToken) =>
        release.Root is { } root ? ValueTask.FromResult(root) : Resolve(release, cancellationToken);

    private sealed class Snapshot(PackageEntry[] entries, DateTimeOffset changed) : ICatalogSnapshot
    {
        private readonly byte[][] _names = [.. entries.Select(e => Encoding.ASCII.GetBytes(e.Name))];

        public int Count => entries.Length;

        public PackageEntry this[int index] => entries[index];

        public DateTimeOffset Changed => changed;

        public int IndexOf(ReadOnlySpan<byte> name)
        {
            var (low, high) = (0, _names.Length - 1);
            while (low <= high)
            {
                var middle = (low + high) >>> 1;
                var order = _names[middle].AsSpan().SequenceCompareTo(name);
                if (order == 0) return middle;
                if (order < 0) low = middle + 1;
                else high = middle - 1;
            }
            return ~low;
        }
    }
}
