using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using SwarmFS.Catalog;
using SwarmFS.Core;

namespace SwarmFS.Import;

/// <summary>
/// The Packages files of one suite: fetched, verified, unpacked on disk under the names of their hashes, and made into suite indices in the store. A file is read once, as a stream,
/// and believed when its end is reached and size and hash are those of the signed text.
/// </summary>
internal sealed class AptIndexFiles(AptSource source, AptSources system, AptFetcher fetcher, SuiteIndexKeeper keeper, string directory, string scratch, ILogger logger)
{
    /// <summary>Bytes of an unpacked Packages file; Debian's largest has 60 MB.</summary>
    private const long MaxPackages = 1L << 30;

    /// <summary>The packed forms in the order of preference.</summary>
    private static readonly string[] Packings = [".xz", ".gz", ".zst", ""];

    /// <summary>An index as the Release lists it, on disk and in the store: known before, made of what lies on disk, or fetched.</summary>
    /// <param name="before">What was accepted before.</param>
    /// <exception cref="ImportRefusedException">It is not listed, too large, or not what is listed.</exception>
    /// <exception cref="SourceUnavailableException">The repository does not deliver it.</exception>
    /// <exception cref="StoreFullException">The store has no space for the suite index.</exception>
    public async Task<AcceptedIndex> BringAsync(ReleaseFile release, string path, IReadOnlyList<AcceptedIndex> before, IProgress<ImportProgress>? progress, CancellationToken cancellationToken)
    {
        var plain = release.Find(path) ?? throw new ImportRefusedException($"{new Uri(source.Root, "InRelease")} is refused: it lists no {path} with a SHA-256.");
        if (plain.Size > MaxPackages) throw new ImportRefusedException($"{new Uri(source.Root, path)} is refused: it has {plain.Size} bytes; {MaxPackages} are allowed.");
        var index = new AcceptedIndex(path, plain.Size, plain.Digest.ToString(), NamespaceOf(release, path));
        var known = before.FirstOrDefault(other => (other.Path, other.Sha256, other.Size) == (index.Path, index.Sha256, index.Size));
        if (known is not null && keeper.Has(known.Root)) return index with { Index = known.Index, Entries = known.Entries };
        return await Task.Run(() => BuildFromDisk(index), cancellationToken) ?? await FetchIndexAsync(release, index, progress, cancellationToken);
    }

    private string ArchitectureOf(string path) => source.IsFlat ? system.Configuration.Architecture : path.Split('/')[^2]["binary-".Length..];

    /// <returns>Null where the Release lacks the words for one.</returns>
    public string? NamespaceOf(ReleaseFile release, string path) => SuiteNamespace.Of(
        release.Origin, release.Codename ?? release.Suite, source.IsFlat ? SuiteNamespace.Flat : path[..path.LastIndexOf("/binary-", StringComparison.Ordinal)], ArchitectureOf(path));

    private async Task<AcceptedIndex> FetchIndexAsync(ReleaseFile release, AcceptedIndex index, IProgress<ImportProgress>? progress, CancellationToken cancellationToken)
    {
        var path = index.Path;
        var (packing, packed) = Packings.Select(p => (p, release.Find(path + p))).First(p => p.Item2 is not null);
        var address = new Uri(source.Root, release.ByHash ? $"{path[..(path.LastIndexOf('/') + 1)]}by-hash/SHA256/{packed!.Digest}" : path + packing);
        var temporary = Path.Join(scratch, "index-" + Guid.NewGuid().ToString("n"));
        try
        {
            await using var file = new FileStream(temporary, FileMode.Create, FileAccess.ReadWrite);
            await fetcher.FetchAsync(address, file, packed!.Size, packed.Size, progress, ImportStage.Updating, cancellationToken);
            file.Position = 0;
            if (new Sha256Digest(await SHA256.HashDataAsync(file, cancellationToken)) != packed.Digest)
                throw new ImportRefusedException($"{address} is refused: it does not have the SHA-256 that the signed Release lists for it. Try again later, or choose another mirror.");
            file.Position = 0;
            return await Task.Run(() => UnpackIndex(file, packing, index, address), cancellationToken);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private AcceptedIndex UnpackIndex(Stream packed, string packing, AcceptedIndex index, Uri address)
    {
        var temporary = Path.Join(scratch, "unpacked-" + Guid.NewGuid().ToString("n"));
        try
        {
            SuiteIndexBuilder builder;
            using (var copy = new FileStream(temporary, FileMode.Create, FileAccess.Write))
            {
                var bounded = new BoundedStream(Packing.Open(packing, packed)!, index.Size, "the index");
                using var unpacked = new HashingStream(bounded, copy);
                builder = Read(unpacked, index, address.ToString());
                Durable.Flush(copy);
            }
            File.Move(temporary, Path.Join(directory, index.FileName), overwrite: true);
            return Build(builder, index);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private SuiteIndexBuilder Read(HashingStream file, AcceptedIndex index, string shown)
    {
        try
        {
            var builder = new SuiteIndexBuilder();
            var passedOver = PackageIndex.Read(file, ArchitectureOf(index.Path), builder);
            if (!file.EndsAs(index.Size, index.Digest))
                throw new ImportRefusedException($"{shown} is refused: it does not have the size and SHA-256 that the signed Release lists for it. Try again later, or choose another mirror.");
            if (passedOver > 0) ImportLog.PackagesPassedOver(logger, shown, passedOver);
            return builder;
        }
        catch (ArchiveFormatException e)
        {
            throw new ImportRefusedException($"{shown} is refused: {e.Message}. Try again later, or choose another mirror.", e);
        }
    }

    /// <summary>Makes the suite index anew.</summary>
    /// <returns>Null when what lies on disk is not what was accepted; it is deleted then.</returns>
    public AcceptedIndex? BuildFromDisk(AcceptedIndex index)
    {
        var path = Path.Join(directory, index.FileName);
        if (!IsHere(index)) return null;
        try
        {
            using var file = new HashingStream(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0), copy: null);
            return Build(Read(file, index, path), index);
        }
        catch (ImportRefusedException e)
        {
            ImportLog.IndexDamaged(logger, e.Message);
            File.Delete(path);
            return null;
        }
    }

    private AcceptedIndex Build(SuiteIndexBuilder builder, AcceptedIndex index)
    {
        try
        {
            var built = keeper.Keep(builder);
            return index with { Index = built.Root.ToString(), Entries = built.Entries };
        }
        catch (InvalidTreeException e)
        {
            throw new ImportRefusedException($"{new Uri(source.Root, index.Path)} is refused: {e.Message}", e);
        }
    }

    private bool IsHere(AcceptedIndex index) => new FileInfo(Path.Join(directory, index.FileName)) is { Exists: true } file && file.Length == index.Size;
}
