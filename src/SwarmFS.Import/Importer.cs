using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using SwarmFS.Catalog;
using SwarmFS.Core;

namespace SwarmFS.Import;

/// <summary>
/// The outside world becomes package trees.
/// <para>
/// Participants: <see cref="AptSources"/> reads whom the system trusts; <see cref="AptRepository"/> keeps what a suite last said, verified; <see cref="DebFile"/>,
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
    /// <summary>Unpackings at a time: each decodes on one core and may hold a window of 128 MiB.</summary>
    private const int MaxUnpacking = 2;

    private readonly IBlockStore _store;
    private readonly AptImport _apt;
    private readonly ImportMetrics _metrics;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _unpacking = new(MaxUnpacking, MaxUnpacking);

    public Importer(IBlockStore store, ImporterOptions options, TimeProvider time, ILoggerFactory loggers, IMeterFactory meters)
    {
        _store = store;
        _metrics = new ImportMetrics(meters);
        _logger = loggers.CreateLogger<Importer>();
        _apt = new AptImport(options, EmptyScratch(options), time, _logger, _metrics);
    }

    /// <summary>Temporary files are of no use to anybody after a crash.</summary>
    private static string EmptyScratch(ImporterOptions options)
    {
        var scratch = Path.Join(options.StateDirectory, "scratch");
        if (Directory.Exists(scratch)) Directory.Delete(scratch, recursive: true);
        return Directory.CreateDirectory(scratch).FullName;
    }

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
            var imported = await ImportDebAsync(artifact.Path, artifact.Expected, artifact.Evidence, progress, cancellationToken);
            return imported with { Warnings = artifact.Warnings };
        });

    /// <summary>Imports a .deb in hand. Its name and version are what its control file says.</summary>
    /// <exception cref="ImportRefusedException">It is no .deb, is damaged, or holds what a tree may not.</exception>
    /// <exception cref="StoreFullException">The tree does not fit.</exception>
    public Task<ImportedPackage> ImportDebAsync(string path, CancellationToken cancellationToken, IProgress<ImportProgress>? progress = null) =>
        Guard(() => ImportDebAsync(path, expected: null, origin: null, progress, cancellationToken));

    /// <summary>Imports a local directory under a name and version of one's own.</summary>
    /// <exception cref="ImportRefusedException">Name or version may not stand in a path, or the directory cannot be read or holds what a tree may not.</exception>
    /// <exception cref="StoreFullException">The tree does not fit.</exception>
    public Task<ImportedPackage> ImportTreeAsync(
        string directory, string name, string version, CancellationToken cancellationToken, IProgress<ImportProgress>? progress = null) =>
        Guard(() =>
        {
            if (!PackageNames.IsName(name)) throw new ImportRefusedException($"'{EscapedText.Of(name)}' is no package name. Use letters, digits, '+', '-', '.' and '_', a letter or digit first.");
            var pathVersion = PackageNames.ToPathVersion(version);
            if (!PackageNames.IsPathVersion(pathVersion))
                throw new ImportRefusedException($"'{EscapedText.Of(version)}' is no version. Use letters, digits, '+', '-', '.', '~', '_' and ':', a letter or digit first.");
            return UnpackAsync(
                directory,
                tree =>
                {
                    new LocalTree(tree, directory, progress, cancellationToken).AddAll();
                    return (name, pathVersion);
                },
                new ImportEvidence(null, null),
                cancellationToken);
        });

    private async Task<ImportedPackage> ImportDebAsync(
        string path, ExpectedPackage? expected, AptEvidence? origin, IProgress<ImportProgress>? progress, CancellationToken cancellationToken)
    {
        var file = OpenDeb(path);
        await using (file)
        {
            var digest = new Sha256Digest(await SHA256.HashDataAsync(file, cancellationToken));
            var artifact = new ArtifactDigest(digest, file.Length);
            if (expected is not null && artifact != expected.Artifact)
                throw new ImportRefusedException($"{path} is refused: it is {artifact}, but the index says {expected.Artifact}. Fetch it again.");
            return await UnpackAsync(path, tree => AddDeb(file, expected, tree, progress, cancellationToken), new ImportEvidence(artifact, origin), cancellationToken);
        }
    }

    private static FileStream OpenDeb(string path)
    {
        try
        {
            var file = new FileStream(path, new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.Read, Share = FileShare.Read, BufferSize = 64 << 10 });
            if (file.CanSeek) return file;
            file.Dispose();
            throw new IOException("It is not a regular file.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ImportRefusedException($"{path} cannot be read: {e.Message} Name a .deb file that this node's user may read.", e);
        }
    }

    private static (string Name, string Version) AddDeb(
        FileStream file, ExpectedPackage? expected, TreeBuilder tree, IProgress<ImportProgress>? progress, CancellationToken cancellationToken)
    {
        file.Position = 0;
        var start = new ImportProgress(ImportStage.Unpacking, Path.GetFileName(file.Name), 0, file.Length);
        using var source = new SourceStream(file, start, progress, cancellationToken);
        var control = DebFile.Read(source, file.Length, (control, files) =>
        {
            if (expected is not null && (control.Name != expected.Name || control.Version != expected.Version))
                throw new ArchiveFormatException($"it says that it is {control.Name} {control.Version}, but the index says {expected.Name} {expected.Version}");
            TarTree.AddAll(files, tree);
        });
        return (control.Name, PackageNames.ToPathVersion(control.Version));
    }

    /// <summary>Runs a build on a thread of its own (decoding and the store are synchronous), and pins and flushes what it made.</summary>
    private async Task<ImportedPackage> UnpackAsync(
        string source, Func<TreeBuilder, (string Name, string Version)> build, ImportEvidence evidence, CancellationToken cancellationToken)
    {
        await _unpacking.WaitAsync(cancellationToken);
        try
        {
            return await Task.Factory.StartNew(() => Unpack(source, build, evidence), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
        finally
        {
            _unpacking.Release();
        }
    }

    private ImportedPackage Unpack(string source, Func<TreeBuilder, (string Name, string Version)> build, ImportEvidence evidence)
    {
        try
        {
            using var held = _store.HoldNew();
            var tree = new TreeBuilder(_store);
            var (name, version) = build(tree);
            var built = tree.Finish();
            _store.Pin(built.Root, "import");
            _store.Flush();
            _metrics.Imported(built.Bytes);
            ImportLog.Imported(_logger, name, version, built.Entries, built.Bytes, built.Root.ToString(), evidence.Summary);
            return new ImportedPackage(name, version, built.Root, built.Bytes, built.Entries, evidence);
        }
        catch (Exception e) when (e is ArchiveFormatException or InvalidTreeException)
        {
            throw new ImportRefusedException($"{source} is refused: {e.Message.TrimEnd('.')}. Nothing of it was kept; get the package from a source that you trust.", e);
        }
    }

    private async Task<ImportedPackage> Guard(Func<Task<ImportedPackage>> import)
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
