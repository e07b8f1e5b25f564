using SwarmFS.Catalog;

namespace SwarmFS.Import;

/// <summary>What a package is made of: an archive of the origin, by the hash that a suite's index proves for it.</summary>
/// <param name="Namespace">Of the suite that lists it: its sources are asked for the archive.</param>
public sealed record ArtifactSource(string Namespace, SuiteIndexEntry Entry);

/// <summary>
/// A package tree that is in the store and not pinned. Its blocks are not evicted before this is disposed; who wants them for longer takes hold of the root in the meantime
/// (<see cref="Core.IBlockStore.Pin"/>, <see cref="Core.IBlockStore.Use"/>). The caller disposes it.
/// </summary>
public sealed class MadePackage : IDisposable
{
    private readonly IDisposable _hold;

    internal MadePackage(ImportedPackage package, IDisposable hold) => (Package, _hold) = (package, hold);

    public ImportedPackage Package { get; }

    public void Dispose() => _hold.Dispose();
}
