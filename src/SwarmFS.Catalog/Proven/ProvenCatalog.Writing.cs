using System.Text;
using SwarmFS.Core;
using SwarmFS.Signing;

namespace SwarmFS.Catalog;

/// <summary>What this node itself says: releases of its own, suites that it verified, and its user's pins.</summary>
public sealed partial class ProvenCatalog
{
    /// <summary>Publishes a tree under a name of its publisher's own. Returns when others can prove it; saying the same again changes nothing.</summary>
    /// <param name="version">As it stands in a path.</param>
    /// <param name="publisher">Signs the release and so names its namespace; null: the key of this node's log. It stays the caller's.</param>
    /// <exception cref="CatalogRefusedException">Name or version may not stand in a path, the version was published before with other content (a version never changes), or another key
    /// published the name from here.</exception>
    /// <exception cref="NotProvableYetException">It stands in the own log, but the witnesses' quorum has not seen it.</exception>
    /// <exception cref="StoreFullException">The catalogue's directory does not fit; nothing was published.</exception>
    public async Task<Release> PublishAsync(string name, string version, Cid root, ArtifactDigest? artifact, Ed25519PrivateKey? publisher, CancellationToken cancellationToken)
    {
        CheckNames(name, version);
        await _publishing.WaitAsync(cancellationToken);
        try
        {
            var (own, key) = RequireOwn(publisher);
            var space = CatalogNamespace.OfPublisher(key.PublicKey);
            if (StandingOfOthers(name, space) is { } other)
                throw new CatalogRefusedException($"{name} {other.Version} was published from here with another key ({other.Key}): publish with that one, or revoke those versions first.");
            if (Revocation(space, name, version) is { } revoked) throw new CatalogRefusedException($"{name} {version} was taken back ({revoked.Reason}); choose another version.");
            var mine = _publications.Known(space);
            var standing = mine.FirstOrDefault(release => release.Name == name && release.Version == version);
            if (standing is not null && standing.Root != root)
                throw new CatalogRefusedException($"{name} {version} was already published with that key and other content ({standing.Root}); a version never changes: choose another version.");
            var sequence = mine.Select(release => release.Sequence).DefaultIfEmpty(0).Max() + 1;
            var now = DateTimeOffset.FromUnixTimeSeconds(_parts.Time.GetUtcNow().ToUnixTimeSeconds());
            var record = standing ?? ReleaseRecord.Sign(name, version, sequence, root, artifact, now, key);
            await AppendAsync(own, [record], $"{name} {version}", cancellationToken);
            if (standing is null) CatalogLog.Published(_log, name, version, root.ToShortString());
            return new Release(name, version, root, record.Key.ToString(), record.Time) { Artifact = record.Artifact, Namespace = record.Namespace };
        }
        finally
        {
            _publishing.Release();
        }
    }

    /// <summary>Takes a release that was published from here back, for ever.</summary>
    /// <param name="reason">One line for people.</param>
    /// <param name="publisher">The key that signed the release; null: the key of this node's log. It stays the caller's.</param>
    /// <returns>The release's namespace.</returns>
    /// <exception cref="CatalogRefusedException">There is no such release of that key, or the reason is no line.</exception>
    /// <exception cref="NotProvableYetException">It stands in the own log, but the witnesses' quorum has not seen it.</exception>
    public async Task<string> RevokeAsync(string name, string version, string reason, Ed25519PrivateKey? publisher, CancellationToken cancellationToken)
    {
        await _publishing.WaitAsync(cancellationToken);
        try
        {
            var (own, key) = RequireOwn(publisher);
            var space = CatalogNamespace.OfPublisher(key.PublicKey);
            if (!RevokeRecord.IsReason(reason)) throw new CatalogRefusedException($"A reason is one line of at most {RevokeRecord.ReasonLengthMax} characters, without control characters.");
            if (!_publications.Known(space).Any(release => release.Name == name && release.Version == version))
                throw new CatalogRefusedException($"The key {key.PublicKey} has published no {name} {version}{(StandingOfOthers(name, space) is { } other ? $"; {name} is of the key {other.Key}" : "")}.");
            if (Revocation(space, name, version) is null) await AppendAsync(own, [RevokeRecord.Sign(name, version, reason, key)], $"{name} {version}", cancellationToken);
            return space;
        }
        finally
        {
            _publishing.Release();
        }
    }

    /// <summary>Writes verified suites into the own log and shows what is confirmed by it. Their indexes must be in the store. One whose namespace is none is left out, with a warning.</summary>
    /// <exception cref="NotProvableYetException">They stand in the own log, but the witnesses' quorum has not seen them.</exception>
    /// <exception cref="StoreFullException">The catalogue's directory does not fit; nothing was recorded.</exception>
    /// <exception cref="ContentUnavailableException">An index is not in the store; nothing was recorded.</exception>
    public async Task RecordSuitesAsync(IReadOnlyList<SuiteRecord> suites, CancellationToken cancellationToken)
    {
        var recorded = suites.Where(suite => CatalogNamespace.IsSuite(suite.Namespace)).ToList();
        foreach (var suite in suites.Except(recorded)) CatalogLog.SuiteRefused(_log, suite.Namespace);
        await AppendAsync(RequireOwn().Own, recorded, recorded.Count == 1 ? recorded[0].Namespace : $"{recorded.Count} suites", cancellationToken);
    }

    /// <summary>Makes a version <c>latest</c> until <see cref="Unpin"/>, also when its suite no longer lists it; survives a restart.</summary>
    /// <param name="version">As it stands in a path; one of now, else one of the past that is proven.</param>
    /// <param name="allowRevoked">A version that its publisher took back is refused otherwise.</param>
    /// <exception cref="CatalogRefusedException">No log of the policy proves such a version, or it was taken back.</exception>
    /// <exception cref="ContentUnavailableException">An old index could not be had in time.</exception>
    public async Task<Release> PinAsync(string name, string version, bool allowRevoked, CancellationToken cancellationToken)
    {
        var release = FindNow(name, version) ?? await FindInPastAsync(name, version, allowRevoked, cancellationToken)
            ?? throw new CatalogRefusedException($"Nothing that this node believes proves a version {version} of {name}, now or earlier.");
        _pins.Set(release);
        Show();
        return release;
    }

    /// <returns>False when the name was not pinned.</returns>
    public bool Unpin(string name)
    {
        if (!_pins.Remove(name)) return false;
        Show();
        return true;
    }

    /// <summary>The versions that the user pinned.</summary>
    public IReadOnlyList<Release> Pins => _pins.All;

    private Release? FindNow(string name, string version)
    {
        var snapshot = Current;
        var index = snapshot.IndexOf(Encoding.UTF8.GetBytes(name));
        return index < 0 ? null : snapshot[index].Releases.FirstOrDefault(release => release.Version == version);
    }

    private async Task<Release?> FindInPastAsync(string name, string version, bool allowRevoked, CancellationToken cancellationToken)
    {
        var past = (await _history.OfAsync(name, cancellationToken)).Where(entry => entry.Release.Version == version).ToList();
        if (past.Exists(entry => entry.Change == HistoryChange.Revoked) && !allowRevoked)
            throw new CatalogRefusedException($"{name} {version} was taken back by its publisher ({past.Find(entry => entry.Change == HistoryChange.Revoked)!.Reason}).");
        return past.FindLast(entry => entry.Change is HistoryChange.Appeared or HistoryChange.Published)?.Release;
    }

    private async Task AppendAsync(ImporterLog own, IReadOnlyList<CatalogRecord> records, string subject, CancellationToken cancellationToken)
    {
        var result = await own.AppendAsync(records, cancellationToken);
        Show();
        if (!result.IsPublished)
            throw new NotProvableYetException($"{subject} stands in this node's log, but is not provable to others yet: {result.Missing}. It is tried again within {ImporterLog.HeartbeatInterval.TotalMinutes} minutes.");
    }

    private (ImporterLog Own, Ed25519PrivateKey Key) RequireOwn(Ed25519PrivateKey? publisher = null)
    {
        if (_parts.Own is not { } own || (publisher ?? _parts.PublisherKey) is not { } key) throw new CatalogRefusedException("This node has no log of its own.");
        if (_parts.Board.IsOwnAhead)
            throw new CatalogRefusedException("Peers have a longer log of this node's key than this node itself. Signing more would fork it: restore the newest state of this node, or begin a new log with a new key.");
        return (own, key);
    }

    /// <summary>A release of a name that another publisher of this node's log has: one name in two namespaces would hide the second.</summary>
    private ReleaseRecord? StandingOfOthers(string name, string space) =>
        _publications.Own(view => view.Entries).Where(other => other != space).SelectMany(other => _publications.Standing(other, view => view.Entries, [])).FirstOrDefault(release => release.Name == name);

    private RevokeRecord? Revocation(string space, string name, string version) =>
        _publications.Revocations(space, _ => long.MaxValue).FirstOrDefault(revocation => revocation.Name == name && revocation.Version == version);

    private static void CheckNames(string name, string version)
    {
        if (!PackageNames.IsName(name))
            throw new CatalogRefusedException($"'{name}' cannot be a package name: use letters, digits and + - . _, beginning with a letter or digit, at most {PackageNames.NameLengthMax} characters.");
        if (!PackageNames.IsPathVersion(version))
            throw new CatalogRefusedException($"'{version}' cannot be a version: use letters, digits and + - . _ ~, beginning with a letter or digit, at most {PackageNames.VersionLengthMax} characters.");
        if (CatalogueDirectory.LinkName(name, version).Length > Limits.NameLength)
            throw new CatalogRefusedException($"'{name}' and '{version}' are too long together: at most {Limits.NameLength - 1} characters, of which '_' in the name counts three.");
    }
}
