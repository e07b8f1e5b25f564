using Microsoft.Extensions.Logging;
using SwarmFS.Core;

namespace SwarmFS.Store;

/// <summary>
/// Evicts, one data file at a time: what of it is protected or has a second chance is copied to the active pack, the rest leaves the index, and the file is unlinked.
/// So nothing is ever cut out of a file that somebody reads, be it the kernel through a handle given out.
/// Flat files go in order of their last use; packs in order of their sealing, with a second chance for blocks that were asked for
/// since (clock algorithm).
/// </summary>
internal sealed class Collector(
    BlockIndex index, ContainerTable containers, HandleCache handles, FlatFiles flats, PackWriter packs, Flusher flusher, Protection protection, Marker marker,
    DiskBudget budget, StoreMetrics metrics, ILogger logger)
{
    /// <summary>Bytes copied out of one file at most, so that the quota is overshot by this at most. A file with more protected bytes stays whole.</summary>
    public const long MaxSurvivors = 32 << 20;

    /// <summary>Nodes that are read while <see cref="Protection.Gate"/> is held, and whoever opens a package waits: the links of a small package, some milliseconds of a disk.</summary>
    private const int MaxNodesAtGate = 64;

    /// <summary>One part in so many of a pack has a second chance: otherwise a working set larger than the quota would be copied round and round.</summary>
    private const int SecondChances = 2;

    private readonly Lock _gate = new();
    private bool _givesChances;

    /// <summary>Evicts until at most so many disk bytes are taken. One at a time; readers go on meanwhile.</summary>
    /// <exception cref="IOException">The disk failed; what is not evicted yet stays.</exception>
    public CollectionReport Collect(long targetBytes, CancellationToken cancellation)
    {
        lock (_gate)
        {
            var before = budget.Used;
            _givesChances = targetBytes > 0;
            var evicted = before > targetBytes ? EvictDownTo(targetBytes, cancellation) : 0;
            var after = budget.Used;
            if (evicted > 0)
            {
                metrics.Evicted(evicted);
                StoreLog.Evicted(logger, evicted, before - after, after, budget.Quota);
            }
            return new CollectionReport(evicted, before - after, after, after <= targetBytes);
        }
    }

    /// <summary>Runs housekeeping that must not see files vanish.</summary>
    public void Exclusively(Action action)
    {
        lock (_gate) action();
    }

    /// <summary>Returns how many blocks are gone.</summary>
    private long EvictDownTo(long targetBytes, CancellationToken cancellation)
    {
        var evicted = 0L;
        packs.SealActive();
        var start = containers.Tick();
        marker.Begin();
        foreach (var container in Candidates(start))
        {
            if (budget.Used <= targetBytes) break;
            evicted += EvictUnprotected(container, cancellation);
        }
        return evicted;
    }

    /// <summary>
    /// Marks what became protected since the last file, with the gate held only for a little of it. Each turn reads nodes that none has read, so there are no more turns than the store has nodes.
    /// </summary>
    private long EvictUnprotected(Container container, CancellationToken cancellation)
    {
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            lock (protection.Gate)
            {
                if (marker.TryCatchUp(MaxNodesAtGate)) return IsWorthwhile(container) ? TryEvict(container) : 0;
            }
            marker.TryCatchUp(int.MaxValue);
        }
    }

    /// <summary>Oldest first. What is in use right now is left alone.</summary>
    private List<Container> Candidates(long start) =>
        [.. containers.Snapshot().Where(container => container.LastUsed < start && IsWorthwhile(container)).OrderBy(container => container.LastUsed)];

    private static bool IsWorthwhile(Container container) =>
        container is not Pack { IsSealed: false }
        && container.MarkedBytes <= MaxSurvivors
        && container.MarkedBytes < container.DiskBytes / 4 * 3;

    /// <summary>Returns how many blocks are gone. The caller has <see cref="Protection.Gate"/>.</summary>
    private long TryEvict(Container container)
    {
        if (!container.TryRetire()) return 0;
        var survivors = new List<Survivor>();
        try
        {
            var evicted = Empty(container, container.ReadList(), survivors);
            if (survivors.Count > 0) flusher.FlushCopies(survivors.Select(survivor => survivor.Pack).Distinct());
            Remove(container);
            return evicted;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            TakeBack(survivors);
            container.Reinstate();
            if (failure is not IOException full || !Interop.IsFull(full)) StoreLog.EvictionFailed(logger, container.Path, failure);
            return 0;
        }
    }

    /// <summary>The copies may not be on the disk: what they were copied from counts again, and is verified again.</summary>
    private void TakeBack(List<Survivor> survivors)
    {
        foreach (var (digest, from, pack, offset) in survivors)
        {
            index.Remove(digest, new BlockPlace(pack.Id, from.Meta, offset));
            index.TryAdd(digest, from.Without(BlockFlags.Verified));
        }
    }

    private long Empty(Container container, IReadOnlyList<ListedBlock> blocks, List<Survivor> survivors)
    {
        var (evicted, chances) = (0L, container is Pack && _givesChances ? container.DiskBytes / SecondChances : 0);
        foreach (var block in blocks)
        {
            if (!index.TryFind(block.Digest, out var place) || place.Container != container.Id) continue;
            var isProtected = (place.Flags & BlockFlags.Marked) != 0 || protection.IsHeld(block.Digest);
            if (isProtected) Rescue(container, block.Digest, place, survivors);
            else if ((place.Flags & BlockFlags.Used) != 0 && (chances -= block.Length) >= 0 && TryRescue(container, block.Digest, place, survivors)) continue;
            else if (index.Remove(block.Digest, place)) evicted++;
        }
        return evicted;
    }

    /// <summary>False when the disk is full: what is not protected has no second chance then.</summary>
    private bool TryRescue(Container container, in Sha256Digest digest, BlockPlace place, List<Survivor> survivors)
    {
        try
        {
            Rescue(container, digest, place, survivors);
            return true;
        }
        catch (IOException full) when (Interop.IsFull(full))
        {
            return false;
        }
    }

    private void Rescue(Container container, in Sha256Digest digest, BlockPlace place, List<Survivor> survivors)
    {
        if (Rescue(container, digest, place) is { } survivor) survivors.Add(survivor);
    }

    /// <summary>Copies the block as it is; one that was not verified yet still is not, and is found out at its first read. Null when the file has not all of it: it has left the index.</summary>
    public Survivor? Rescue(Container container, in Sha256Digest digest, BlockPlace place)
    {
        var buffer = BlockBuffers.Shared.Rent(place.Length);
        try
        {
            var bytes = buffer.AsSpan(0, place.Length);
            if (handles.Read(container, place.Offset, bytes) == place.Length) return packs.AppendSurvivor(digest, place, bytes);
            index.Remove(digest, place);
            return null;
        }
        finally
        {
            BlockBuffers.Shared.Return(buffer);
        }
    }

    /// <summary>Unlinks a retired file whose blocks have left the index.</summary>
    public void Remove(Container container)
    {
        if (container is FlatFile flat) flats.Evicted(flat, flat.Layout ?? flat.TryReadList()?.Layout);
        containers.Remove(container);
        foreach (var path in container.Paths) File.Delete(path);
        HandleCache.Close(container);
        budget.GiveBack(container.DiskBytes);
    }
}
