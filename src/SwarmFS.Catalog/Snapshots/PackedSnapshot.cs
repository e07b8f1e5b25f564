using System.Text;
using SwarmFS.Core;

namespace SwarmFS.Catalog;

/// <summary>A row of one of the tables that a snapshot is made of.</summary>
internal readonly record struct RowReference(int Table, int Row);

/// <summary>
/// All packages at one moment as references into packed tables, ascending by name and, within a name, by version. What the interface promises as objects is made when asked for: roots are
/// looked up then, so a tree that becomes known rebuilds nothing.
/// </summary>
internal sealed class PackedSnapshot : ICatalogSnapshot
{
    private readonly PackageTable[] _tables;
    private readonly RowReference[] _rows;

    /// <summary>Where the rows of each name begin, and one more.</summary>
    private readonly int[] _starts;
    private readonly IReadOnlyDictionary<string, string> _pinned;
    private readonly Func<ArtifactDigest, Cid?> _tree;

    /// <param name="pinned">The version that <c>latest</c> leads to, for the names that a user pinned.</param>
    /// <param name="tree">The root of an archive's tree where it is known.</param>
    public PackedSnapshot(
        PackageTable[] tables, RowReference[] rows, int[] starts, IReadOnlyDictionary<string, string> pinned, DateTimeOffset changed,
        Func<ArtifactDigest, Cid?> tree)
    {
        _tables = tables;
        _rows = rows;
        _starts = starts;
        _pinned = pinned;
        _tree = tree;
        Changed = changed;
    }

    public static PackedSnapshot Empty { get; } =
        new([], [], [0], new Dictionary<string, string>(), DateTimeOffset.UnixEpoch, _ => null);

    public int Count => _starts.Length - 1;

    public DateTimeOffset Changed { get; }

    public ReadOnlySpan<byte> NameAt(int index) => NameOf(_rows[_starts[index]]);

    public PackageEntry this[int index]
    {
        get
        {
            var name = Encoding.ASCII.GetString(NameAt(index));
            var rows = RowsAt(index);
            var releases = new Release[rows.Length];
            for (var i = 0; i < rows.Length; i++)
            {
                releases[i] = _tables[rows[i].Table].ToRelease(rows[i].Row, name, _tree);
            }
            var latest = _pinned.TryGetValue(name, out var version) ? Array.Find(releases, release => release.Version == version) : null;
            return new PackageEntry(name, releases, latest);
        }
    }

    public int IndexOf(ReadOnlySpan<byte> name)
    {
        var (low, high) = (0, Count - 1);
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var order = NameAt(middle).SequenceCompareTo(name);
            if (order == 0) return middle;
            if (order < 0) low = middle + 1;
            else high = middle - 1;
        }
        return ~low;
    }

    /// <summary>Versions of all names together.</summary>
    public int Releases => _rows.Length;

    /// <summary>Entries of a namespace's table, shown or not.</summary>
    public int ReleasesOf(string ofNamespace) => _tables.Where(table => table.Namespace == ofNamespace).Select(table => table.Count).FirstOrDefault();

    /// <summary>The first version that is made of this archive.</summary>
    public Release? Find(ArtifactDigest artifact) => First((table, row) => table.Holds(row, artifact));

    /// <summary>The first version that was published with this root.</summary>
    public Release? FindRoot(Cid root) => First((table, row) => table.Holds(row, root));

    private Release? First(Func<PackageTable, int, bool> isMeant)
    {
        foreach (var row in _rows)
        {
            var table = _tables[row.Table];
            if (isMeant(table, row.Row)) return table.ToRelease(row.Row, Encoding.ASCII.GetString(table.Name(row.Row)), _tree);
        }
        return null;
    }

    /// <summary>Names whose versions, or what those are, or what is latest, differ between two moments; ascending.</summary>
    public List<string> NamesThatDiffer(PackedSnapshot other)
    {
        var differing = new List<string>();
        for (int one = 0, two = 0; one < Count || two < other.Count;)
        {
            var order = one == Count ? 1 : two == other.Count ? -1 : NameAt(one).SequenceCompareTo(other.NameAt(two));
            if (order != 0 || !IsSame(one, other, two)) differing.Add(Encoding.ASCII.GetString(order <= 0 ? NameAt(one) : other.NameAt(two)));
            if (order <= 0) one++;
            if (order >= 0) two++;
        }
        return differing;
    }

    private bool IsSame(int index, PackedSnapshot other, int otherIndex)
    {
        var rows = RowsAt(index);
        var others = other.RowsAt(otherIndex);
        if (rows.Length != others.Length) return false;
        for (var i = 0; i < rows.Length; i++)
        {
            if (!_tables[rows[i].Table].IsSame(rows[i].Row, other._tables[others[i].Table], others[i].Row)) return false;
        }
        if (_pinned.Count == 0 && other._pinned.Count == 0) return true;
        var name = Encoding.ASCII.GetString(NameAt(index));
        return _pinned.GetValueOrDefault(name) == other._pinned.GetValueOrDefault(name);
    }

    private ReadOnlySpan<byte> NameOf(RowReference row) => _tables[row.Table].Name(row.Row);

    private ReadOnlySpan<RowReference> RowsAt(int index) => _rows.AsSpan(_starts[index].._starts[index + 1]);
}
