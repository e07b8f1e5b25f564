using SwarmFS.Core;

namespace SwarmFS.Catalog;

/// <summary>From what peers and readers speak of, roots, back to what they are called.</summary>
public sealed partial class ProvenCatalog
{
    /// <summary>Entries in this node's own log that others can prove; 0 when it has none.</summary>
    public long OwnEntries => _parts.Own?.PublishedEntries ?? 0;

    /// <summary>Versions shown now.</summary>
    public int Releases => Volatile.Read(ref _made).Snapshot.Releases;

    /// <summary>The version that has this root, or null. Goes through everything: for people, and for what is rare.</summary>
    public Release? ReleaseOf(Cid root)
    {
        var snapshot = Volatile.Read(ref _made).Snapshot;
        var trees = _confirmation.Logs.SelectMany(view => view.State.TreesOf(root));
        if (_own is not null) trees = trees.Concat(_own.State.TreesOf(root));
        foreach (var tree in trees)
            if (TreeOf(tree.Artifact)?.Root == root && snapshot.Find(tree.Artifact) is { } unpacked) return unpacked;
        return snapshot.FindRoot(root);
    }

    /// <summary>What a tree was unpacked from and can be unpacked from again; null where no suite that is shown lists the archive.</summary>
    public OriginPackage? OriginOf(Cid root) =>
        ReleaseOf(root) is { Artifact: { } artifact, Namespace: { } space, Filename: { } filename } release
            ? new OriginPackage(space, release.Name, release.Version, artifact, filename)
            : null;

    /// <summary>Writes what an archive unpacks to into the own log, where an import by hand found it out.</summary>
    /// <exception cref="NotProvableYetException">It stands in the own log, but the witnesses' quorum has not seen it.</exception>
    /// <exception cref="StoreFullException">The catalogue's directory does not fit; nothing was recorded.</exception>
    public Task RecordTreeAsync(TreeRecord tree, CancellationToken cancellationToken) =>
        AppendAsync(RequireOwn().Own, [tree], tree.Artifact.ToString(), cancellationToken);
}
