using System.Text;
using SwarmFS.Core;

namespace SwarmFS.Catalog;

/// <summary>What this node itself says: releases of its own, suites that it verified, and its user's pins.</summary>
public sealed partial class ProvenCatalog
{
    /// <summary>Publishes a tree under a name of this node's own. Returns when others can prove it; saying the same again changes nothing.</summary>
    /// <param name="version">As it stands in a path.</param>
    /// <exception cref="CatalogRefusedException">Name or version may not stand in a path, or the version was published before with other content: a version never changes.</exception>
    /// <exception cref="NotProvableYetException">It stands in the own log, but the witnesses' quorum has not seen it.</exception>
    /// <exception cref="StoreFullException">The catalogue's directory does not fit; nothing was published.</exception>
    public async Task<Release> PublishAsync(string name, string version, Cid root, ArtifactDigest? artifact, CancellationToken cancellationToken)
    {
        CheckNames(name, version);
        await _publishing.WaitAsync(cancellationToken);
        try
        {
            var (own, key) = RequireOwn();
            var mine = OwnReleases();
            if (Revocation(name, version) is { } revoked) throw new CatalogRefusedException($"{name} {version} was taken back ({revoked.Reason}); choose another version.");
            var standing = mine.FirstOrDefault(release => release.Name == name && release.Version == version);
            if (standing is not null && standing.Root != root)
                throw new CatalogRefusedException($"{name} {version} was already published from here with other content ({standing.Root}); a version never changes: choose another version.");
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

    /// <summary>Takes a release of this node's own back, for ever.</summary>
    /// <param name="reason">One line for people.</param>
    /// <exception cref="CatalogRefusedException">There is no such release, or the reason is no line.</exception>
    /// <exception cref="NotProvableYetException">It stands in the own log, but the witnesses' quorum has not seen it.</exception>
    public async Task RevokeAsync(string name, string version, string reason, CancellationToken cancellationToken)
    {
        await _publishing.WaitAsync(cancellationToken);
        try
        {
            var (own, key) = RequireOwn();
            if (!RevokeRecord.IsReason(reason)) throw new CatalogRefusedException($"A reason is one line of at most {RevokeRecord.ReasonLengthMax} characters, without control characters.");
            if (!OwnReleases().Any(release => release.Name == name && release.Version == version)) throw new CatalogRefusedException($"This node has published no {name} {version}.");
            if (Revocation(name, version) is not null) return;
            await AppendAsync(own, [RevokeRecord.Sign(name, version, reason, key)], $"{name} {version}", cancellationToken);
        }
        finally
        {
            _publishing.Release();
        }
    }

    /// <summary>Writes verified suites into the own log and shows what is confirmed by it. Their indexes must be in the store.</summary>
    /// <exception cref="CatalogRefusedException">A suite's namespace is none.</exception>
    /// <exception cref="NotProvableYetException">They stand in the own log, but the witnesses' quorum has not seen them.</exception>
    /// <exception cref="StoreFullException">The catalogue's directory does not fit; nothing was recorded.</exception>
    /// <exception cref="ContentUnavailableException">An index is not in the store; nothing was recorded.</exception>
    public async Task RecordSuitesAsync(IReadOnlyList<SuiteRecord> suites, CancellationToken cancellationToken)
    {
        foreach (var suite in suites)
            if (!CatalogNamespace.IsSuite(suite.Namespace)) throw new CatalogRefusedException($"'{suite.Namespace}' is no namespace of a suite.");
        await AppendAsync(RequireOwn().Own, suites, suites.Count == 1 ? suites[0].Namespace : $"{suites.Count} suites", cancellationToken);
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

    private (ImporterLog Own, Signing.Ed25519PrivateKey Key) RequireOwn()
    {
        if (_parts.Own is not { } own || _parts.PublisherKey is not { } key) throw new CatalogRefusedException("This node has no log of its own.");
        if (_parts.Board.IsOwnAhead)
            throw new CatalogRefusedException("Peers have a longer log of this node's key than this node itself. Signing more would fork it: restore the newest state of this node, or begin a new log with a new key.");
        return (own, key);
    }

    /// <summary>Own releases, also those that only others still have: a number that was used is not used again.</summary>
    private IReadOnlyList<ReleaseRecord> OwnReleases() => new Confirmation(Everybody(), 1).Releases(_ownPublisher!, _ => long.MaxValue);

    private RevokeRecord? Revocation(string name, string version) =>
        new Confirmation(Everybody(), 1).Revocations(_ownPublisher!, _ => long.MaxValue).FirstOrDefault(revocation => revocation.Name == name && revocation.Version == version);

    private IReadOnlyList<LogView> Everybody() => _own is null || _confirmation.Logs.Contains(_own) ? _confirmation.Logs : [_own, .. _confirmation.Logs];

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
