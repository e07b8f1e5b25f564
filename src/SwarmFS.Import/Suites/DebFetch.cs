using System.Security.Cryptography;
using SwarmFS.Catalog;
using SwarmFS.Core;

namespace SwarmFS.Import;

/// <summary>Fetches archives into temporary files and believes them by their hash alone.</summary>
internal sealed class DebFetch(string scratch)
{
    /// <summary>Bytes of a .deb: the ceiling of what it may unpack to.</summary>
    private const long MaxDeb = 16L << 30;

    /// <returns>The path of a file that the caller deletes.</returns>
    /// <exception cref="ImportRefusedException">It is not the listed one, or too large.</exception>
    /// <exception cref="SourceUnavailableException">The source does not answer, or does not have it.</exception>
    public async Task<string> RunAsync(Uri address, ArtifactDigest artifact, AptFetcher fetcher, IProgress<ImportProgress>? progress, CancellationToken cancellationToken)
    {
        if (artifact.Size > MaxDeb) throw new ImportRefusedException($"{address} is refused: it has {artifact.Size} bytes; {MaxDeb} are allowed.");
        var path = Path.Join(scratch, $"{artifact.Sha256}-{Guid.NewGuid():n}.deb");
        try
        {
            await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite);
            await fetcher.FetchAsync(address, file, artifact.Size, artifact.Size, progress, ImportStage.Downloading, cancellationToken);
            file.Position = 0;
            if (new Sha256Digest(await SHA256.HashDataAsync(file, cancellationToken)) != artifact.Sha256)
                throw new ImportRefusedException($"{address} is refused: it does not have the SHA-256 that the index lists for it. Try again later, or choose another mirror.");
        }
        catch
        {
            File.Delete(path);
            throw;
        }
        return path;
    }
}
