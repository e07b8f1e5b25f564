using SwarmFS.Catalog;
using SwarmFS.Core;
using SwarmFS.Gateway;
using SwarmFS.Transparency;

namespace SwarmFS.Daemon.Catalogue;

/// <summary>The own log's newest files for HTTP, out of the store, where they lie for peers.</summary>
internal sealed class OwnLogFiles(ProvenCatalog catalog, IBlockStore store) : ILogFiles
{
    /// <summary>A full bundle of the longest records.</summary>
    private const int LongestFile = LogTile.FullWidth * (2 + IAnnouncementLog.MaxRecordLength);

    public bool TryRead(string path, out ReadOnlyMemory<byte> content)
    {
        content = default;
        if (catalog.OwnCheckpoint is not { } own) return false;
        try
        {
            // The store answers at once, so nothing waits here.
            if (TreePathReader.FindAsync(own.Files, path, Get, CancellationToken.None).AsTask().GetAwaiter().GetResult() is not { } file) return false;
            content = TreePathReader.ReadFileAsync(file, LongestFile, Get, CancellationToken.None).AsTask().GetAwaiter().GetResult();
            return true;
        }
        catch (Exception e) when (e is ContentUnavailableException or InvalidTreeException)
        {
            throw new IOException($"The log's file {path} cannot be read: {e.Message}", e);
        }
    }

    private ValueTask<Block> Get(Cid cid, CancellationToken cancellationToken) =>
        store.TryGet(cid, out var block) ? new(block) : throw new ContentUnavailableException($"The block {cid} is not in the store.");
}
