using SwarmFS.Catalog;
using SwarmFS.Control;
using SwarmFS.Core;
using SwarmFS.Import;

namespace SwarmFS.Daemon.Catalogue;

/// <summary>Makes trees from the origin's archives through the importer, and shows in <c>status</c> how far it has come.</summary>
internal sealed class Origin(Importer importer, Activities activities) : IOrigin
{
    public async Task<MadeTree> MakeAsync(OriginPackage package, IProgress<MakingStage>? progress, CancellationToken cancellationToken)
    {
        using var activity = activities.Begin("unpack", $"{package.Name} {package.Version}", next: null);
        try
        {
            var entry = new SuiteIndexEntry(package.Name, package.Version, package.Artifact, package.Filename);
            var made = await importer.MakeAsync(new ArtifactSource(package.Namespace, entry), cancellationToken, new ShownImport(activity, progress));
            return new MadeTree(made.Package.Root, made.Package.Entries, made.Package.Bytes, made);
        }
        catch (Exception e) when (e is ImportRefusedException or IOException or UnauthorizedAccessException or StoreFullException)
        {
            throw new ContentUnavailableException($"{package.Name} {package.Version} cannot be made from its origin: {e.Message}");
        }
    }
}

/// <summary>An import's progress in the words of the control socket.</summary>
internal sealed class ShownImport(IProgress<ProgressReport> next, IProgress<MakingStage>? stages = null) : IProgress<ImportProgress>
{
    public void Report(ImportProgress value)
    {
        var stage = value.Stage switch { ImportStage.Updating => "updating", ImportStage.Downloading => "downloading", _ => "unpacking" };
        next.Report(new ProgressReport(stage, value.Subject, value.Done, Math.Max(0, value.Total), "bytes"));
        stages?.Report(value.Stage == ImportStage.Unpacking ? MakingStage.Unpacking : MakingStage.Fetching);
    }
}
