using System.Diagnostics.CodeAnalysis;
using Microsoft.Win32.SafeHandles;
using SwarmFS.Core;

namespace SwarmFS.Store;

/// <summary>Gives out handles on complete, verified files.</summary>
internal readonly struct FlatOpener(StoreParts parts)
{
    public bool TryOpen(in Cid file, [NotNullWhen(true)] out SafeFileHandle? handle)
    {
        Container? container = file.Codec == CidCodec.Raw ? FindLone(file) : FindFlat(file);
        handle = null;
        if (container is null || (handle = FlatFiles.TryOpenForReading(container)) is null) return false;
        container.LastUsed = parts.Containers.Tick();
        return true;
    }

    private LoneBlock? FindLone(in Cid file)
    {
        if (!parts.Index.TryUse(file.Digest, out var place) || !parts.Containers.TryGet(place.Container, out var container)) return null;
        return container is LoneBlock lone && (place.IsVerified || IsSound(file)) ? lone : null;
    }

    private FlatFile? FindFlat(in Cid file)
    {
        if (!parts.Flats.TryFind(file, out var flat) || !flat.IsComplete) return null;
        return flat.IsVerified || Verify(flat) ? flat : null;
    }

    /// <summary>Hashes what was not read since the store was opened: up to a second for each GiB, once.</summary>
    private bool Verify(FlatFile flat)
    {
        if (flat.TryReadList() is not { } list) return false;
        for (var chunk = 0; chunk < flat.ChunkCount; chunk++)
        {
            var cid = list.Layout.ChunkCid(chunk);
            if (!parts.Index.TryFind(cid.Digest, out var place) || place.Container != flat.Id || place.Offset != list.Layout.ChunkStart(chunk)) return false;
            if (!place.IsVerified && !IsSound(cid)) return false;
        }
        return flat.IsVerified = flat.IsComplete;
    }

    private bool IsSound(in Cid cid)
    {
        if (!parts.Reader.TryGet(cid, out var block, isUse: false)) return false;
        block.Dispose();
        return true;
    }
}
