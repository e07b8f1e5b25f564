using SwarmFS.Catalog;

namespace SwarmFS.Import;

/// <summary>What a verified index says of a package.</summary>
/// <param name="Version">As Debian writes it.</param>
internal sealed record ExpectedPackage(string Name, string Version, ArtifactDigest Artifact);

/// <summary>A verified .deb in a temporary file, which disposing deletes.</summary>
/// <param name="Warnings">Sources that could not be asked.</param>
internal sealed record FetchedArtifact(string Path, ExpectedPackage Expected, AptEvidence Evidence, IReadOnlyList<string> Warnings) : IDisposable
{
    public void Dispose() => File.Delete(Path);
}
