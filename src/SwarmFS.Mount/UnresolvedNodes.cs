using System.Diagnostics.CodeAnalysis;
using System.Text;
using SwarmFS.Core;
using SwarmFS.Fuse;

namespace SwarmFS.Mount;

/// <summary>
/// The inside of a version that nobody had unpacked when the kernel learnt of it. What is asked of its children has the tree found or made, once for all who ask; its children then
/// have the numbers of the tree, and it keeps its own.
/// <code>
/// Listed -> [lookup or listing inside] -> Asked -> [root found or made] -> Entered
///                                         Asked -> [failed, or all who wait are gone] -> Listed
/// </code>
/// </summary>
internal sealed class UnresolvedNodes(CatalogStates states, PackageTrees trees, PackageNodes packages, Resolutions resolutions, Parking parking)
{
    /// <summary>Directories of packages are 0755.</summary>
    public const uint OwnerMayWrite = 0x80;

    public FuseResult Lookup(ref FuseRequest request, NodeNumber version, ReadOnlySpan<byte> name, ref FuseEntry entry) =>
        TryEnter(ref request, version, out var package, out var root, out var otherwise) ? packages.Lookup(package, root, name, ref entry) : otherwise;

    /// <summary>Has the tree brought in or made when it is not at hand.</summary>
    /// <param name="root">The number of the tree's root as it is shown here, of which the kernel never hears.</param>
    public bool TryEnter(ref FuseRequest request, NodeNumber version, [NotNullWhen(true)] out MountedPackage? package, out NodeNumber root, out FuseResult otherwise)
    {
        (package, root) = (null, default);
        if (!TryFind(ref request, version, out var shown, out otherwise)) return false;
        if (!TryGetRoot(shown, out var cid))
        {
            otherwise = parking.ForResolution(ref request, version, shown.Release, resolutions);
            return false;
        }
        if (!trees.TryGet(cid, out package))
        {
            otherwise = parking.ForTree(ref request, cid);
            return false;
        }
        resolutions.Add(version, cid);
        root = NodeNumber.Directory(package.Slot, shown.View, 0);
        package.ShownIn(shown.View, version, shown.Directory);
        return true;
    }

    private bool TryFind(ref FuseRequest request, NodeNumber version, out ShownRelease shown, out FuseResult otherwise)
    {
        shown = default;
        if (!states.TryGet(ref request, version, out var state, out otherwise)) return false;
        otherwise = FuseResult.Error(Errno.ESTALE);
        return state.TryFindRelease(version, out var index, out var found, out var release) && state.TryShow(index, found, release, out shown);
    }

    private bool TryGetRoot(in ShownRelease shown, out Cid root)
    {
        if (resolutions.TryGet(shown.Number, out root)) return true;
        root = shown.Release.Root.GetValueOrDefault();
        return shown.Release.Root is not null;
    }

    /// <summary>The CID, when it is known: nothing is unpacked to answer a question that <c>ls -l</c> asks of every directory.</summary>
    public FuseResult GetXattr(ref FuseRequest request, NodeNumber version, ReadOnlySpan<byte> name, Span<byte> value)
    {
        if (!name.SequenceEqual(PackageXattrs.CidName)) return FuseResult.Error(Errno.ENODATA);
        if (!TryFind(ref request, version, out var shown, out var otherwise)) return otherwise;
        return TryGetRoot(shown, out var root) ? PackageXattrs.Answer(Encoding.ASCII.GetBytes(root.ToString()), value) : FuseResult.Error(Errno.ENODATA);
    }
}
