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
        var parts = request.Path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        IReadOnlyList<ListedEntry> entries = parts switch
        {
            [] => [Directory("pkgs", packages.Current.Changed), Directory("cid", DateTimeOffset.UnixEpoch)],
            ["pkgs"] => ListPackages(),
            ["pkgs", var name] => ListVersions(await packages.PackageAsync(name, cancellationToken)),
            ["pkgs", ..] or ["cid", _, ..] => await ListTreeAsync(parts, cancellationToken),
            _ => throw new RequestException(ControlErrors.NotFound, $"There is no path {request.Path}.", "Paths begin with pkgs/NAME/VERSION or cid/CID."),
        };
        return new ListReport(string.Join('/', parts), entries);
    }

    private List<ListedEntry> ListPackages()
    {
        var snapshot = packages.Current;
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

    private async Task<IReadOnlyList<ListedEntry>> ListTreeAsync(string[] parts, CancellationToken cancellationToken)
    {
        var (tree, row) = await paths.FindAsync(parts, followLast: false, cancellationToken);
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
