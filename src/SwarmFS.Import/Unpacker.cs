using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using SwarmFS.Catalog;
using SwarmFS.Core;

namespace SwarmFS.Import;

/// <summary>For how long a tree that was made stays in the store.</summary>
internal enum Keeping
{
    /// <summary>Until somebody unpins it: somebody asked for the import.</summary>
    Pinned,

    /// <summary>While the returned handle lives; then it is part of the cache.</summary>
    WhileHeld,
}

/// <summary>Makes trees, a few at a time, each on a thread of its own: decoding and the store are synchronous.</summary>
internal sealed class Unpacker(IBlockStore store, ImportMetrics metrics, ILogger logger)
{
    /// <summary>Unpackings at a time: each decodes on one core and may hold a window of 128 MiB.</summary>
    private const int MaxUnpacking = 2;

    private readonly SemaphoreSlim _unpacking = new(MaxUnpacking, MaxUnpacking);

    /// <param name="expected">What it has to be, or null to believe its control file.</param>
    /// <param name="evidence">Whose artifact is what the file turns out to be.</param>
    /// <returns>The package, and a handle that keeps its blocks; the caller disposes it.</returns>
    /// <exception cref="ImportRefusedException">It is not what is expected, is damaged, or holds what a tree may not.</exception>
    /// <exception cref="StoreFullException">The tree does not fit.</exception>
    public async Task<(ImportedPackage Package, IDisposable Hold)> UnpackDebAsync(
        string path, ExpectedPackage? expected, ImportEvidence evidence, Keeping keeping, IProgress<ImportProgress>? progress, CancellationToken cancellationToken)
    {
        var file = OpenDeb(path);
        await using (file)
        {
            LinuxInterop.TryStatus(file.SafeFileHandle, [], out var before);
            var digest = new Sha256Digest(await SHA256.HashDataAsync(file, cancellationToken));
            var artifact = new ArtifactDigest(digest, file.Length);
            if (expected is not null && artifact != expected.Artifact)
                throw new ImportRefusedException($"{path} is refused: it is {artifact}, but the index says {expected.Artifact}. Fetch it again.");
            return await UnpackAsync(path, tree => AddDeb(path, file, before, expected, tree, progress, cancellationToken), evidence with { Artifact = artifact }, keeping, cancellationToken);
        }
    }

    /// <param name="source">For messages.</param>
    /// <param name="build">Fills the tree and says whose it is.</param>
    /// <returns>The package, and a handle that keeps its blocks; the caller disposes it.</returns>
    /// <exception cref="ImportRefusedException">It holds what a tree may not.</exception>
    /// <exception cref="StoreFullException">The tree does not fit.</exception>
    public async Task<(ImportedPackage Package, IDisposable Hold)> UnpackAsync(
        string source, Func<TreeBuilder, (string Name, string Version)> build, ImportEvidence evidence, Keeping keeping, CancellationToken cancellationToken)
    {
        await _unpacking.WaitAsync(cancellationToken);
        try
        {
            return await Task.Factory.StartNew(() => Unpack(source, build, evidence, keeping), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
        finally
        {
            _unpacking.Release();
        }
    }

    private (ImportedPackage Package, IDisposable Hold) Unpack(string source, Func<TreeBuilder, (string Name, string Version)> build, ImportEvidence evidence, Keeping keeping)
    {
        try
        {
            using var held = store.HoldNew();
            var tree = new TreeBuilder(store);
            var (name, version) = build(tree);
            var built = tree.Finish();
            if (keeping == Keeping.Pinned)
            {
                store.Pin(built.Root, "import");
                store.Flush();
            }
            metrics.Imported(built.Bytes);
            ImportLog.Imported(logger, name, version, built.Entries, built.Bytes, built.Root.ToString(), evidence.Summary);
            return (new ImportedPackage(name, version, built.Root, built.Bytes, built.Entries, evidence), store.Use(built.Root));
        }
        catch (Exception e) when (e is ArchiveFormatException or InvalidTreeException)
        {
            throw new ImportRefusedException($"{source} is refused: {e.Message.TrimEnd('.')}. Nothing of it was kept; get the package from a source that you trust.", e);
        }
    }

    private static FileStream OpenDeb(string path)
    {
        try
        {
            return NamedFile.Open(path);
        }
        catch (IOException e)
        {
            throw new ImportRefusedException($"{path} cannot be read: {e.Message} Name a .deb file that this node's user may read.", e);
        }
    }

    private static (string Name, string Version) AddDeb(
        string path, FileStream file, FileStatus before, ExpectedPackage? expected, TreeBuilder tree, IProgress<ImportProgress>? progress, CancellationToken cancellationToken)
    {
        file.Position = 0;
        var start = new ImportProgress(ImportStage.Unpacking, Path.GetFileName(path), 0, file.Length);
        using var source = new SourceStream(file, start, progress, cancellationToken);
        var control = DebFile.Read(source, file.Length, (control, files) =>
        {
            if (expected is not null && (control.Name != expected.Name || control.Version != expected.Version))
                throw new ArchiveFormatException($"it says that it is {control.Name} {control.Version}, but the index says {expected.Name} {expected.Version}");
            TarTree.AddAll(files, tree);
        });
        // It is read twice, and what is said of its hash has to be said of what was unpacked.
        if (!LinuxInterop.TryStatus(file.SafeFileHandle, [], out var after) || !after.IsUnchanged(before))
            throw new ImportRefusedException($"{path} changed while it was read. Import it again when nobody writes to it.");
        return (control.Name, PackageNames.ToPathVersion(control.Version));
    }
}
