namespace SwarmFS.Catalog;

/// <summary>
/// Publishers' releases as this node believes them: those in its own log on its own word, those of the policy's publishers when k logs have them. A key that is both has both; what the own log
/// says comes first. A pure function of the logs, for now and for the past.
/// </summary>
internal sealed class Publications(CatalogPolicy policy, Confirmation confirmation, LogView? own)
{
    private readonly Confirmation _mine = new(own is null ? [] : [own], 1);
    private readonly Confirmation _anybody = new(own is null || confirmation.Logs.Contains(own) ? confirmation.Logs : [own, .. confirmation.Logs], 1);

    /// <summary>Publishers' namespaces in the order of their first release in the own log.</summary>
    public IReadOnlyList<string> Own(Func<LogView, long> entries) =>
        own is null ? [] : [.. own.State.Releases(entries(own)).Select(logged => logged.Record.Namespace).Distinct()];

    /// <summary>Namespaces of the policy's publishers, in its order, but for those of <see cref="Own"/>.</summary>
    public IReadOnlyList<string> Others(Func<LogView, long> entries) => [.. policy.Publishers.Select(CatalogNamespace.OfPublisher).Except(Own(entries))];

    /// <summary>A publisher's releases that are believed, by their sequence.</summary>
    public IReadOnlyList<ReleaseRecord> Releases(string ofPublisher, Func<LogView, long> entries)
    {
        var mine = _mine.Releases(ofPublisher, entries);
        var isOfPolicy = policy.Publishers.Any(key => CatalogNamespace.OfPublisher(key) == ofPublisher);
        return isOfPolicy ? [.. mine.Union(confirmation.Releases(ofPublisher, entries)).OrderBy(release => release.Sequence)] : mine;
    }

    /// <summary>Every release of a publisher in any log, believed or not: a number that was used is not used again.</summary>
    public IReadOnlyList<ReleaseRecord> Known(string ofPublisher) => _anybody.Releases(ofPublisher, _ => long.MaxValue);

    /// <summary>What a publisher took back, by any log: it is signed, and nobody is harmed by believing it.</summary>
    public IReadOnlyList<RevokeRecord> Revocations(string ofPublisher, Func<LogView, long> entries) => _anybody.Revocations(ofPublisher, entries);

    /// <summary>Releases that stand: believed, not taken back, no contradiction of their publisher.</summary>
    /// <param name="conflicts">Gets the publisher's contradictions.</param>
    public List<ReleaseRecord> Standing(string ofPublisher, Func<LogView, long> entries, ICollection<CatalogConflict> conflicts) =>
        PublisherReleases.Standing(Releases(ofPublisher, entries), Revocations(ofPublisher, entries), conflicts);
}
