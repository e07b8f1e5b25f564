using System.Text;
using SwarmFS.Catalog;
using SwarmFS.Control;
using SwarmFS.Core;
using SwarmFS.Import;

namespace SwarmFS.Daemon.Requests;

/// <summary><c>history</c>, <c>verify</c>, <c>challenge</c>, <c>audit</c>: the past, and the reasons.</summary>
internal sealed class EvidenceRequests(PackageFinder packages, ProvenCatalog catalog, Importer importer, Activities activities)
{
    public async Task<HistoryReport> HistoryAsync(HistoryRequest request, CancellationToken cancellationToken)
    {
        var changes = await catalog.HistoryAsync(request.Name, cancellationToken);
        if (changes.Count == 0) throw new RequestException(ControlErrors.NotFound, $"No package was ever called {request.Name} in what this node believes.", "swarmfs ls pkgs lists those that are known.");
        var entries = new List<Control.HistoryEntry>();
        foreach (var change in changes)
        {
            var (version, space) = (change.Release.Version, change.Release.Namespace ?? "");
            if (change.Change is HistoryChange.Appeared or HistoryChange.Published) entries.Add(new Control.HistoryEntry(version, space, change.Time, null));
            else if (entries.FindLastIndex(entry => entry.Version == version && entry.Namespace == space) is var at and >= 0) entries[at] = entries[at] with { Gone = change.Time };
        }
        return new HistoryReport(request.Name, Latest(request.Name), entries);
    }

    private string? Latest(string name)
    {
        var snapshot = packages.Snapshot;
        return snapshot.IndexOf(Encoding.UTF8.GetBytes(name)) is var index and >= 0 ? snapshot[index].Latest.Version : null;
    }

    public async Task<VerifyReport> VerifyAsync(VerifyRequest request, CancellationToken cancellationToken)
    {
        var release = await packages.ReleaseAsync(request.Subject, cancellationToken);
        var evidence = catalog.Evidence(release.Name, release.Version)
            ?? throw new RequestException(ControlErrors.NotFound, $"{release.Name} {release.Version} is gone.", "It was shown a moment ago: ask again.");
        var steps = new List<EvidenceStep>();
        if (evidence.Suite is { } suite)
        {
            steps.Add(new EvidenceStep("signature", $"the Release of {suite.Namespace} of {suite.Date:yyyy-MM-dd HH:mm}Z, its signed text sha256:{suite.Payload}", true));
            steps.Add(new EvidenceStep("packages", $"listed there: Packages {suite.Packages}", true));
            steps.Add(new EvidenceStep("index", $"made of it: the list of names and versions {suite.Index}", true));
        }
        if (evidence.Published is { } published)
            steps.Add(new EvidenceStep("release", $"published by {published.Key} as its number {published.Sequence} on {published.Time:yyyy-MM-dd HH:mm}Z, signed", true));
        foreach (var log in evidence.Vouchers) AddVoucher(steps, log, "that record");
        if (release.Artifact is { } artifact) steps.Add(new EvidenceStep("archive", $"{artifact}{(release.Filename is { } file ? $", {file} at the origin" : "")}", true));
        if (evidence.Tree is { } tree)
        {
            steps.Add(new EvidenceStep("tree", $"unpacks to {tree.Root}, {tree.Files:n0} entries, {tree.Bytes:n0} bytes{(evidence.TreeVouchers.Count == 0 ? "; unpacked by this node itself" : "")}", true));
            foreach (var log in evidence.TreeVouchers) AddVoucher(steps, log, "the tree");
        }
        else if (evidence.Published is null) steps.Add(new EvidenceStep("tree", "nobody who is believed has unpacked it yet; it is made on first use", true));
        else steps.Add(new EvidenceStep("tree", $"{release.Root}", true));
        return new VerifyReport(release.Name, release.Version, evidence.Vouchers.Count >= evidence.Needed, evidence.Vouchers.Count, evidence.Needed, steps);
    }

    private static void AddVoucher(List<EvidenceStep> steps, LogVoucher log, string what)
    {
        var made = log.HeadTime is { } time ? $", its last batch of {time:yyyy-MM-dd HH:mm}Z" : "";
        steps.Add(new EvidenceStep("log", $"{log.Log.Name} has {what} under its checkpoint of {log.Size:n0} entries, root sha256:{log.Root}{made}", true));
        steps.AddRange(log.Witnesses.Select(witness => new EvidenceStep("witness", $"{witness.Name} cosigned that checkpoint at {witness.Time:yyyy-MM-dd HH:mm}Z", true)));
    }

    public async Task<ChallengeReport> ChallengeAsync(ChallengeRequest request, IProgress<ProgressReport> progress, CancellationToken cancellationToken)
    {
        var release = await packages.ReleaseAsync(request.Subject, cancellationToken);
        if (release is not { Artifact: { } artifact, Namespace: { } space, Filename: { } file })
            throw new RequestException(ControlErrors.Refused, $"{release.Name} {release.Version} has no archive at an origin that could be unpacked again.", "Only what a suite lists can be challenged.");
        using var activity = activities.Begin("challenge", request.Subject, progress);
        var recorded = catalog.Evidence(release.Name, release.Version)?.Tree?.Root;
        using var made = await importer.MakeAsync(
            new ArtifactSource(space, new SuiteIndexEntry(release.Name, release.Version, artifact, file)), cancellationToken, new Catalogue.ShownImport(activity));
        return new ChallengeReport(release.Name, release.Version, recorded?.ToString(), made.Package.Root.ToString(), recorded is null || recorded == made.Package.Root);
    }

    public async Task<AuditReport> AuditAsync(CancellationToken cancellationToken)
    {
        var findings = new List<string>();
        var (logs, entries) = (0, 0L);
        var indexes = new HashSet<Cid>();
        await foreach (var log in catalog.CopiesAsync(cancellationToken))
        {
            logs++;
            entries += log.Entries.Count;
            if (!log.Holds) findings.Add($"{log.Log.Name}: its files hold other entries than its checkpoint of {log.Checkpoint.Size:n0} entries signs.");
            foreach (var entry in log.Entries)
                if (CatalogRecord.TryRead(entry.Span, out _) is SuiteRecord suite) indexes.Add(suite.Index);
        }
        foreach (var index in catalog.UnreadableIndexes(indexes)) findings.Add($"The index {index} is held here and is not in order.");
        var now = catalog.Status();
        if (now.OwnUnpublished is { } own) findings.Add(Catalogue.NodeCatalogue.ShowUnpublished(own));
        foreach (var fork in now.Logs.Where(log => log.Fork is not null)) findings.Add($"{fork.Key.Name} signed two histories.");
        return new AuditReport(logs, entries, indexes.Count, findings);
    }
}
