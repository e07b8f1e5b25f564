using System.Collections.Concurrent;
using SwarmFS.Core;

namespace SwarmFS.Mount;

/// <summary>
/// Roots of the unresolved versions that somebody went into. While one is here its version keeps the number that it had before, whatever the catalogue has learnt since, so that
/// who works in it keeps his place.
/// </summary>
internal sealed class Resolutions
{
    /// <summary>Roots kept, the oldest go first: 4,096 × about 150 bytes is 600 KB. Who still works in a version that went finds its root anew.</summary>
    private const int Kept = 4096;

    private readonly ConcurrentDictionary<NodeNumber, Cid> _roots = new();
    private readonly ConcurrentQueue<NodeNumber> _order = new();

    public bool TryGet(NodeNumber version, out Cid root) => _roots.TryGetValue(version, out root);

    public void Add(NodeNumber version, in Cid root)
    {
        if (!_roots.TryAdd(version, root))
        {
            _roots[version] = root;
            return;
        }
        _order.Enqueue(version);
        if (_order.Count > Kept && _order.TryDequeue(out var oldest)) _roots.TryRemove(oldest, out _);
    }

    /// <summary>True when the version is shown under its own number, not as the root of its tree.</summary>
    public bool IsShownUnresolved(in ShownRelease shown) => shown.Release.Root is not { } root || (TryGet(shown.Number, out var entered) && entered == root);
}
