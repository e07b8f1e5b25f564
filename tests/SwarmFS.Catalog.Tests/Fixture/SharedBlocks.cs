using SwarmFS.Core;
using SwarmFS.Testing;

namespace SwarmFS.Catalog.Tests;

/// <summary>Blocks of one node's store, else of the others' stores: a swarm without a network. A source can be cut off, and what comes from it is counted.</summary>
internal sealed class SharedBlocks(MemoryBlockStore own, List<MemoryBlockStore> others) : ICatalogBlocks
{
    public bool IsCutOff { get; set; }

    /// <summary>What is asked of others waits for it.</summary>
    public TaskCompletionSource? Stall { get; set; }

    public long FetchedBytes { get; private set; }

    public List<Cid> Fetched { get; } = [];

    public async ValueTask<Block> GetAsync(Cid root, Cid block, CancellationToken cancellationToken)
    {
        if (own.TryGet(block, out var found)) return found;
        if (Stall is { } stall) await stall.Task.WaitAsync(cancellationToken);
        if (!IsCutOff)
        {
            foreach (var other in others)
            {
                if (!other.TryGet(block, out found)) continue;
                own.Put(found);
                Fetched.Add(block);
                FetchedBytes += found.Length;
                return found;
            }
        }
        throw new ContentUnavailableException($"Nobody has {block}.");
    }

    public async Task FetchDirectoriesAsync(Cid root, Cid start, CancellationToken cancellationToken)
    {
        var links = new List<DagLink>();
        using (var node = await GetAsync(root, start, cancellationToken)) DagLinks.Read(node, links);
        foreach (var link in links.Where(link => link.Kind == DagLinkKind.Directory)) await FetchDirectoriesAsync(root, link.Cid, cancellationToken);
    }
}
