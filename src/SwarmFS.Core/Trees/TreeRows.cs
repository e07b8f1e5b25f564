namespace SwarmFS.Core;

/// <summary>The growing arrays of a <see cref="TreeTable"/>.</summary>
/// <param name="declared">Rows that the tree says it has: an upper bound where it tells the truth.</param>
internal sealed class TreeRows(int declared)
{
    /// <summary>So much is believed before it is seen: 2 MB of rows.</summary>
    private const int BelievedRows = 1 << 14;

    /// <summary>Bytes of an entry's name and target, as packages have them on the average.</summary>
    private const int TextPerRow = 16;

    private readonly List<byte> _text = new(Math.Min(declared, BelievedRows) * TextPerRow);
    private readonly List<int> _nameStarts = new(Math.Min(declared, BelievedRows) + 1);
    private readonly List<int> _targetStarts = new(Math.Min(declared, BelievedRows));
    private readonly Dictionary<int, Xattr[]> _xattrs = [];
    private TreeRow[] _rows = new TreeRow[Math.Min(declared, BelievedRows)];
    private int _count;

    public void AddRoot(TreeNode tree)
    {
        var attributes = tree.Attributes;
        var root = new DirectoryEntry
        {
            Kind = EntryKind.Directory,
            Permissions = attributes.Permissions,
            SpecialBits = attributes.SpecialBits,
            Uid = attributes.Uid,
            Gid = attributes.Gid,
            MtimeSeconds = attributes.MtimeSeconds,
            MtimeNanoseconds = attributes.MtimeNanoseconds,
            Xattrs = [.. attributes.Xattrs],
            Size = tree.Bytes,
            Content = tree.Directory,
            Descendants = tree.Rows - 1,
        };
        Add(root, parent: 0);
    }

    public int Add(in DirectoryEntry entry, int parent)
    {
        var row = _count;
        if (row == _rows.Length) Array.Resize(ref _rows, Math.Min(Math.Max(row * 2, 1), Math.Max(declared, row + 1)));
        _rows[_count++] = new TreeRow
        {
            Content = entry.Content,
            Size = entry.Kind == EntryKind.Symlink ? entry.Target.Length : entry.Size,
            MtimeSeconds = entry.MtimeSeconds,
            MtimeNanoseconds = entry.MtimeNanoseconds,
            Kind = entry.Kind,
            Permissions = entry.Permissions,
            SpecialBits = entry.SpecialBits,
            Uid = entry.Uid,
            Gid = entry.Gid,
            Parent = parent,
            Descendants = entry.Descendants,
            Leader = row,
            LinkCount = entry.Kind == EntryKind.Directory ? 2 : 1,
        };
        _nameStarts.Add(_text.Count);
        _text.AddRange(entry.Name);
        _targetStarts.Add(_text.Count);
        _text.AddRange(entry.Target);
        if (entry.Xattrs.Length > 0) _xattrs[row] = entry.Xattrs;
        return row;
    }

    public ReadOnlySpan<byte> Name(int row) => Text[_nameStarts[row].._targetStarts[row]];

    private ReadOnlySpan<byte> Text => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_text);

    private Span<TreeRow> Rows => _rows.AsSpan(0, _count);

    private ReadOnlySpan<byte> Target(int row) => Text[_targetStarts[row]..(row + 1 < _nameStarts.Count ? _nameStarts[row + 1] : _text.Count)];

    /// <summary>Makes two entries links of one file; false when they differ in more than their names.</summary>
    public bool TryLink(int row, int leader)
    {
        ref var link = ref Rows[row];
        ref var first = ref Rows[leader];
        var isSame = link.Kind == first.Kind && link.Content == first.Content && link.Size == first.Size && link.MtimeSeconds == first.MtimeSeconds
            && link.MtimeNanoseconds == first.MtimeNanoseconds && link.Permissions == first.Permissions && link.SpecialBits == first.SpecialBits
            && link.Uid == first.Uid && link.Gid == first.Gid && Target(row).SequenceEqual(Target(leader)) && HaveSameXattrs(row, leader);
        if (!isSame) return false;
        link.Leader = leader;
        first.LinkCount++;
        return true;
    }

    private bool HaveSameXattrs(int row, int other)
    {
        var one = _xattrs.GetValueOrDefault(row, []);
        var two = _xattrs.GetValueOrDefault(other, []);
        if (one.Length != two.Length) return false;
        for (var i = 0; i < one.Length; i++)
        {
            if (!one[i].Name.Span.SequenceEqual(two[i].Name.Span) || !one[i].Value.Span.SequenceEqual(two[i].Value.Span)) return false;
        }
        return true;
    }

    /// <summary>Completes link counts, once all rows are there.</summary>
    /// <exception cref="InvalidTreeException">A link group has one entry only.</exception>
    public void LinkUp(int groups, Cid root)
    {
        var rows = Rows;
        var found = 0;
        for (var row = 1; row < rows.Length; row++)
        {
            if (rows[row].Leader == row && rows[row].LinkCount > 1 && rows[row].Kind != EntryKind.Directory) found++;
            rows[row].LinkCount = rows[rows[row].Leader].LinkCount;
        }
        if (found != groups) throw new InvalidTreeException($"The tree {root} is malformed: a hard-link group has one entry only.");
        for (var row = 1; row < rows.Length; row++)
        {
            if (rows[row].Kind == EntryKind.Directory) rows[rows[row].Parent].LinkCount++;
        }
    }

    public TreeTable ToTable(Cid root, IReadOnlyList<Cid> directoryNodes)
    {
        if (_rows.Length != _count) Array.Resize(ref _rows, _count);
        var rows = _rows;
        var childStarts = new int[rows.Length + 1];
        for (var row = 1; row < rows.Length; row++) childStarts[rows[row].Parent + 1]++;
        for (var row = 0; row < rows.Length; row++) childStarts[row + 1] += childStarts[row];
        var children = new int[rows.Length - 1];
        var next = childStarts[..^1];
        for (var row = 1; row < rows.Length; row++) children[next[rows[row].Parent]++] = row;
        return new TreeTable(root, rows, [.. _text], [.. _nameStarts, _text.Count], [.. _targetStarts], childStarts, children, _xattrs, directoryNodes);
    }
}
