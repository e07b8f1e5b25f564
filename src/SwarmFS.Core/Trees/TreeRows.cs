namespace SwarmFS.Core;

/// <summary>The growing arrays of a <see cref="TreeTable"/>.</summary>
internal sealed class TreeRows
{
    private readonly List<TreeRow> _rows = [];
    private readonly List<byte> _text = [];
    private readonly List<int> _nameStarts = [];
    private readonly List<int> _targetStarts = [];
    private readonly Dictionary<int, Xattr[]> _xattrs = [];

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
        var row = _rows.Count;
        _rows.Add(new TreeRow
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
        });
        _nameStarts.Add(_text.Count);
        _text.AddRange(entry.Name);
        _targetStarts.Add(_text.Count);
        _text.AddRange(entry.Target);
        if (entry.Xattrs.Length > 0) _xattrs[row] = entry.Xattrs;
        return row;
    }

    public ReadOnlySpan<byte> Name(int row) => Text[_nameStarts[row].._targetStarts[row]];

    private ReadOnlySpan<byte> Text => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_text);

    private Span<TreeRow> Rows => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_rows);

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
        var rows = _rows.ToArray();
        var childStarts = new int[rows.Length + 1];
        for (var row = 1; row < rows.Length; row++) childStarts[rows[row].Parent + 1]++;
        for (var row = 0; row < rows.Length; row++) childStarts[row + 1] += childStarts[row];
        var children = new int[rows.Length - 1];
        var next = childStarts[..^1];
        for (var row = 1; row < rows.Length; row++) children[next[rows[row].Parent]++] = row;
        return new TreeTable(root, rows, [.. _text], [.. _nameStarts, _text.Count], [.. _targetStarts], childStarts, children, _xattrs, directoryNodes);
    }
}
