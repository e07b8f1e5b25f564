using System.Globalization;
using System.Text;
using SwarmFS.Catalog;
using SwarmFS.Control;
using SwarmFS.Core;

namespace SwarmFS.Daemon.Requests;

/// <summary><c>ls</c>: the tree as the mount shows it, without the mount.</summary>
internal sealed class ListRequests(PackageFinder packages, TreePaths paths)
{
    public async Task<ListReport> ListAsync(PathRequest request, CancellationToken cancellationToken)
    {
        var path = TreePath.Parse(request.Path);
        if (path.IsInTree) return new ListReport(request.Path.Trim('/'), await ListTreeAsync(path, cancellationToken));
        var seen = await packages.AtAsync(path.Moment, cancellationToken);
        var names = Directory("pkgs", seen.Snapshot.Changed);
        IReadOnlyList<ListedEntry> entries = (path.Moment, path.Names) switch
        {
            (null, []) => [Directory("at", seen.Snapshot.Changed), Directory("cid", DateTimeOffset.UnixEpoch), names],
            (null, ["at"]) => [.. seen.Moments.Select(day => Directory(day, EndOf(day)))],
            (null, ["cid"]) => [],
            (_, []) => [names],
            (_, ["pkgs"]) => ListPackages(seen.Snapshot),
            (_, ["pkgs", var name]) => ListVersions(await seen.PackageAsync(name, cancellationToken)),
            _ => throw new RequestException(ControlErrors.NotFound, $"There is no path {request.Path}.", TreePath.Forms),
        };
        return new ListReport(request.Path.Trim('/'), entries);
    }

    private static DateTimeOffset EndOf(string day) => DateTimeOffset.ParseExact(day, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal).AddDays(1).AddSeconds(-1);

    private static List<ListedEntry> ListPackages(ICatalogSnapshot snapshot)
    {
        var entries = new List<ListedEntry>(snapshot.Count);
        for (var i = 0; i < snapshot.Count; i++) entries.Add(Directory(Encoding.UTF8.GetString(snapshot.NameAt(i)), snapshot.Changed));
        return entries;
    }

    private static List<ListedEntry> ListVersions(PackageEntry package)
    {
        var entries = package.Releases.Select(release => Directory(release.Version, release.Published) with { Cid = release.Root?.ToString() }).ToList();
        var latest = package.Latest;
        entries.Add(new ListedEntry(PackageNames.Latest, "symlink", "777", 0, 0, latest.Version.Length, latest.Published.ToUnixTimeSeconds(), latest.Version));
        return entries;
    }

    private async Task<IReadOnlyList<ListedEntry>> ListTreeAsync(TreePath path, CancellationToken cancellationToken)
    {
        var (tree, row) = await paths.FindAsync(path, followLast: false, cancellationToken);
        return tree[row].Kind == EntryKind.Directory ? [.. tree.Children(row).ToArray().Select(child => Entry(tree, child))] : [Entry(tree, row)];
    }

    private static ListedEntry Directory(string name, DateTimeOffset changed) => new(name, "directory", "755", 0, 0, 0, changed.ToUnixTimeSeconds());

    private static ListedEntry Entry(TreeTable tree, int row)
    {
        ref readonly var entry = ref tree[row];
        var mode = Convert.ToString((entry.SpecialBits << 9) | entry.Permissions, 8).PadLeft(3, '0').ToString(CultureInfo.InvariantCulture);
        var kind = entry.Kind switch { EntryKind.Directory => "directory", EntryKind.Symlink => "symlink", _ => "file" };
        return new ListedEntry(
            PathText.FromBytes(tree.Name(row)), kind, mode, entry.Uid, entry.Gid, entry.Size, entry.MtimeSeconds,
            entry.Kind == EntryKind.Symlink ? PathText.FromBytes(tree.SymlinkTarget(row)) : null,
            entry.Content.IsNone ? null : entry.Content.ToString());
    }
}
