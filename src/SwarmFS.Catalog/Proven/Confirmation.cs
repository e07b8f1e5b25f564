using SwarmFS.Core;

namespace SwarmFS.Catalog;

/// <summary>A confirmed suite and where it was found.</summary>
/// <param name="Importer">The first log of the policy that has it.</param>
internal sealed record ConfirmedSuite(SuiteRecord Suite, LogView Importer);

/// <summary>
/// What holds by the policy: a record that stands byte for byte in at least k of its logs. A pure function of the logs, of as many of their entries as the caller says, so that it answers for
/// the past as well. Each log is one voice: the policy has each key once.
/// </summary>
internal sealed class Confirmation(IReadOnlyList<LogView> logs, int needed)
{
    public IReadOnlyList<LogView> Logs => logs;

    /// <summary>Of a suite the newest date that k logs share; null when there is none.</summary>
    public ConfirmedSuite? Suite(string ofNamespace, Func<LogView, long> entries) => Suites(ofNamespace, entries).LastOrDefault();

    /// <summary>Every confirmed suite of a namespace, ascending by date.</summary>
    public IReadOnlyList<ConfirmedSuite> Suites(string ofNamespace, Func<LogView, long> entries)
    {
        var found = new Dictionary<SuiteRecord, List<LogView>>();
        foreach (var log in logs)
        {
            foreach (var suite in log.State.Suites(ofNamespace, entries(log)))
            {
                if (!found.TryGetValue(suite.Record, out var voices)) found.Add(suite.Record, voices = []);
                if (voices.Count == 0 || voices[^1] != log) voices.Add(log);
            }
        }
        return [.. found.Where(pair => pair.Value.Count >= needed)
            .Select(pair => new ConfirmedSuite(pair.Key, pair.Value[0]))
            .GroupBy(suite => suite.Suite.Date)
            .Select(sameDate => sameDate.First())
            .OrderBy(suite => suite.Suite.Date)];
    }

    /// <summary>All namespaces of suites in the order in which the logs first had them.</summary>
    public IReadOnlyList<string> Namespaces() => [.. logs.SelectMany(log => log.State.Namespaces).Distinct()];

    /// <summary>The tree of an archive, as k logs say; null when they do not.</summary>
    public TreeRecord? Tree(Sha256Digest artifact)
    {
        foreach (var log in logs)
        {
            if (log.State.Tree(artifact) is { } tree && logs.Count(other => tree.Equals(other.State.Tree(artifact))) >= needed) return tree;
        }
        return null;
    }

    /// <summary>Logs in which this very record stands.</summary>
    public IReadOnlyList<LogView> LogsWith(CatalogRecord record)
    {
        var entry = record.Encode();
        return [.. logs.Where(log => log.State.Contains(entry))];
    }

    /// <summary>A publisher's releases that k logs have, by their sequence; of one sequence in the order of the logs.</summary>
    public IReadOnlyList<ReleaseRecord> Releases(string ofPublisher, Func<LogView, long> entries)
    {
        var voices = new Dictionary<ReleaseRecord, int>();
        foreach (var log in logs)
        {
            foreach (var release in log.State.Releases(entries(log)).Select(logged => logged.Record).Where(release => release.Namespace == ofPublisher).Distinct())
                voices[release] = voices.GetValueOrDefault(release) + 1;
        }
        return [.. voices.Where(pair => pair.Value >= needed).Select(pair => pair.Key).OrderBy(release => release.Sequence)];
    }

    /// <summary>What a publisher took back. One log is enough: it is signed, and nobody is harmed by believing it.</summary>
    public IReadOnlyList<RevokeRecord> Revocations(string ofPublisher, Func<LogView, long> entries) =>
        [.. logs.SelectMany(log => log.State.Revocations(entries(log))).Select(logged => logged.Record).Where(revocation => revocation.Namespace == ofPublisher).Distinct()];
}
