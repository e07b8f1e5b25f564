using System.Text;
using SwarmFS.Catalog;
using SwarmFS.Core;
using SwarmFS.Fuse;

namespace SwarmFS.Mount;

/// <summary>
/// What is below a name: its versions and <c>latest</c>, in any state of the catalogue. A version whose tree is known is the root of that tree. One that nobody has unpacked is a
/// directory with a number and attributes of its own, so that looking at it makes nothing; <see cref="UnresolvedNodes"/> makes its tree when somebody goes into it.
/// </summary>
internal sealed class VersionNodes(CatalogStates states, INodeSlots slots, PackageTrees trees, PackageNodes packages, Resolutions resolutions, Parking parking)
{
    private static ReadOnlySpan<byte> LatestName => "latest"u8;

    public FuseResult Lookup(ref FuseRequest request, NodeNumber directory, ReadOnlySpan<byte> name, ref FuseEntry entry)
    {
        if (name.Length > Limits.NameLength) return FuseResult.Error(Errno.ENAMETOOLONG);
        if (!states.TryGet(ref request, directory, out var state, out var otherwise)) return otherwise;
        if (!state.TryFindName(directory, out var index)) return FuseResult.Error(Errno.ENOENT);
        var package = state.Snapshot[index];
        entry = name.SequenceEqual(LatestName) ? Latest(state, index, package) : VirtualEntries.Absent(state.Timeout);
        for (var i = package.Releases.Count - 1; i >= 0; i--)
        {
            if (Ascii.Equals(name, package.Releases[i].Version) && state.TryShow(index, package, i, out var shown))
                return LookupRelease(ref request, state, shown, ref entry);
        }
        return FuseResult.Ok;
    }

    private FuseResult LookupRelease(ref FuseRequest request, CatalogState state, in ShownRelease shown, ref FuseEntry entry)
    {
        if (resolutions.IsShownUnresolved(shown))
        {
            entry = Unresolved(state, shown);
            return FuseResult.Ok;
        }
        var root = shown.Release.Root.GetValueOrDefault();
        if (!trees.TryGet(root, out var tree)) return parking.ForTree(ref request, root);
        entry = Resolved(state, shown, tree);
        return FuseResult.Ok;
    }

    /// <summary>The name is as finite as the state, because another root may come to stand for it; the attributes belong to the root and are not.</summary>
    private FuseEntry Resolved(CatalogState state, in ShownRelease shown, MountedPackage package)
    {
        package.ShownIn(shown.View, NodeNumber.Directory(package.Slot, shown.View, 0), shown.Directory);
        var entry = packages.Entry(package, shown.View, 0);
        entry.Timeout = state.Timeout;
        return entry;
    }

    /// <summary>One link, which says that nobody has counted the directories below. Nothing of it changes when the version is unpacked.</summary>
    private static FuseEntry Unresolved(CatalogState state, in ShownRelease shown)
    {
        var entry = VirtualEntries.Directory(shown.Number, 1, shown.Release.Published, TimeSpan.MaxValue);
        entry.Attributes.Mode |= UnresolvedNodes.OwnerMayWrite;
        entry.Timeout = state.Timeout;
        return entry;
    }

    private static FuseEntry Latest(CatalogState state, int index, PackageEntry package) =>
        Link(state.OfLatest(index, package), package.Latest, state.Timeout);

    /// <summary>A link with another target is another inode, so a target that the kernel has cached is never stale; only the name expires.</summary>
    private static FuseEntry Link(NodeNumber number, Release target, TimeSpan timeout)
    {
        var entry = VirtualEntries.Symlink(number, target.Version.Length, target.Published, TimeSpan.MaxValue);
        entry.Timeout = timeout;
        return entry;
    }

    public FuseResult List<T>(ref FuseRequest request, NodeNumber directory, ulong offset, ref T listing)
        where T : IListing, allows ref struct
    {
        if (!states.TryGet(ref request, directory, out var state, out var otherwise)) return otherwise;
        if (!state.TryFindName(directory, out var index)) return FuseResult.Error(Errno.ENOENT);
        var package = state.Snapshot[index];
        if (!ListingOffsets.TryAddDots(ref listing, ref offset, directory, state.Names)) return FuseResult.Ok;
        for (var i = offset - ListingOffsets.FirstEntry; i <= (ulong)package.Releases.Count; i++)
        {
            var next = i + 1 + ListingOffsets.FirstEntry;
            if (i == 0 ? !listing.TryAdd(LatestName, Latest(state, index, package), next) : !TryAdd(state, index, package, (int)i - 1, next, ref listing)) break;
        }
        return FuseResult.Ok;
    }

    private bool TryAdd<T>(CatalogState state, int index, PackageEntry package, int release, ulong next, ref T listing)
        where T : IListing, allows ref struct
    {
        if (!state.TryShow(index, package, release, out var shown)) return true;
        return listing.TryAdd(Encoding.ASCII.GetBytes(shown.Release.Version), Listed(state, shown), next);
    }

    private FuseEntry Listed(CatalogState state, in ShownRelease shown)
    {
        if (resolutions.IsShownUnresolved(shown)) return Unresolved(state, shown);
        var slot = slots.GetOrAdd(shown.Release.Root.GetValueOrDefault());
        return trees.TryPeek(slot, out var package)
            ? Resolved(state, shown, package)
            : VirtualEntries.Listed(NodeNumber.Directory(slot, shown.View, 0), FileModes.Directory);
    }

    public FuseResult ReadLatest(ref FuseRequest request, NodeNumber link, Span<byte> target)
    {
        if (!states.TryGet(ref request, link, out var state, out var otherwise)) return otherwise;
        if (!state.TryFindRelease(link, out _, out var package, out var release)) return FuseResult.Error(Errno.ESTALE);
        return FuseResult.Bytes(Encoding.ASCII.GetBytes(package.Releases[release].Version, target));
    }

    /// <summary>Attributes of a link or of an unresolved version.</summary>
    public FuseResult Get(ref FuseRequest request, NodeNumber number, ref FuseAttributes attributes)
    {
        if (!states.TryGet(ref request, number, out var state, out var otherwise)) return otherwise;
        if (!state.TryFindRelease(number, out var index, out var package, out var release)) return FuseResult.Error(Errno.ESTALE);
        if (number.Kind is NodeKind.Latest or NodeKind.PastLatest)
            attributes = Link(number, package.Releases[release], TimeSpan.MaxValue).Attributes;
        else if (state.TryShow(index, package, release, out var shown))
            attributes = Unresolved(state, shown).Attributes;
        return FuseResult.Ok;
    }
}
