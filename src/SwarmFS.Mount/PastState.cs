using System.Diagnostics.CodeAnalysis;
using SwarmFS.Catalog;

namespace SwarmFS.Mount;

/// <summary>
/// What the catalogue said at a moment. It never changes, so a number is the moment with an index in it, and holds for ever. A state can show
/// <see cref="NodeNumber.PastNamesMax"/> names, and of a name the newest <see cref="NodeNumber.PastReleasesMax"/> releases.
/// </summary>
/// <param name="moment">Whose state it is; for a day that is not over, the moment of the last change.</param>
/// <param name="nameTimeout">How long a name stands for this state.</param>
internal sealed class PastState(ICatalogSnapshot snapshot, Moment moment, NodeNumber names, TimeSpan nameTimeout) : CatalogState(snapshot)
{
    public override int Count => Math.Min(Snapshot.Count, NodeNumber.PastNamesMax);

    public override NodeNumber Names => names;

    public override TimeSpan NameTimeout => nameTimeout;

    public override TimeSpan Timeout => TimeSpan.MaxValue;

    public override NodeNumber OfName(int index) => NodeNumber.OfPast(NodeKind.PastName, moment, index, 0);

    public override NodeNumber OfLatest(int index, PackageEntry package)
    {
        var target = package.Releases.Count - 1;
        while (target > 0 && !ReferenceEquals(package.Releases[target], package.Latest)) target--;
        return NodeNumber.OfPast(NodeKind.PastLatest, moment, index, Math.Min(FromNewest(package, target), NodeNumber.PastReleasesMax - 1));
    }

    public override bool TryShow(int index, PackageEntry package, int release, out ShownRelease shown)
    {
        shown = default;
        var fromNewest = FromNewest(package, release);
        if (fromNewest >= NodeNumber.PastReleasesMax) return false;
        var shownRelease = package.Releases[release];
        var number = NodeNumber.OfPast(NodeKind.PastUnresolved, moment, index, fromNewest);
        shown = new ShownRelease(shownRelease, OfName(index), number, NodeNumber.ViewOf(shownRelease.Name, shownRelease.Version, moment));
        return true;
    }

    public override bool TryFindName(NodeNumber number, out int index)
    {
        index = number.PastIndex;
        return index < Count;
    }

    public override bool TryFindRelease(NodeNumber number, out int index, [NotNullWhen(true)] out PackageEntry? package, out int release)
    {
        package = TryFindName(number, out index) ? Snapshot[index] : null;
        release = package is null ? -1 : FromNewest(package, number.PastRelease);
        return release >= 0;
    }

    private static int FromNewest(PackageEntry package, int release) => package.Releases.Count - 1 - release;
}
