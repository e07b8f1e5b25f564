using System.Net;

namespace SwarmFS.Swarm;

/// <summary>One of the node's connections as <see cref="Places"/> sees it.</summary>
/// <param name="IsChosen">Dialled by this node, or with a peer that its operator has named; the others are callers.</param>
/// <param name="Use">Bytes of blocks that the peer has delivered and taken.</param>
internal readonly record struct Place(NodeId Id, EndPoint Address, bool IsChosen, long Use, DateTimeOffset Since);

/// <summary>
/// Who gets one of the node's connections. Identities are free, so callers never take them all, and those of one site have a bounded part. Who comes when there is no room takes the
/// place of the caller that was of least use, where the site, or within it the address, has at least two more than the newcomer's: so nobody drives anybody out who could do the same to him.
/// </summary>
internal sealed class Places(int most)
{
    /// <summary>With one place alone the first who comes has it.</summary>
    private readonly int _forCallers = most - Math.Min(most - 1, Math.Max(1, most / 8));

    private readonly int _perSite = Math.Max(1, most / 4);

    /// <summary>A household, an office, a rack: its nodes are each other's peers.</summary>
    private readonly int _perLocalSite = Math.Max(1, most * 3 / 4);

    /// <param name="isChosen">The newcomer is no caller.</param>
    /// <param name="isStatic">The operator has named it: a caller makes room for it in any case.</param>
    /// <param name="leaves">Whose place it takes; null: there is room.</param>
    /// <returns>Why there is no place, or null.</returns>
    public string? Find(EndPoint newcomer, bool isChosen, bool isStatic, IReadOnlyCollection<Place> taken, out NodeId? leaves)
    {
        leaves = null;
        var callers = taken.Where(place => !place.IsChosen).ToArray();
        var isFull = taken.Count >= most || !isChosen && callers.Length >= _forCallers;
        if (isChosen)
        {
            if (isFull && isStatic && callers.Length > 0) leaves = LeastUseful(Fullest(callers, SiteOf).Places);
            return !isFull || leaves is not null ? null : $"all {most} slots are taken";
        }
        var neighbours = callers.Where(place => SiteOf(place) == NetworkGroup.OfSite(newcomer)).ToArray();
        var share = NetworkGroup.IsLocal(newcomer) ? _perLocalSite : _perSite;
        if (!isFull && neighbours.Length < share) return null;
        if (isFull && Fullest(callers, SiteOf) is var sites && sites.Each >= neighbours.Length + 2) leaves = LeastUseful(sites.Places);
        else if (Fullest(neighbours, HostOf) is var addresses && addresses.Each >= neighbours.Count(place => HostOf(place).Equals(NetworkGroup.HostOf(newcomer))) + 2) leaves = LeastUseful(addresses.Places);
        return leaves is not null ? null : isFull ? $"all {most} slots are taken" : $"all {share} slots for its network are taken";
    }

    /// <returns>The places of the largest group, or of all that are as large, and how many each has.</returns>
    private static (int Each, Place[] Places) Fullest<T>(Place[] places, Func<Place, T> by)
    {
        var groups = places.GroupBy(by).Select(group => group.ToArray()).ToArray();
        var each = groups.Select(group => group.Length).DefaultIfEmpty().Max();
        return (each, [.. groups.Where(group => group.Length == each).SelectMany(group => group)]);
    }

    /// <summary>Of the fullest address; of those that are of as little use the last.</summary>
    private static NodeId LeastUseful(Place[] places) => Fullest(places, HostOf).Places.OrderBy(place => place.Use).ThenByDescending(place => place.Since).First().Id;

    private static NetworkGroup SiteOf(Place place) => NetworkGroup.OfSite(place.Address);

    private static object HostOf(Place place) => NetworkGroup.HostOf(place.Address);
}
