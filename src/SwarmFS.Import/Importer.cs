using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using SwarmFS.Catalog;
using SwarmFS.Core;

namespace SwarmFS.Import;

/// <summary>
/// The outside world becomes suite indices and package trees.
/// <para>
/// Participants: <see cref="AptSources"/> reads whom the system trusts; <see cref="AptRepository"/> keeps what a suite last said, verified, and <see cref="SuiteIndexKeeper"/> the index that
/// was made of it; <see cref="SuiteSync"/> says what all suites prove, <see cref="PackageMaker"/> makes a package of them on its first use; <see cref="DebFile"/>,
/// <see cref="ArReader"/>, <see cref="TarReader"/> and the decoders take a package apart as a stream; <see cref="TarTree"/> and <see cref="LocalTree"/> hand its
/// entries to Core's <see cref="TreeBuilder"/>.
/// </para>
/// <para>
/// Goals: the same .deb gives the same root on every machine, for ever; nothing is believed that a signature does not lead to; hostile input is refused by name,
/// in bounded memory and time, and leaves the store's pins and the accepted state of every suite as they were.
/// </para>
/// <para>Non-goals: installing packages, running their scripts, resolving dependencies, publishing names (the catalogue does that with what is returned here).</para>
/// Safe from any thread.
/// </summary>
public sealed class Importer
{
    private readonly AptImport _apt;
    private readonly SuiteSync _sync;
    private readonly PackageMaker _maker;
    private readonly Unpacker _unpacker;
    private readonly ImportMetrics _metrics;
    private readonly ILogger _logger;

    public Importer(IBlockStore store, ImporterOptions options, TimeProvider time, ILoggerFactory loggers, IMeterFactory meters)
    {
        _metrics = new ImportMetrics(meters);
        _logger = loggers.CreateLogger<Importer>();
        var scratch = EmptyScratch(options);
        var keeper = new SuiteIndexKeeper(store, Path.Join(options.StateDirectory, "pinned-indices"));
        var update = new AptUpdate(options, scratch, keeper, time, _logger, _metrics);
        var fetch = new DebFetch(scratch);
        _unpacker = new Unpacker(store, _metrics, _logger);
        _sync = new SuiteSync(update, keeper, _logger);
        _maker = new PackageMaker(store, update, fetch, _unpacker, _logger);
        _apt = new AptImport(update, fetch, _logger);
    }

    /// <summary>Temporary files are of no use to anybody after a crash.</summary>
    private static string EmptyScratch(ImporterOptions options)
    {
        var scratch = Path.Join(options.StateDirectory, "scratch");
        if (Directory.Exists(scratch)) Directory.Delete(scratch, recursive: true);
        return Directory.CreateDirectory(scratch).FullName;
    }

    /// <summary>
    /// Brings the system's apt sources up to date and says what each proves. A suite that did not change costs one small file. What fails at one source is told in the result.
    /// </summary>
    /// <param name="suite">"bookworm": only the sources of this suite; null for all.</param>
    /// <exception cref="ImportRefusedException">There is no source, or none of this suite.</exception>
    /// <exception cref="SourceUnavailableException">apt is not installed.</exception>
    /// <exception cref="StoreFullException">An index does not fit.</exception>
    public Task<SyncResult> SyncAsync(string? suite, CancellationToken cancellationToken, IProgress<ImportProgress>? progress = null) =>
        Guard(() => _sync.RunAsync(suite, progress, cancellationToken));

    /// <summary>
    /// Makes the tree of a package that a suite's index lists, from the origin's archive. It is not pinned: what is returned holds it until it is disposed. Calls for one archive
    /// at the same time are one making, whose progress the first of them hears.
    /// </summary>
    /// <exception cref="ImportRefusedException">No source has the namespace; or what they deliver is not the archive, or cannot be unpacked.</exception>
    /// <exception cref="SourceUnavailableException">No source that has the namespace delivered the archive.</exception>
    /// <exception cref="StoreFullException">The tree does not fit.</exception>
    public Task<MadePackage> MakeAsync(ArtifactSource source, CancellationToken cancellationToken, IProgress<ImportProgress>? progress = null) =>
        Guard(() => _maker.MakeAsync(source, progress, cancellationToken));

    /// <summary>
    /// Imports from the system's own apt sources: the newest version, or the one that is asked for as "name=version".
    /// </summary>
    /// <exception cref="ImportRefusedException">No source has it, or something on the way from the signature to the files does not hold.</exception>
    /// <exception cref="SourceUnavailableException">A source that is needed does not answer.</exception>
    /// <exception cref="StoreFullException">The tree does not fit.</exception>
    public Task<ImportedPackage> ImportAptAsync(string package, CancellationToken cancellationToken, IProgress<ImportProgress>? progress = null) =>
        Guard(async () =>
        {
            using var artifact = await _apt.FetchAsync(package, progress, cancellationToken);
            var imported = await Pinned(_unpacker.UnpackDebAsync(artifact.Path, artifact.Expected, new ImportEvidence(null, artifact.Evidence), Keeping.Pinned, progress, cancellationToken));
            return imported with { Warnings = artifact.Warnings };
        });

    /// <summary>Imports a .deb in hand. Its name and version are what its control file says.</summary>
    /// <exception cref="ImportRefusedException">It is no .deb, is damaged, or holds what a tree may not.</exception>
    /// <exception cref="StoreFullException">The tree does not fit.</exception>
    public Task<ImportedPackage> ImportDebAsync(string path, CancellationToken cancellationToken, IProgress<ImportProgress>? progress = null) =>
        Guard(() => Pinned(_unpacker.UnpackDebAsync(path, expected: null, new ImportEvidence(null, null), Keeping.Pinned, progress, cancellationToken)));

    /// <summary>Imports a local directory under a name and version of one's own.</summary>
    /// <exception cref="ImportRefusedException">Name or version may not stand in a path, or the directory cannot be read or holds what a tree may not.</exception>
    /// <exception cref="StoreFullException">The tree does not fit.</exception>
    public Task<ImportedPackage> ImportTreeAsync(
        string directory, string name, string version, CancellationToken cancellationToken, IProgress<ImportProgress>? progress = null) =>
        Guard(() =>
        {
            if (!PackageNames.IsName(name)) throw new ImportRefusedException($"'{EscapedText.Of(name)}' is no package name. Use letters, digits, '+', '-', '.' and '_', a letter or digit first, at most {PackageNames.NameLengthMax} characters.");
            var pathVersion = PackageNames.ToPathVersion(version);
            if (!PackageNames.IsPathVersion(pathVersion))
                throw new ImportRefusedException($"'{EscapedText.Of(version)}' is no version. Use letters, digits, '+', '-', '.', '~', '_' and ':', a letter or digit first, at most {PackageNames.VersionLengthMax} characters with ':' as three.");
            return Pinned(_unpacker.UnpackAsync(
                directory,
                tree =>
                {
                    new LocalTree(tree, directory, progress, cancellationToken).AddAll();
                    return (name, pathVersion);
                },
                new ImportEvidence(null, null),
                Keeping.Pinned,
                cancellationToken));
        });

    private static async Task<ImportedPackage> Pinned(Task<(ImportedPackage Package, IDisposable Hold)> unpacking)
    {
        var (package, hold) = await unpacking;
        hold.Dispose();
        return package;
    }

    private async Task<T> Guard<T>(Func<Task<T>> import)
    {
        try
        {
            return await import();
        }
        catch (ImportRefusedException e)
        {
            _metrics.Refused();
            ImportLog.Refused(_logger, e.Message);
            throw;
        }
    }
}
