using System.Text;
using SwarmFS.Catalog;
using SwarmFS.Control;
using SwarmFS.Core;
using SwarmFS.Daemon.Catalogue;

namespace SwarmFS.Daemon.Requests;

/// <summary><c>log</c>, <c>proof get</c>, <c>revoke</c>: the own log, shown and proven.</summary>
internal sealed class OwnLogRequests(PackageFinder packages, ProvenCatalog catalog)
{
    /// <summary>Records of one answer: 8 MB at the most.</summary>
    private const int EntriesMax = 1000;

    public async Task<LogReport> ShowAsync(LogRequest request, CancellationToken cancellationToken)
    {
        if (request.Count is < 0 or > EntriesMax || request.First is < 0)
            throw new RequestException(ControlErrors.Usage, $"Entries are numbered from 0, and at most {EntriesMax} are shown at once.");
        var key = catalog.OwnLog?.ToString() ?? "";
        var unpublished = catalog.Status().OwnUnpublished is { } waiting ? NodeCatalogue.ShowUnpublished(waiting) : null;
        if (catalog.OwnCheckpoint is not { } own) return new LogReport(key, 0, null, null, [], unpublished);
        IReadOnlyList<string> records = request.First is { } first ? await EntriesAsync((int)Math.Min(first, int.MaxValue), request.Count, cancellationToken) : [];
        return new LogReport(key, catalog.OwnEntries, Encoding.UTF8.GetString(own.Note.ToBytes()), own.Files.ToString(), records, unpublished);
    }

    private async Task<IReadOnlyList<string>> EntriesAsync(int first, int count, CancellationToken cancellationToken)
    {
        await foreach (var log in catalog.CopiesAsync(cancellationToken))
            return [.. log.Entries.Skip(first).Take(count).Select(entry => Encoding.UTF8.GetString(entry.Span))];
        return [];
    }

    /// <summary>The first log that has the record proves it.</summary>
    public async Task<ProofReport> ProveAsync(ProofRequest request, CancellationToken cancellationToken)
    {
        var release = await packages.ReleaseAsync(request.Subject, cancellationToken);
        var evidence = catalog.Evidence(release.Name, release.Version);
        CatalogRecord? record = (CatalogRecord?)evidence?.Published ?? evidence?.Tree ?? (CatalogRecord?)evidence?.Suite;
        if (record is null) throw new RequestException(ControlErrors.NotFound, $"No log has a record of {release.Name} {release.Version}.");
        var entry = record.Encode();
        await foreach (var log in catalog.CopiesAsync(cancellationToken))
        {
            if (log.Prove(entry) is { } proof) return new ProofReport(log.Log.ToString(), Encoding.UTF8.GetString(entry), Encoding.UTF8.GetString(proof.ToBytes()));
        }
        throw new RequestException(ControlErrors.NotFound, $"No checkpoint covers the record of {release.Name} {release.Version} yet.", "It is published within a second, or when its witnesses answer: ask again.");
    }

    public async Task<RevokeReport> RevokeAsync(RevokeRequest request, CancellationToken cancellationToken)
    {
        using var key = PublisherKeyFile.Read(request.Key);
        var space = await catalog.RevokeAsync(request.Name, request.Version, request.Reason, key, cancellationToken);
        return new RevokeReport(request.Name, request.Version, space);
    }
}
