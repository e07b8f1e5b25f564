using Microsoft.Extensions.Logging;
using SwarmFS.Core;

namespace SwarmFS.Store;

/// <summary>Walks what roots link to, as far as the nodes are here.</summary>
internal sealed class DagReach(BlockReader reader, ILogger logger)
{
    /// <summary>Calls <paramref name="visit"/> for each root and each block linked to, as <see cref="ReachWalk"/> does.</summary>
    public void Walk(IEnumerable<Cid> roots, Action<Cid> visit)
    {
        var walk = Begin(visit);
        walk.Add(roots);
        walk.TryFinish(int.MaxValue);
    }

    /// <summary>A walk that has no roots yet.</summary>
    public ReachWalk Begin(Action<Cid> visit) => new(reader, logger, visit);
}
