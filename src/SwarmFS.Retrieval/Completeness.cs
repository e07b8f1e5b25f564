using SwarmFS.Core;

namespace SwarmFS.Retrieval;

/// <summary>
/// Whether every byte and directory of a root is in the store. Exact, and cheap because it begins where a block was missing last time: while it still is, one lookup answers. Once all was
/// seen present, nothing is looked up until the store has lost a block.
/// </summary>
internal sealed class Completeness
{
    private readonly Lock _gate = new();
    private long _completeAt = -1;
    private int _missing;
    private int _missingChunk;

    /// <summary>True when a walk has found everything and the store has lost nothing since. Looks nothing up.</summary>
    public bool IsKnown(IBlockStore store) => Volatile.Read(ref _completeAt) is var at and >= 0 && at == store.Losses;

    public bool Holds(TreeTable tree, BlocksAtHand blocks, LayoutLibrary layouts)
    {
        if (IsKnown(blocks)) return true;
        lock (_gate)
        {
            var losses = blocks.Losses;
            var places = tree.DirectoryNodes.Count + tree.Count;
            for (var i = 0; i < places; i++)
            {
                if (IsHere(tree, _missing, blocks, layouts)) _missing = (_missing + 1) % places;
                else return false;
            }
            Volatile.Write(ref _completeAt, losses);
            return true;
        }
    }

    // Places are the directory nodes, then the rows.
    private bool IsHere(TreeTable tree, int place, BlocksAtHand blocks, LayoutLibrary layouts)
    {
        if (place < tree.DirectoryNodes.Count) return blocks.IsKept(tree.DirectoryNodes[place]);
        ref readonly var row = ref tree[place - tree.DirectoryNodes.Count];
        if (row.Kind != EntryKind.File) return true;
        if (!blocks.IsKept(row.Content)) return false;
        return row.Content.Codec == CidCodec.Raw || (layouts.TryGet(row.Content, row.Size, out var layout) && AreChunksHere(layout, blocks));
    }

    private bool AreChunksHere(FileLayout layout, BlocksAtHand blocks)
    {
        if (_missingChunk >= layout.ChunkCount) _missingChunk = 0;
        for (var i = 0; i < layout.ChunkCount; i++)
        {
            if (!blocks.IsKept(layout.ChunkCid(_missingChunk))) return false;
            _missingChunk = (_missingChunk + 1) % layout.ChunkCount;
        }
        _missingChunk = 0;
        return true;
    }
}
