using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using SwarmFS.Core;

namespace SwarmFS.Catalog;

/// <summary>A snapshot with what it was made of.</summary>
/// <param name="Suites">Those shown, in the order in which they are asked.</param>
/// <param name="IsWhole">False when the index of a confirmed suite could not be had: then its table of before is shown, if there was one.</param>
internal sealed record MadeSnapshot(PackedSnapshot Snapshot, IReadOnlyList<ConfirmedSuite> Suites, IReadOnlyList<CatalogConflict> Conflicts, bool IsWhole);

/// <summary>Makes snapshots by the rule of CATALOG.md, "What a name means": own releases, suites by origin in their order, releases of other publishers.</summary>
internal sealed class SnapshotMaker(
    CatalogPolicy policy, Confirmation confirmation, LogView? own, Publications publications, SuiteTables tables, Func<ArtifactDigest, Cid?> tree, ILogger log)
{
    /// <summary>Tables that were read and are not shown yet, by their indexes.</summary>
    private readonly ConcurrentDictionary<Cid, PackageTable> _ready = new();

    /// <summary>The tables that are shown now, by namespace: what is shown again while a newer index cannot be had.</summary>
    private readonly ConcurrentDictionary<string, (Cid Index, PackageTable Table)> _shown = new();

    /// <summary>Reads the indexes of confirmed suites that are not shown yet, and fetches them where they are not here. One caller at a time.</summary>
    /// <returns>False when not all could be had.</returns>
    public async Task<bool> PrepareAsync(CancellationToken cancellationToken)
    {
        var isWhole = true;
        foreach (var name in Namespaces())
        {
            if (confirmation.Suite(name, view => view.Entries) is not { } suite || IsShown(suite, out _) || _ready.ContainsKey(suite.Suite.Index)) continue;
            try
            {
                _ready[suite.Suite.Index] = await tables.ReadAsync(suite, cancellationToken);
            }
            catch (Exception e) when (e is ContentUnavailableException or InvalidTreeException)
            {
                CatalogLog.SuiteMissing(log, name, RecordLines.Show(suite.Suite.Date), e.Message);
                isWhole = false;
            }
        }
        return isWhole;
    }

    /// <summary>The catalogue now, from what is here: nothing is fetched. One caller at a time.</summary>
    public MadeSnapshot MakeCurrent(IReadOnlyList<Release> pins)
    {
        var isWhole = true;
        var suites = new List<(ConfirmedSuite, PackageTable)>();
        foreach (var name in Namespaces())
        {
            if (confirmation.Suite(name, view => view.Entries) is not { } suite) continue;
            if (IsShown(suite, out var table) || TryShow(suite, out table)) suites.Add((suite, table));
            else isWhole = false;
            if (table is null && _shown.TryGetValue(name, out var before)) suites.Add((suite, before.Table));
        }
        _ready.Clear();
        var made = Make(suites, view => view.Entries, pins, isWhole);
        return made with { Conflicts = [.. made.Conflicts, .. Contradictions.In(confirmation)] };
    }

    private bool TryShow(ConfirmedSuite suite, [NotNullWhen(true)] out PackageTable? table)
    {
        try
        {
            if (!_ready.TryRemove(suite.Suite.Index, out table) && !tables.TryRead(suite, out table)) return false;
        }
        catch (InvalidTreeException)
        {
            table = null;
            return false;
        }
        _shown[suite.Suite.Namespace] = (suite.Suite.Index, table);
        return true;
    }

    /// <summary>The catalogue as its logs had so many entries.</summary>
    /// <exception cref="ContentUnavailableException">An index could not be had in time.</exception>
    public async Task<PackedSnapshot> MakePastAsync(Func<LogView, long> entries, CancellationToken cancellationToken)
    {
        var suites = new List<(ConfirmedSuite, PackageTable)>();
        foreach (var name in Namespaces())
        {
            if (confirmation.Suite(name, entries) is not { } suite) continue;
            try
            {
                suites.Add((suite, IsShown(suite, out var table) ? table : await tables.GetPastAsync(suite, cancellationToken)));
            }
            catch (InvalidTreeException fault)
            {
                throw new ContentUnavailableException($"The index of {name} cannot be read: {fault.Message}");
            }
        }
        return Make(suites, entries, [], isWhole: true).Snapshot;
    }

    private bool IsShown(ConfirmedSuite suite, [NotNullWhen(true)] out PackageTable? table)
    {
        var isShown = _shown.TryGetValue(suite.Suite.Namespace, out var shown) && shown.Index == suite.Suite.Index && shown.Table.Published == suite.Suite.Date;
        table = isShown ? shown.Table : null;
        return isShown;
    }

    /// <summary>Suites' namespaces in the order in which they are asked; suites of one origin stand together.</summary>
    public IReadOnlyList<string> Namespaces()
    {
        var known = confirmation.Namespaces();
        var asked = policy.Namespaces.Count == 0
            ? known
            : [.. policy.Namespaces.SelectMany(wanted => known.Where(name => name == wanted || name.StartsWith(wanted + "/", StringComparison.Ordinal))).Distinct()];
        return [.. asked.GroupBy(CatalogNamespace.OriginOf).SelectMany(origin => origin)];
    }

    private MadeSnapshot Make(IReadOnlyList<(ConfirmedSuite Suite, PackageTable Table)> suites, Func<LogView, long> entries, IReadOnlyList<Release> pins, bool isWhole)
    {
        var conflicts = new List<CatalogConflict>();
        var builder = new SnapshotBuilder();
        foreach (var publisher in publications.Own(entries)) AddPublisher(builder, publisher, entries, pins, conflicts);
        foreach (var origin in suites.GroupBy(suite => CatalogNamespace.OriginOf(suite.Suite.Suite.Namespace)))
        {
            AddGroup(
                builder, origin.Select(suite => suite.Table),
                pins.Where(pin => pin.Namespace is { } name && CatalogNamespace.IsSuite(name) && CatalogNamespace.OriginOf(name) == origin.Key));
        }
        foreach (var publisher in publications.Others(entries)) AddPublisher(builder, publisher, entries, pins, conflicts);
        var snapshot = builder.Finish(pins.ToDictionary(pin => pin.Name, pin => pin.Version), ChangedAt(entries), tree);
        return new MadeSnapshot(snapshot, [.. suites.Select(suite => suite.Suite)], conflicts, isWhole);
    }

    private void AddPublisher(SnapshotBuilder builder, string publisher, Func<LogView, long> entries, IReadOnlyList<Release> pins, List<CatalogConflict> conflicts)
    {
        var standing = publications.Standing(publisher, entries, conflicts);
        var key = standing.Count == 0 ? "" : standing[0].Key.ToString();
        AddGroup(builder, [PublisherReleases.ToTable(publisher, standing, key)], pins.Where(pin => pin.Namespace == publisher));
    }

    private static void AddGroup(SnapshotBuilder builder, IEnumerable<PackageTable> ofGroup, IEnumerable<Release> pins)
    {
        builder.BeginGroup();
        foreach (var table in ofGroup) builder.Add(table);
        foreach (var pin in pins)
        {
            var pinned = new PackageTable.Builder(pin.Namespace!, pin.Importer, pin.Published);
            pinned.Add(pin);
            builder.Add(pinned.Finish());
        }
    }

    /// <summary>The newest head among those that count: the same after a restart, and for a moment of the past.</summary>
    private DateTimeOffset ChangedAt(Func<LogView, long> entries)
    {
        var changed = DateTimeOffset.UnixEpoch;
        foreach (var view in own is null ? confirmation.Logs : confirmation.Logs.Append(own))
        {
            if (view.State.HeadUpTo(entries(view)) is { } head && head.Time > changed) changed = head.Time;
        }
        return changed;
    }
}
