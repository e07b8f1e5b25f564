using System.Text;
using SwarmFS.Core;

namespace SwarmFS.Catalog;

/// <summary>
/// Puts tables together by the rule of CATALOG.md, "What a name means": groups in order, and the first that knows a name has it alone; within a group (the suites of one origin) the tables'
/// versions are one list, and of one version the first table has it.
/// </summary>
internal sealed class SnapshotBuilder
{
    private readonly List<PackageTable> _tables = [];
    private readonly List<int> _groups = [];
    private int _group;

    /// <summary>What is added from here on yields to what was added before.</summary>
    public void BeginGroup() => _group++;

    public void Add(PackageTable table)
    {
        _tables.Add(table);
        _groups.Add(_group);
    }

    public PackedSnapshot Finish(IReadOnlyDictionary<string, string> pinned, DateTimeOffset changed, Func<ArtifactDigest, Cid?> tree)
    {
        var all = Sorted();
        var rows = new List<RowReference>(all.Length);
        var starts = new List<int>();
        for (int first = 0, next; first < all.Length; first = next)
        {
            next = EndOfName(all, first);
            starts.Add(rows.Count);
            AddVersions(all.AsSpan(first..next), rows);
        }
        starts.Add(rows.Count);
        return new PackedSnapshot([.. _tables], [.. rows], [.. starts], pinned, changed, tree);
    }

    /// <summary>All rows by name, then in the order in which tables and their rows were added, so by group.</summary>
    private RowReference[] Sorted()
    {
        var all = new RowReference[_tables.Sum(table => table.Count)];
        var at = 0;
        for (var table = 0; table < _tables.Count; table++)
            for (var row = 0; row < _tables[table].Count; row++) all[at++] = new RowReference(table, row);
        all.AsSpan().Sort(Compare);
        return all;
    }

    private int Compare(RowReference left, RowReference right)
    {
        var order = Name(left).SequenceCompareTo(Name(right));
        if (order == 0) order = left.Table.CompareTo(right.Table);
        return order == 0 ? left.Row.CompareTo(right.Row) : order;
    }

    private int EndOfName(RowReference[] rows, int first)
    {
        var next = first + 1;
        while (next < rows.Length && Name(rows[next]).SequenceEqual(Name(rows[first]))) next++;
        return next;
    }

    private void AddVersions(ReadOnlySpan<RowReference> rows, List<RowReference> into)
    {
        var group = _groups[rows[0].Table];
        var count = 1;
        while (count < rows.Length && _groups[rows[count].Table] == group) count++;
        RowReference[] versions = [.. rows[..count]];
        if (count > 1) Array.Sort(versions, CompareVersions);
        for (var i = 0; i < count; i++)
            if (i == 0 || !Version(versions[i]).SequenceEqual(Version(versions[i - 1]))) into.Add(versions[i]);
    }

    private int CompareVersions(RowReference left, RowReference right)
    {
        var order = DebianVersion.Order.Compare(Text(left), Text(right));
        if (order == 0) order = Version(left).SequenceCompareTo(Version(right));
        if (order == 0) order = left.Table.CompareTo(right.Table);
        return order == 0 ? left.Row.CompareTo(right.Row) : order;
    }

    private string Text(RowReference row) => PackageNames.FromPathVersion(Encoding.ASCII.GetString(Version(row)));

    private ReadOnlySpan<byte> Name(RowReference row) => _tables[row.Table].Name(row.Row);

    private ReadOnlySpan<byte> Version(RowReference row) => _tables[row.Table].Version(row.Row);
}
