using System.Diagnostics.CodeAnalysis;
using SwarmFS.Catalog;

namespace SwarmFS.Mount;

/// <summary>What the catalogue says now. Numbers are hashes of names, so they mean the same in the states before and after; the way back is made when it is first asked for.</summary>
/// <param name="earlier">The names of an earlier state, where somebody has made them.</param>
internal sealed class CurrentState(ICatalogSnapshot snapshot, NameIndex? earlier, GivenNumbers given, TimeSpan timeout) : CatalogState(snapshot)
{
    private readonly Lock _making = new();
    private volatile NameIndex? _names;
    private NameIndex? _earlier = earlier;
    private volatile ReleaseIndex? _releases;

    public override int Count => Snapshot.Count;

    public override NodeNumber Names => NodeNumber.Packages;

    public override TimeSpan NameTimeout => timeout;

    public override TimeSpan Timeout => timeout;

    /// <summary>The newest names that were made, here or earlier.</summary>
    public NameIndex? Made => _names ?? _earlier;

    public override NodeNumber OfName(int index) => _names is { } names ? names[index] : NodeNumber.Of(NodeKind.Name, Snapshot.NameAt(index));

    public override NodeNumber OfLatest(int index, PackageEntry package)
    {
        var number = NodeNumber.Of(NodeKind.Latest, package.Name, package.Latest.Version);
        given.Give(number, OfName(index));
        return number;
    }

    public override bool TryShow(int index, PackageEntry package, int release, out ShownRelease shown)
    {
        var shownRelease = package.Releases[release];
        var number = NodeNumber.OfUnresolved(shownRelease);
        shown = new ShownRelease(shownRelease, OfName(index), number, NodeNumber.ViewOf(shownRelease.Name, shownRelease.Version));
        given.Give(number, shown.Directory);
        return true;
    }

    public override bool TryFindName(NodeNumber number, out int index) => MakeNames().TryFind(number, out index);

    public override bool TryFindRelease(NodeNumber number, out int index, [NotNullWhen(true)] out PackageEntry? package, out int release)
    {
        var (first, last) = given.OwnersOf(number);
        foreach (var owner in MakeNames().Between(first, last))
        {
            index = owner;
            if (TryMatch(number, owner, out package, out release)) return true;
        }
        package = null;
        release = -1;
        return MakeReleases().TryFind(number, out index) && TryMatch(number, index, out package, out release);
    }

    private bool TryMatch(NodeNumber number, int index, [NotNullWhen(true)] out PackageEntry? package, out int release)
    {
        package = Snapshot[index];
        for (release = package.Releases.Count - 1; release >= 0; release--)
        {
            var candidate = package.Releases[release];
            var own = number.Kind == NodeKind.Latest ? NodeNumber.Of(NodeKind.Latest, candidate.Name, candidate.Version) : NodeNumber.OfUnresolved(candidate);
            if (own == number) return true;
        }
        package = null;
        return false;
    }

    /// <summary>Makes the way back from the numbers of names.</summary>
    public NameIndex MakeNames()
    {
        if (_names is { } made) return made;
        lock (_making)
        {
            _names ??= NameIndex.Of(Snapshot, _earlier);
            _earlier = null;
            return _names;
        }
    }

    private ReleaseIndex MakeReleases()
    {
        if (_releases is { } made) return made;
        lock (_making) return _releases ??= new ReleaseIndex(Snapshot);
    }
}
