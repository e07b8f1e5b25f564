using SwarmFS.Core;

namespace SwarmFS.Catalog;

/// <summary>Where the catalogue gets blocks from: the store, else peers, who keep what they bring there. Safe from any thread.</summary>
public interface ICatalogBlocks
{
    /// <summary>One block of a root, verified; the caller disposes it.</summary>
    /// <param name="root">What peers say that they hold: a log's files, a head's catalogue.</param>
    /// <exception cref="ContentUnavailableException">No source delivered it in time.</exception>
    ValueTask<Block> GetAsync(Cid root, Cid block, CancellationToken cancellationToken);

    /// <summary>Brings all directory nodes at and below <paramref name="start"/> into the store.</summary>
    /// <param name="start">The root itself, or a directory node below it.</param>
    /// <exception cref="ContentUnavailableException">Not all could be had in time.</exception>
    /// <exception cref="InvalidTreeException">A node breaks the format.</exception>
    Task FetchDirectoriesAsync(Cid root, Cid start, CancellationToken cancellationToken);
}
