using System.Diagnostics.CodeAnalysis;
using System.Text;
using SwarmFS.Core;

namespace SwarmFS.Catalog;

/// <summary>Makes the packed tables of suites' indexes, which are fetched where they are not here; those of the past that were read last are kept. Safe from any thread.</summary>
internal sealed class SuiteTables(IBlockStore store, ICatalogBlocks blocks)
{
    /// <summary>Tables of the past that are kept: each of Debian's takes 11 MB.</summary>
    private const int Kept = 2;

    private readonly Lock _gate = new();
    private readonly LinkedList<(Cid Index, PackageTable Table)> _recent = [];

    /// <summary>As <see cref="ReadAsync"/>, and keeps it.</summary>
    /// <exception cref="ContentUnavailableException">The index could not be had in time.</exception>
    /// <exception cref="InvalidTreeException">The index is malformed.</exception>
    public async Task<PackageTable> GetPastAsync(ConfirmedSuite suite, CancellationToken cancellationToken)
    {
        if (TryTake(suite.Suite.Index) is { } known && known.Published == suite.Suite.Date) return known;
        var table = await ReadAsync(suite, cancellationToken);
        Keep(suite.Suite.Index, table);
        return table;
    }

    /// <exception cref="ContentUnavailableException">The index could not be had in time.</exception>
    /// <exception cref="InvalidTreeException">The index is malformed.</exception>
    public async Task<PackageTable> ReadAsync(ConfirmedSuite suite, CancellationToken cancellationToken)
    {
        if (TryRead(suite, out var table)) return table;
        // Asked for by itself: whoever shows the suite holds its index, and under which heads is another matter.
        await blocks.FetchDirectoriesAsync(suite.Suite.Index, suite.Suite.Index, cancellationToken);
        return Read(suite);
    }

    /// <summary>Reads an index that is here whole.</summary>
    /// <exception cref="InvalidTreeException">The index is malformed.</exception>
    public bool TryRead(ConfirmedSuite suite, [NotNullWhen(true)] out PackageTable? table)
    {
        table = null;
        if (!store.Contains(suite.Suite.Index)) return false;
        try
        {
            table = Read(suite);
            return true;
        }
        catch (ContentUnavailableException)
        {
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
