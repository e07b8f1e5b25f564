using SwarmFS.Core;

namespace SwarmFS.Catalog;

/// <summary>A version whose archive is proven and whose tree nobody has recorded.</summary>
/// <param name="Version">As it stands in a path.</param>
/// <param name="Filename">Where the origin of the namespace has the archive.</param>
public sealed record OriginPackage(string Namespace, string Name, string Version, ArtifactDigest Artifact, string Filename);

/// <summary>A tree that was made; its blocks are held from eviction until it is disposed.</summary>
/// <param name="held">Disposed with this.</param>
public sealed class MadeTree(Cid root, long files, long bytes, IDisposable held) : IDisposable
{
    public Cid Root => root;

    /// <summary>Entries, the root included.</summary>
    public long Files => files;

    /// <summary>Sum of the sizes of its files.</summary>
    public long Bytes => bytes;

    public void Dispose() => held.Dispose();
}

/// <summary>How far a making has come.</summary>
public enum MakingStage
{
    /// <summary>Waits for the origin.</summary>
    Fetching,

    /// <summary>Has all that it needs of it.</summary>
    Unpacking,
}

/// <summary>Makes trees from the origin's archives, by the rules of <see cref="TreeRecord.Importer"/>. Implemented by whoever imports.</summary>
public interface IOrigin
{
    /// <param name="progress">Told whenever the origin has delivered something, and when it has delivered all.</param>
    /// <returns>The caller disposes it.</returns>
    /// <exception cref="ContentUnavailableException">The origin does not deliver it, or it cannot be unpacked.</exception>
    Task<MadeTree> MakeAsync(OriginPackage package, IProgress<MakingStage>? progress, CancellationToken cancellationToken);
}
