using System.Globalization;
using SwarmFS.Core;

namespace SwarmFS.Catalog;

/// <summary>What happened to a version.</summary>
public enum HistoryChange
{
    /// <summary>A suite began to list it.</summary>
    Appeared,

    /// <summary>A suite lists it no more.</summary>
    Vanished,

    /// <summary>Its publisher released it.</summary>
    Published,

    /// <summary>Its publisher took it back.</summary>
    Revoked,
}

/// <param name="Time">The suite's date, or when the release was published; a revocation has no time of its own and stands behind its release.</param>
public sealed record HistoryEntry(DateTimeOffset Time, HistoryChange Change, Release Release, string? Reason = null);

/// <summary>The past of the catalogue, read from the logs' records and the old indexes. Safe from any thread.</summary>
internal sealed class CatalogHistory(Publications publications, Confirmation confirmation, LogView? own, SnapshotMaker maker, ICatalogBlocks blocks, TimeProvider time)
{
    /// <summary>Suites of one namespace that a history goes through, the newest: two years of four a day. Each costs the nodes on one path, most of them shared.</summary>
    private const int SuitesMax = 2_920;

    /// <summary>Snapshots of the past that are kept: each may hold a table of 11 MB for every suite that has changed since.</summary>
    private const int SnapshotsKept = 2;

    private const string DayFormat = "yyyy-MM-dd";

    private const string InstantFormat = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly LinkedList<(DateTimeOffset Time, PackedSnapshot Snapshot)> _recent = [];

    private IEnumerable<LogView> Everybody => own is null || confirmation.Logs.Contains(own) ? confirmation.Logs : confirmation.Logs.Append(own);

    /// <summary>Days that are over and on which a head was written.</summary>
    public IReadOnlyList<string> Days()
    {
        var today = time.GetUtcNow().UtcDateTime.Date;
        return [.. Everybody.SelectMany(view => view.State.Heads.TakeWhile(head => head.Index < view.Entries)).Select(head => head.Record.Time.UtcDateTime.Date).Where(day => day < today)
            .Distinct().Order().Select(day => day.ToString(DayFormat, CultureInfo.InvariantCulture))];
    }

    /// <exception cref="ContentUnavailableException">An index could not be had in time.</exception>
    public async ValueTask<ICatalogSnapshot?> AtAsync(string moment, CancellationToken cancellationToken)
    {
        if (Parse(moment) is not { } instant || instant > time.GetUtcNow()) return null;
        if (Everybody.All(view => EntriesAt(view, instant) == 0)) return null;
        await _gate.WaitAsync(cancellationToken);
        try
        {
            foreach (var kept in _recent)
                if (kept.Time == instant) return kept.Snapshot;
            var snapshot = await maker.MakePastAsync(view => EntriesAt(view, instant), cancellationToken);
            _recent.AddFirst((instant, snapshot));
            if (_recent.Count > SnapshotsKept) _recent.RemoveLast();
            return snapshot;
        }
        finally
        {
            _gate.Release();
        }
    }

    private static long EntriesAt(LogView view, DateTimeOffset instant) => Math.Min(view.Entries, view.State.EntriesAt(instant));

    /// <summary>A day is its last second.</summary>
    private static DateTimeOffset? Parse(string moment)
    {
        const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        if (DateTimeOffset.TryParseExact(moment, DayFormat, CultureInfo.InvariantCulture, Utc, out var day))
            return day.UtcDateTime.Date == DateTime.MaxValue.Date ? null : day.AddDays(1).AddSeconds(-1);
        return DateTimeOffset.TryParseExact(moment, InstantFormat, CultureInfo.InvariantCulture, Utc, out var instant) ? instant : null;
    }

    /// <summary>What became of a name, ascending by time.</summary>
    /// <exception cref="ContentUnavailableException">An index could not be had in time.</exception>
    public async Task<IReadOnlyList<HistoryEntry>> OfAsync(string name, CancellationToken cancellationToken)
    {
        var history = new List<HistoryEntry>();
        foreach (var ofNamespace in maker.Namespaces()) await AddSuitesAsync(ofNamespace, name, history, cancellationToken);
        foreach (var publisher in publications.Own(Now).Concat(publications.Others(Now))) AddReleases(publisher, name, history);
        return [.. history.OrderBy(entry => entry.Time)];
    }

    private static long Now(LogView view) => view.Entries;

    private async Task AddSuitesAsync(string ofNamespace, string name, List<HistoryEntry> into, CancellationToken cancellationToken)
    {
        Dictionary<string, SuiteIndexEntry> listed = [];
        foreach (var suite in confirmation.Suites(ofNamespace, Now).TakeLast(SuitesMax))
        {
            IReadOnlyList<SuiteIndexEntry> versions;
            try
            {
                versions = await SuiteIndex.VersionsAsync(suite.Suite.Index, name, (cid, token) => blocks.GetAsync(suite.Suite.Index, cid, token), cancellationToken);
            }
            catch (InvalidTreeException fault)
            {
                throw new ContentUnavailableException($"The index of {ofNamespace} cannot be read: {fault.Message}");
            }
            var now = versions.ToDictionary(version => version.Version);
            foreach (var version in versions.Where(version => !listed.ContainsKey(version.Version))) into.Add(new HistoryEntry(suite.Suite.Date, HistoryChange.Appeared, ToRelease(version, suite)));
            foreach (var version in listed.Values.Where(version => !now.ContainsKey(version.Version))) into.Add(new HistoryEntry(suite.Suite.Date, HistoryChange.Vanished, ToRelease(version, suite)));
            listed = now;
        }
    }

    private static Release ToRelease(SuiteIndexEntry version, ConfirmedSuite suite) =>
        new(version.Name, version.Version, null, suite.Importer.Log.Key.ToString(), suite.Suite.Date)
        {
            Artifact = version.Artifact,
            Namespace = suite.Suite.Namespace,
            Filename = version.Filename,
        };

    private void AddReleases(string publisher, string name, List<HistoryEntry> into)
    {
        var revocations = publications.Revocations(publisher, Now);
        foreach (var release in publications.Releases(publisher, Now).Where(release => release.Name == name))
        {
            var shown = new Release(release.Name, release.Version, release.Root, release.Key.ToString(), release.Time) { Artifact = release.Artifact, Namespace = publisher };
            into.Add(new HistoryEntry(release.Time, HistoryChange.Published, shown));
            if (revocations.FirstOrDefault(revocation => revocation.Name == name && revocation.Version == release.Version) is { } revocation)
                into.Add(new HistoryEntry(release.Time, HistoryChange.Revoked, shown, revocation.Reason));
        }
    }
}
