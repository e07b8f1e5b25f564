using Microsoft.Extensions.Logging;
using SwarmFS.Catalog;
using SwarmFS.Core;

namespace SwarmFS.Import;

/// <summary>Makes packages on their first use: the origin's archive by its proven hash, from whichever source has its namespace, unpacked. One making per archive at a time.</summary>
internal sealed class PackageMaker(IBlockStore store, AptUpdate sources, DebFetch fetch, Unpacker unpacker, ILogger logger)
{
    private readonly SingleFlight<ArtifactDigest, MadePackage> _flights = new();

    /// <exception cref="ImportRefusedException">No source has the namespace; or what they deliver is not the archive, or cannot be unpacked.</exception>
    /// <exception cref="SourceUnavailableException">No source that has the namespace delivered the archive.</exception>
    /// <exception cref="StoreFullException">The tree does not fit.</exception>
    public async Task<MadePackage> MakeAsync(ArtifactSource source, IProgress<ImportProgress>? progress, CancellationToken cancellationToken)
    {
        if (source.Entry.Fault() is { } fault) throw new ImportRefusedException($"'{EscapedText.Of(source.Entry.Name)}' cannot be made: {fault}.");
        using var shared = await _flights.RunAsync(source.Entry.Artifact, cancelled => MakeNowAsync(source, progress, cancelled), cancellationToken);
        var made = shared.Result.Package;
        // The name is the caller's own; whoever was first may have asked for the archive under another.
        if (made.Name != source.Entry.Name || made.Version != source.Entry.Version)
            throw new ImportRefusedException($"The archive {source.Entry.Artifact} says that it is {made.Name} {made.Version}, but the index says {source.Entry.Name} {source.Entry.Version}.");
        return new MadePackage(made with { Evidence = made.Evidence with { Namespace = source.Namespace } }, store.Use(made.Root));
    }

    private async Task<MadePackage> MakeNowAsync(ArtifactSource source, IProgress<ImportProgress>? progress, CancellationToken cancellationToken)
    {
        var path = await FetchAsync(source, progress, cancellationToken);
        try
        {
            var entry = source.Entry;
            var expected = new ExpectedPackage(entry.Name, PackageNames.FromPathVersion(entry.Version), entry.Artifact);
            var (package, hold) = await unpacker.UnpackDebAsync(path, expected, new ImportEvidence(entry.Artifact, null) { Namespace = source.Namespace }, Keeping.WhileHeld, progress, cancellationToken);
            return new MadePackage(package, hold);
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Asks one source after the other; what one of them gets wrong is no reason not to ask the next.</summary>
    private async Task<string> FetchAsync(ArtifactSource source, IProgress<ImportProgress>? progress, CancellationToken cancellationToken)
    {
        var (state, having) = await sources.FindAsync(source.Namespace, progress, cancellationToken);
        using (state)
        {
            if (having.Count == 0)
                throw new ImportRefusedException($"No package source of this system has {EscapedText.Of(source.Namespace)}. Add one that does to the system's apt sources.");
            for (var next = 0; ; next++)
            {
                try
                {
                    return await fetch.RunAsync(new Uri(having[next].Address, source.Entry.Filename), source.Entry.Artifact, state.Fetcher, progress, cancellationToken);
                }
                catch (Exception e) when (e is ImportRefusedException or SourceUnavailableException && next < having.Count - 1)
                {
                    ImportLog.SourceLeftOut(logger, e.Message);
                }
            }
        }
    }
}
