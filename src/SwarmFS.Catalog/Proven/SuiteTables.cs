using System.Text;
using SwarmFS.Core;

namespace SwarmFS.Catalog;

/// <summary>The packed tables of suites' indexes, by their CIDs: fetched and read once while they are current, and a few of the past. Safe from any thread.</summary>
internal sealed class SuiteTables(IBlockStore store, ICatalogBlocks blocks)
{
    /// <summary>Tables kept beside those in use: each of Debian's takes 11 MB.</summary>
    private const int Kept = 4;

    private readonly Lock _gate = new();
    private readonly LinkedList<(Cid Index, PackageTable Table)> _recent = [];

    /// <exception cref="ContentUnavailableException">The index could not be had in time.</exception>
    /// <exception cref="InvalidTreeException">The index is malformed.</exception>
    public async Task<PackageTable> GetAsync(ConfirmedSuite suite, CancellationToken cancellationToken)
    {
        if (TryTake(suite.Suite.Index) is { } known && known.Published == suite.Suite.Date) return known;
        if (!store.Contains(suite.Suite.Index) || !TryRead(suite, out var table))
        {
            await blocks.FetchDirectoriesAsync(suite.Catalogue, suite.Suite.Index, cancellationToken);
            table = Read(suite);
        }
        Keep(suite.Suite.Index, table!);
        return table!;
    }

    private bool TryRead(ConfirmedSuite suite, out PackageTable? table)
    {
        try
        {
            table = Read(suite);
            return true;
        }
        catch (ContentUnavailableException)
        {
            table = null;
            return false;
        }
    }

    private PackageTable Read(ConfirmedSuite suite)
    {
        var table = new PackageTable.Builder(suite.Suite.Namespace, suite.Importer.Log.Key.ToString(), suite.Suite.Date);
        foreach (var entry in new SuiteIndex(store, suite.Suite.Index).Entries())
            table.Add(Encoding.ASCII.GetBytes(entry.Name), Encoding.ASCII.GetBytes(entry.Version), entry.Artifact, Encoding.ASCII.GetBytes(entry.Filename));
        return table.Finish();
    }

    private PackageTable? TryTake(Cid index)
    {
        lock (_gate)
        {
            for (var node = _recent.First; node is not null; node = node.Next)
            {
                if (node.Value.Index != index) continue;
                _recent.Remove(node);
                _recent.AddFirst(node);
                return node.Value.Table;
            }
            return null;
        }
    }

    private void Keep(Cid index, PackageTable table)
    {
        lock (_gate)
        {
            _recent.AddFirst((index, table));
            if (_recent.Count > Kept) _recent.RemoveLast();
        }
    }
}
