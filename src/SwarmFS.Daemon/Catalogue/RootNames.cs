using System.Collections.Concurrent;
using SwarmFS.Catalog;
using SwarmFS.Core;

namespace SwarmFS.Daemon.Catalogue;

/// <summary>What roots are called, so that a status asked for ten times a second does not search the catalogue each time. Safe from any thread.</summary>
internal sealed class RootNames
{
    /// <summary>As many roots as a node transfers in a day; then all are looked up anew.</summary>
    private const int Kept = 4096;

    private readonly ConcurrentDictionary<Cid, Release> _names = new();

    public Release? GetOrAdd(Cid root, Func<Cid, Release?> find)
    {
        if (_names.TryGetValue(root, out var known)) return known;
        if (_names.Count >= Kept) _names.Clear();
        var found = find(root);
        if (found is not null) _names[root] = found;
        return found;
    }
}
