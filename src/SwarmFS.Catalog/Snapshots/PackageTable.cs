using System.Text;
using SwarmFS.Core;

namespace SwarmFS.Catalog;

/// <summary>
/// Names, versions and what they lead to, of one namespace, packed: text as UTF-8 in one array with offsets, fixed values in arrays of their own. 63,440 rows take about 11 MB and five heap
/// objects. Immutable once made; safe from any thread.
/// </summary>
internal sealed class PackageTable
{
    private readonly byte[] _text;
    private readonly Row[] _rows;

    private PackageTable(string ofNamespace, string importer, DateTimeOffset published, byte[] text, Row[] rows)
    {
        Namespace = ofNamespace;
        Importer = importer;
        Published = published;
        _text = text;
        _rows = rows;
    }

    /// <summary>Whence it comes: of a suite the namespace, of a publisher <c>pub/…</c>.</summary>
    public string Namespace { get; }

    /// <summary>Who says so: a public key.</summary>
    public string Importer { get; }

    /// <summary>Of a suite the upstream's date; rows may have one of their own.</summary>
    public DateTimeOffset Published { get; }

    public int Count => _rows.Length;

    public ReadOnlySpan<byte> Name(int row) => _text.AsSpan(_rows[row].Start, _rows[row].NameLength);

    public ReadOnlySpan<byte> Version(int row) => _text.AsSpan(_rows[row].Start + _rows[row].NameLength, _rows[row].VersionLength);

    private string Filename(in Row row) => Encoding.UTF8.GetString(_text.AsSpan(row.Start + row.NameLength + row.VersionLength, row.FilenameLength));

    public bool Holds(int row, ArtifactDigest artifact) => _rows[row].Size == artifact.Size && _rows[row].Artifact == artifact.Sha256;

    public bool Holds(int row, in Cid root) => _rows[row].Root == root;

    /// <summary>Do both rows say the same, when it was published aside?</summary>
    public bool IsSame(int row, PackageTable other, int otherRow)
    {
        ref readonly var one = ref _rows[row];
        ref readonly var two = ref other._rows[otherRow];
        return one.Artifact == two.Artifact && one.Size == two.Size && one.Root == two.Root && Version(row).SequenceEqual(other.Version(otherRow));
    }

    public Release ToRelease(int row, string name, Func<ArtifactDigest, Cid?> tree)
    {
        ref readonly var at = ref _rows[row];
        var artifact = at.Size < 0 ? null : new ArtifactDigest(at.Artifact, at.Size);
        Cid? root = !at.Root.IsNone ? at.Root : artifact is null ? null : tree(artifact);
        return new Release(name, Encoding.ASCII.GetString(Version(row)), root, Importer, at.Published == 0 ? Published : DateTimeOffset.FromUnixTimeSeconds(at.Published))
        {
            Artifact = artifact,
            Namespace = Namespace,
            Filename = at.FilenameLength == 0 ? null : Filename(at),
        };
    }

    /// <param name="Size">Of the artifact; -1: there is none.</param>
    /// <param name="Root">None where a tree record has to tell.</param>
    /// <param name="Published">Seconds since 1970; 0: as the table.</param>
    private readonly record struct Row(int Start, byte NameLength, byte VersionLength, ushort FilenameLength, long Size, long Published, Sha256Digest Artifact, Cid Root);

    /// <summary>Collects rows in any order. Used for one table.</summary>
    public sealed class Builder(string ofNamespace, string importer, DateTimeOffset published)
    {
        private readonly List<Row> _rows = [];
        private byte[] _text = [];
        private int _length;

        public int Count => _rows.Count;

        /// <param name="name">At most 255 bytes, as is the version; both are ASCII.</param>
        /// <param name="root">Where a tree record has to tell: none.</param>
        /// <param name="time">Null: the table's.</param>
        public void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> version, ArtifactDigest? artifact, ReadOnlySpan<byte> filename, Cid root = default, DateTimeOffset? time = null)
        {
            var start = _length;
            Append(name);
            Append(version);
            Append(filename);
            _rows.Add(new Row(
                start, checked((byte)name.Length), checked((byte)version.Length), checked((ushort)filename.Length),
                artifact?.Size ?? -1, time?.ToUnixTimeSeconds() ?? 0, artifact?.Sha256 ?? default, root));
        }

        public void Add(Release release) =>
            Add(
                Encoding.ASCII.GetBytes(release.Name), Encoding.ASCII.GetBytes(release.Version), release.Artifact, Encoding.UTF8.GetBytes(release.Filename ?? ""),
                release.Artifact is null ? release.Root.GetValueOrDefault() : default, release.Published);

        public PackageTable Finish() => new(ofNamespace, importer, published, _text.AsSpan(0, _length).ToArray(), [.. _rows]);

        private void Append(ReadOnlySpan<byte> part)
        {
            if (_text.Length - _length < part.Length) Array.Resize(ref _text, Math.Max(_length + part.Length, 2 * _text.Length));
            part.CopyTo(_text.AsSpan(_length));
            _length += part.Length;
        }
    }
}
