using System.Runtime.CompilerServices;
using SwarmFS.Core;
using SwarmFS.Transparency;

namespace SwarmFS.Catalog;

/// <summary>From what peers and readers speak of, roots, back to what they are called; and the logs themselves, for whoever wants to see or prove them.</summary>
public sealed partial class ProvenCatalog
{
    /// <summary>Entries in this node's own log that others can prove; 0 when it has none.</summary>
    public long OwnEntries => _parts.Own?.PublishedEntries ?? 0;

    /// <summary>How many logs must have a record before it counts.</summary>
    public int Needed => _parts.Policy.Confirmations;

    /// <summary>The newest checkpoint of the own log with its cosignatures, and the directory of the log's files; null before the first batch is published.</summary>
    public (SignedNote Note, Cid Files)? OwnCheckpoint =>
        _parts.Own?.Announcement is { } record && CheckpointAnnouncement.TryRead(record.Span, out var announcement, out _) ? (announcement.Note, announcement.Files) : null;

    /// <summary>All logs of which a signed checkpoint is held, read whole from their files, the own one first.</summary>
    /// <exception cref="ContentUnavailableException">A file could not be had in time.</exception>
    /// <exception cref="InvalidTreeException">A file is missing or malformed.</exception>
    public async IAsyncEnumerable<LogCopy> CopiesAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (_parts.Own is { Announcement: { } record } own && CheckpointAnnouncement.TryRead(record.Span, out var mine, out _))
            yield return await LogCopy.ReadAsync(own.VerifierKey, mine, _parts.Blocks, cancellationToken);
        foreach (var followed in _followers.Logs)
            if (followed.Note is { } note) yield return await LogCopy.ReadAsync(followed.Log, new CheckpointAnnouncement(followed.Log.Key, followed.Files, note), _parts.Blocks, cancellationToken);
    }

    /// <summary>Of these suite indexes the ones whose nodes are here and break the format; what is not here is not looked at.</summary>
    public IReadOnlyList<Cid> UnreadableIndexes(IEnumerable<Cid> indexes)
    {
        var unreadable = new List<Cid>();
        foreach (var index in indexes.Where(index => _parts.Store.Contains(index)))
        {
            try
            {
                foreach (var _ in new SuiteIndex(_parts.Store, index).Entries()) continue;
            }
            catch (InvalidTreeException)
            {
                unreadable.Add(index);
            }
            catch (ContentUnavailableException)
            {
                // A part of it was evicted: an old one.
            }
        }
        return unreadable;
    }

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
