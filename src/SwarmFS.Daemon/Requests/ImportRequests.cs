using SwarmFS.Catalog;
using SwarmFS.Control;
using SwarmFS.Core;
using SwarmFS.Import;

namespace SwarmFS.Daemon.Requests;

/// <summary><c>import</c>: a tree made by the importer gets its name in the catalogue, or leaves no trace.</summary>
internal sealed class ImportRequests(Importer importer, AnnouncementCatalog catalog, IBlockStore store, Activities activities, TimeProvider time)
{
    public async Task<ImportReport> ImportAsync(ImportRequest request, IProgress<ProgressReport> progress, CancellationToken cancellationToken)
    {
        using var activity = activities.Begin("import", request.Subject, progress);
        var started = time.GetTimestamp();
        var shown = new Forward(activity);
        var package = request.Kind switch
        {
            ImportKind.Apt => await importer.ImportAptAsync(request.Subject, cancellationToken, shown),
            ImportKind.Deb => await importer.ImportDebAsync(Absolute(request.Subject), cancellationToken, shown),
            ImportKind.Tree => await importer.ImportTreeAsync(Absolute(request.Subject), request.Name ?? "", request.Version ?? "", cancellationToken, shown),
            _ => throw new RequestException(ControlErrors.Usage, $"There is no import of kind {request.Kind}."),
        };
        Publish(package);
        return new ImportReport(
            package.Name, package.Version, package.Root.ToString(), $"pkgs/{package.Name}/{package.Version}",
            package.Bytes, package.Entries, package.Evidence.Summary, time.GetElapsedTime(started).TotalSeconds, package.Warnings);
    }

    private static string Absolute(string path) =>
        Path.IsPathRooted(path) ? path : throw new RequestException(ControlErrors.Usage, $"{path} is not an absolute path.", "The node has a working directory of its own; send the whole path.");

    private void Publish(ImportedPackage package)
    {
        try
        {
            catalog.Publish(package.Name, package.Version, package.Root, package.Evidence.Artifact);
        }
        catch (CatalogRefusedException)
        {
            // Nothing names the tree now: without its pin it is evicted in its turn.
            if (!IsNamed(package.Root)) store.Unpin(package.Root);
            throw;
        }
    }

    private bool IsNamed(Cid root)
    {
        var snapshot = catalog.Current;
        for (var i = 0; i < snapshot.Count; i++)
            if (snapshot[i].Releases.Any(release => release.Root == root)) return true;
        return false;
    }

    private sealed class Forward(IProgress<ProgressReport> next) : IProgress<ImportProgress>
    {
        public void Report(ImportProgress value)
        {
            var stage = value.Stage switch { ImportStage.Updating => "updating", ImportStage.Downloading => "downloading", _ => "unpacking" };
            next.Report(new ProgressReport(stage, value.Subject, value.Done, Math.Max(0, value.Total), "bytes"));
        }
    }
}
