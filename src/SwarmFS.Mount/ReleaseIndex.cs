using SwarmFS.Catalog;

namespace SwarmFS.Mount;

/// <summary>
/// Which name a <c>latest</c> or an unresolved version belongs to, for all of one state: 12 bytes a release and link. Made only when a number comes that was not given lately, for
/// it asks the catalogue for every package.
/// </summary>
internal sealed class ReleaseIndex
{
    private readonly ulong[] _ascending;
    private readonly int[] _owners;

    public ReleaseIndex(ICatalogSnapshot snapshot)
    {
        var numbers = new List<ulong>(2 * snapshot.Count);
        var owners = new List<int>(2 * snapshot.Count);
        for (var i = 0; i < snapshot.Count; i++)
        {
            var package = snapshot[i];
            foreach (var release in package.Releases)
            {
                numbers.Add(NodeNumber.Of(NodeKind.Latest, release.Name, release.Version).Value);
                numbers.Add(NodeNumber.OfUnresolved(release).Value);
                owners.Add(i);
                owners.Add(i);
            }
        }
        _ascending = [.. numbers];
        _owners = [.. owners];
        Array.Sort(_ascending, _owners);
    }

    public bool TryFind(NodeNumber number, out int index)
    {
        var at = Array.BinarySearch(_ascending, number.Value);
        index = at < 0 ? -1 : _owners[at];
        return at >= 0;
    }
}
