using System.Collections.Concurrent;
using SwarmFS.Catalog;
using SwarmFS.Core;

namespace SwarmFS.Mount;

/// <summary>Roots of releases that the catalogue listed without one and then found or made on request: known here until its next state says them itself.</summary>
internal sealed class Resolutions
{
    /// <summary>Answers kept; beyond it all are forgotten and asked for again. 4,096 × about 200 bytes is under 1 MiB.</summary>
    private const int Kept = 4096;

    private readonly ConcurrentDictionary<Release, Cid> _roots = new();

    public bool TryGet(Release release, out Cid root)
    {
        root = release.Root.GetValueOrDefault();
        return release.Root is not null || _roots.TryGetValue(release, out root);
    }

    public void Add(Release release, Cid root)
    {
        if (_roots.Count >= Kept) _roots.Clear();
        _roots[release] = root;
    }
}
