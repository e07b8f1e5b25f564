using System.Text;
using SwarmFS.Catalog;
using SwarmFS.Control;
using SwarmFS.Core;
using SwarmFS.Daemon.Catalogue;
using SwarmFS.Import;
using SwarmFS.Signing;

namespace SwarmFS.Daemon.Requests;

/// <summary>
/// <c>import</c> and <c>publish</c>: a tree made by the importer gets its place in the own log, or leaves no trace. What the system's apt sources list is recorded as what it is, a suite and the
/// tree of an archive; everything else is a release of this node's own.
/// </summary>
internal sealed class ImportRequests(Importer importer, ProvenCatalog catalog, SuiteSync sync, IBlockStore store, Activities activities, TimeProvider time)
{
    public Task<ImportReport> ImportAsync(ImportRequest request, IProgress<ProgressReport> progress, CancellationToken cancellationToken) =>
        RunAsync("import", request, publisher: null, progress, cancellationToken);

    public async Task<ImportReport> PublishAsync(PublishRequest request, IProgress<ProgressReport> progress, CancellationToken cancellationToken)
    {
        // Before the tree is read: a key that cannot be used is said at once.
        using var publisher = PublisherKeyFile.Read(request.Key);
        return await RunAsync("publish", new ImportRequest(ImportKind.Tree, request.Directory, request.Name, request.Version), publisher, progress, cancellationToken);
    }

    private async Task<ImportReport> RunAsync(string word, ImportRequest request, Ed25519PrivateKey? publisher, IProgress<ProgressReport> progress, CancellationToken cancellationToken)
    {
        using var activity = activities.Begin(word, request.Subject, progress);
        var started = time.GetTimestamp();
        var shown = new ShownImport(activity);
        var package = request.Kind switch
        {
            ImportKind.Apt => await importer.ImportAptAsync(request.Subject, cancellationToken, shown),
            ImportKind.Deb => await importer.ImportDebAsync(RequestPath.Absolute(request.Subject), cancellationToken, shown),
            ImportKind.Tree => await importer.ImportTreeAsync(RequestPath.Absolute(request.Subject), request.Name ?? "", request.Version ?? "", cancellationToken, shown),
            _ => throw new RequestException(ControlErrors.Usage, $"There is no import of kind {request.Kind}."),
        };
        await RecordAsync(request.Kind, package, publisher, activity, cancellationToken);
        return new ImportReport(
            package.Name, package.Version, package.Root.ToString(), $"pkgs/{package.Name}/{package.Version}",
            package.Bytes, package.Entries, package.Evidence.Summary, time.GetElapsedTime(started).TotalSeconds, package.Warnings);
    }

    private async Task RecordAsync(ImportKind kind, ImportedPackage package, Ed25519PrivateKey? publisher, IProgress<ProgressReport> progress, CancellationToken cancellationToken)
    {
        try
        {
            var artifact = package.Evidence.Artifact;
            if (artifact is not null) await catalog.RecordTreeAsync(new TreeRecord(artifact, package.Root, package.Entries, package.Bytes), cancellationToken);
            if (kind != ImportKind.Apt) await catalog.PublishAsync(package.Name, package.Version, package.Root, artifact, publisher, cancellationToken);
            else if (!Lists(package)) await sync.RunAsync(null, progress, cancellationToken);
        }
        catch (Exception e) when (e is CatalogRefusedException or StoreFullException)
        {
            // Nothing names the tree now: without its pin it is evicted in its turn.
            if (catalog.ReleaseOf(package.Root) is null) store.Unpin(package.Root);
            throw;
        }
    }

    /// <summary>True when a suite that is shown lists the package: then its name needs no further word.</summary>
    private bool Lists(ImportedPackage package)
    {
        var snapshot = catalog.Current;
        return snapshot.IndexOf(Encoding.UTF8.GetBytes(package.Name)) is var index and >= 0
            && snapshot[index].Releases.Any(release => release.Version == package.Version && release.Artifact == package.Evidence.Artifact);
    }
}
