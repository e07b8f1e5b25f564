using SwarmFS.Core;

namespace SwarmFS.Store;

/// <summary>
/// Marks what is protected, for one collection after the other. What becomes protected while one is under way is marked as well, without walking again what was walked: so a collection
/// gets on however often packages are opened meanwhile.
/// </summary>
internal sealed class Marker(BlockIndex index, ContainerTable containers, Protection protection, DagReach reach)
{
    private ReachWalk? _walk;
    private int _version;

    /// <summary>Forgets the marks of the last collection and marks all that is protected now.</summary>
    public void Begin()
    {
        index.ClearMarks();
        foreach (var container in containers.Snapshot()) container.ClearMarkedBytes();
        foreach (var digest in protection.Held()) Mark(digest);
        _walk = reach.Begin(cid => Mark(cid.Digest));
        AddRoots(_walk, protection.Version);
        _walk.TryFinish(int.MaxValue);
    }

    /// <summary>
    /// Marks what became protected since, and reads so many nodes for it at most. What is held besides roots is not marked here: see <see cref="Protection.IsHeld"/>.
    /// </summary>
    /// <returns>True when nothing is left to mark, if the caller has <see cref="Protection.Gate"/>.</returns>
    public bool TryCatchUp(int maxNodes)
    {
        var version = protection.Version;
        if (version != _version) AddRoots(_walk!, version);
        return _walk!.TryFinish(maxNodes);
    }

    // The version was read before the roots: one that comes in between is added again.
    private void AddRoots(ReachWalk walk, int version)
    {
        walk.Add(protection.Roots());
        _version = version;
    }

    private void Mark(in Sha256Digest digest)
    {
        if (!index.TryMark(digest, out var place) || (place.Flags & BlockFlags.Marked) != 0) return;
        if (containers.TryGet(place.Container, out var container)) container.AddMarkedBytes(place.Length);
    }
}
