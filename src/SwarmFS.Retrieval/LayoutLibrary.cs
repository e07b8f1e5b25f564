using System.Diagnostics.CodeAnalysis;
using SwarmFS.Core;

namespace SwarmFS.Retrieval;

/// <summary>The chunk lists of large files: from memory, from the nodes at hand, or fetched.</summary>
internal sealed class LayoutLibrary(BlocksAtHand blocks, DemandReader reader, RetrievalOptions options)
{
    private readonly SizedCache<FileLayout> _layouts = new(options.LayoutCacheBytes);

    /// <summary>True when the list is in memory or all its nodes are at hand. Allocates nothing when it is in memory.</summary>
    public bool TryGet(in Cid file, long size, [NotNullWhen(true)] out FileLayout? layout) => _layouts.TryGet(file, out layout) || TryLoad(file, size, out layout);

    private bool TryLoad(in Cid file, long size, [NotNullWhen(true)] out FileLayout? layout)
    {
        layout = null;
        try
        {
            if (!FileLayoutLoader.TryLoad(file, size, blocks, [], out layout)) return false;
        }
        catch (InvalidTreeException)
        {
            // Whoever goes on to fetch it is told.
            return false;
        }
        layout = Keep(layout);
        return true;
    }

    /// <exception cref="ContentUnavailableException">Not in time, or malformed.</exception>
    public async ValueTask<FileLayout> GetAsync(RootAccount account, Cid file, long size, FetchPriority priority, ReadAttempt attempt)
    {
        if (_layouts.TryGet(file, out var layout)) return layout;
        return (await LoadAsync(account, file, size, priority, attempt)).Layout;
    }

    /// <summary>As <see cref="GetAsync"/>, but goes by the nodes that are at hand now, so that all of them are afterwards. Also tells how many were fetched for it.</summary>
    public async Task<(FileLayout Layout, int Fetched)> LoadAsync(RootAccount account, Cid file, long size, FetchPriority priority, ReadAttempt attempt)
    {
        List<Cid> missing = [];
        var fetched = 0;
        for (var level = 0; level < Limits.TreeDepth; level++)
        {
            missing.Clear();
            try
            {
                if (FileLayoutLoader.TryLoad(file, size, blocks, missing, out var layout)) return (Keep(layout), fetched);
            }
            catch (InvalidTreeException error)
            {
                throw new ContentUnavailableException($"File {file} of root {account.Root} is malformed and refused: {error.Message}");
            }
            fetched += missing.Count;
            await reader.ObtainAsync(account, missing.ConvertAll(TreeLibrary.AsWantedNode), priority, attempt, use: null);
        }
        throw new ContentUnavailableException(
            $"The nodes of file {file} of root {account.Root} arrived but could not be held: the store is full. Raise its quota or free disk space.");
    }

    private FileLayout Keep(FileLayout layout)
    {
        blocks.DeclareFile(layout);
        // A digest and an end per chunk, and the object itself.
        return _layouts.GetOrAdd(layout.File, layout, (layout.ChunkCount * 40L) + 128);
    }
}
