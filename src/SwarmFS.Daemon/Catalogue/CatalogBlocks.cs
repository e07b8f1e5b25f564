using SwarmFS.Catalog;
using SwarmFS.Core;
using SwarmFS.Retrieval;

namespace SwarmFS.Daemon.Catalogue;

/// <summary>The catalogue's blocks come the way of all others: store, what is on its way, peers.</summary>
internal sealed class CatalogBlocks(PackageContent content) : ICatalogBlocks
{
    public ValueTask<Block> GetAsync(Cid root, Cid block, CancellationToken cancellationToken) => content.GetBlockAsync(root, block, FetchPriority.Metadata, cancellationToken);

    public Task FetchDirectoriesAsync(Cid root, Cid start, CancellationToken cancellationToken) => content.FetchDirectoriesAsync(root, start, cancellationToken);
}
