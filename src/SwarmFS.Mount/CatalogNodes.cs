using System.Text;
using SwarmFS.Catalog;
using SwarmFS.Core;
using SwarmFS.Fuse;

namespace SwarmFS.Mount;

/// <summary>
/// <c>pkgs/</c> and <c>pkgs/&lt;name&gt;/</c>: what the catalogue says, true for a second. Lists names and versions without touching a package; only looking a version up
/// brings in its tree.
/// </summary>
internal sealed class CatalogNodes(
    MountOptions options, ICatalog catalog, INodeSlots slots, PackageTrees trees, PackageNodes packages, NameNodes names, Resolutions resolutions, Parking parking)
{
    private static ReadOnlySpan<byte> LatestName => "latest"u8;

    private readonly ListedSnapshots _listed = new(catalog);

    public FuseEntry Packages()
    {
        var snapshot = catalog.Current;
        return VirtualEntries.Directory(NodeNumber.Packages, (uint)snapshot.Count + 2, snapshot.Changed, options.CatalogTimeout);
    }

    public FuseResult LookupName(ReadOnlySpan<byte> name, ref FuseEntry entry)
    {
        var snapshot = catalog.Current;
        var index = snapshot.IndexOf(name);
        entry = index < 0 ? VirtualEntries.Absent(options.CatalogTimeout) : Name(snapshot[index]);
        return FuseResult.Ok;
    }

    public bool TryGetName(NodeNumber number, ref FuseAttributes attributes)
    {
        if (!names.TryFind(number, catalog.Current, out var package)) return false;
        attributes = Name(package).Attributes;
        return true;
    }

    public FuseResult LookupVersion(ref FuseRequest request, NodeNumber directory, ReadOnlySpan<byte> name, ref FuseEntry entry)
    {
        if (!names.TryFind(directory, catalog.Current, out var package)) return FuseResult.Error(Errno.ENOENT);
        if (name.SequenceEqual(LatestName))
        {
            entry = Latest(package);
            return FuseResult.Ok;
        }
        foreach (var release in package.Releases)
        {
            if (Ascii.Equals(name, release.Version)) return LookupRelease(ref request, release, ref entry);
        }
        entry = VirtualEntries.Absent(options.CatalogTimeout);
        return FuseResult.Ok;
    }

    private FuseResult LookupRelease(ref FuseRequest request, Release release, ref FuseEntry entry)
    {
        if (!resolutions.TryGet(release, out var root)) return parking.ForResolution(ref request, release, resolutions);
        if (!trees.TryGet(root, out var tree)) return parking.ForTree(ref request, root);
        entry = Version(tree, release);
        return FuseResult.Ok;
    }

    /// <summary>The name is finite because another root may come to stand for it; the attributes belong to the root and are not.</summary>
    private FuseEntry Version(MountedPackage package, Release release)
    {
        var view = NodeNumber.ViewOf(release.Name, release.Version);
        package.ShownIn(view, NodeNumber.Of(NodeKind.Name, Encoding.UTF8.GetBytes(release.Name)));
        var entry = packages.Entry(package, view, 0);
        entry.Timeout = options.CatalogTimeout;
        return entry;
    }

    public void ListNames<T>(ulong offset, ref T listing)
        where T : IListing, allows ref struct
    {
        var snapshot = _listed.Resume(offset, out var within, out var generation);
        if (!ListingOffsets.TryAddDots(ref listing, ref within, NodeNumber.Packages, NodeNumber.Top)) return;
        for (var i = within - ListingOffsets.FirstEntry; i < (ulong)snapshot.Count; i++)
        {
            var name = snapshot[(int)i].NameBytes.Span;
            var entry = VirtualEntries.Listed(NodeNumber.Of(NodeKind.Name, name), FileModes.Directory);
            if (!listing.TryAdd(name, entry, generation + i + 1 + ListingOffsets.FirstEntry)) return;
        }
    }

    public FuseResult ListVersions<T>(NodeNumber directory, ulong offset, ref T listing)
        where T : IListing, allows ref struct
    {
        var snapshot = _listed.Resume(offset, out var within, out var generation);
        if (!names.TryFind(directory, snapshot, out var package)) return FuseResult.Error(Errno.ENOENT);
        if (!ListingOffsets.TryAddDots(ref listing, ref within, directory, NodeNumber.Packages)) return FuseResult.Ok;
        for (var i = within - ListingOffsets.FirstEntry; i <= (ulong)package.Releases.Count; i++)
        {
            var next = generation + i + 1 + ListingOffsets.FirstEntry;
            var added = i == 0
                ? listing.TryAdd(LatestName, Latest(package), next)
                : listing.TryAdd(Encoding.UTF8.GetBytes(package.Releases[(int)i - 1].Version), ListedVersion(package.Releases[(int)i - 1]), next);
            if (!added) break;
        }
        return FuseResult.Ok;
    }

    private FuseEntry ListedVersion(Release release)
    {
        if (!resolutions.TryGet(release, out var root))
            return VirtualEntries.Listed(NodeNumber.Of(NodeKind.Unresolved, release.Name, release.Version), FileModes.Directory);
        var slot = slots.GetOrAdd(root);
        return trees.TryPeek(slot, out var package)
            ? Version(package, release)
            : VirtualEntries.Listed(NodeNumber.Directory(slot, NodeNumber.ViewOf(release.Name, release.Version), 0), FileModes.Directory);
    }

    public FuseResult ReadLatest(NodeNumber link, Span<byte> target)
    {
        if (!names.TryGetTarget(link, out var text)) return FuseResult.Error(Errno.ESTALE);
        text.CopyTo(target);
        return FuseResult.Bytes(text.Length);
    }

    public bool TryGetLatest(NodeNumber link, ref FuseAttributes attributes)
    {
        if (!names.TryGetTarget(link, out var text)) return false;
        attributes = VirtualEntries.Symlink(link, text.Length, catalog.Current.Changed, TimeSpan.MaxValue).Attributes;
        return true;
    }

    private FuseEntry Name(PackageEntry package) =>
        VirtualEntries.Directory(names.OfName(package), (uint)package.Releases.Count + 2, package.Latest.Published, options.CatalogTimeout);

    /// <summary>A link with another target is another inode, so a target that the kernel has cached is never stale; only the name expires.</summary>
    private FuseEntry Latest(PackageEntry package)
    {
        var number = names.OfLatest(package, out var length);
        var entry = VirtualEntries.Symlink(number, length, package.Latest.Published, TimeSpan.MaxValue);
        entry.Timeout = options.CatalogTimeout;
        return entry;
    }
}
