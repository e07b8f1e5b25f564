using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using SwarmFS.Core;

namespace SwarmFS.Store;

/// <summary>
/// Reads blocks from wherever the index has them and drops what is damaged. A file that is evicted under a read is still readable, or gone: then the
/// index, which was changed first, says where the block is now.
/// </summary>
internal sealed class BlockReader(BlockIndex index, ContainerTable containers, HandleCache handles, PackTail tail, FlatFiles flats, StoreMetrics metrics, ILogger logger)
{
    /// <summary>How often a read follows a block that is moved under it before it calls the block absent. A block is moved once per eviction of its pack.</summary>
    private const int MaxMoves = 8;

    /// <summary>As <see cref="IBlockStore.Read"/>.</summary>
    public int Read(in Cid cid, int offset, Span<byte> destination)
    {
        for (var move = 0; move < MaxMoves && index.TryUse(cid.Digest, out var place); move++)
        {
            if (!place.IsVerified)
            {
                if (!TryGet(cid, out var block)) return -1;
                using (block) return CopyFrom(block, offset, destination);
            }
            if (offset >= place.Length) return 0;
            var want = Math.Min(destination.Length, place.Length - offset);
            switch (ReadAt(place, cid.Digest, place.Offset + offset, destination[..want], mayBeCopy: true))
            {
                case Outcome.Complete: return want;
                case Outcome.Damaged: return -1;
            }
        }
        return -1;
    }

    private static int CopyFrom(Block block, int offset, Span<byte> destination)
    {
        if (offset >= block.Length) return 0;
        var want = Math.Min(destination.Length, block.Length - offset);
        block.Span.Slice(offset, want).CopyTo(destination);
        return want;
    }

    /// <summary>The whole block, hashed.</summary>
    /// <param name="isUse">False: it does not count as asked for. Housekeeping.</param>
    public bool TryGet(in Cid cid, [NotNullWhen(true)] out Block? block, bool isUse = true)
    {
        block = TryReadWhole(cid, isUse, out var bytes, out var place) ? Accept(cid, place, HashedBytes.Of(bytes)) : null;
        return block is not null;
    }

    /// <summary>The bytes that are said to be this block, from the disk wherever it has them: what they are is for <see cref="Accept"/> to say.</summary>
    /// <param name="isUse">As for <see cref="TryGet"/>.</param>
    /// <param name="bytes">The caller's to return, or to hand on.</param>
    /// <param name="place">Nowhere: the index does not have it.</param>
    public bool TryReadWhole(in Cid cid, bool isUse, out RentedBytes bytes, out BlockPlace place)
    {
        (bytes, place) = (default, default);
        for (var move = 0; move < MaxMoves && (isUse ? index.TryUse(cid.Digest, out place) : index.TryFind(cid.Digest, out place)); move++)
        {
            bytes = RentedBytes.Rent(place.Length);
            var outcome = ReadAt(place, cid.Digest, place.Offset, bytes.Array.AsSpan(0, bytes.Length), mayBeCopy: false);
            if (outcome == Outcome.Complete) return true;
            bytes.Return();
            if (outcome == Outcome.Damaged) return false;
        }
        return false;
    }

    /// <summary>Makes a block of the bytes, or drops what the index says of it. Takes them over.</summary>
    /// <returns>Null when they have another hash.</returns>
    public Block? Accept(in Cid cid, BlockPlace place, in HashedBytes hashed)
    {
        var block = Block.TryAdopt(cid, hashed);
        if (block is null)
        {
            hashed.Bytes.Return();
            Drop(cid.Digest, place, "its bytes have another hash");
        }
        else if (!place.IsVerified)
        {
            index.Flag(cid.Digest, place, set: BlockFlags.Verified);
        }
        return block;
    }

    private enum Outcome
    {
        Complete,
        Moved,
        Damaged,
    }

    /// <param name="mayBeCopy">What is in memory as well will do; otherwise the disk is asked wherever it has the bytes.</param>
    private Outcome ReadAt(BlockPlace place, in Sha256Digest digest, long offset, Span<byte> destination, bool mayBeCopy)
    {
        if (!containers.TryGet(place.Container, out var container))
        {
            // The block has moved, or its file was evicted by a list that was damaged and did not name it: as listed it could be neither read nor put.
            index.Remove(digest, place);
            return Outcome.Moved;
        }
        if (container is Pack pack && tail.TryRead(pack, offset, destination, isUnwritten: !mayBeCopy)) return Outcome.Complete;
        int got;
        try
        {
            got = handles.Read(container, offset, destination);
        }
        catch (IOException failure) when (Interop.IsDamage(failure))
        {
            return Drop(digest, place, failure.Message);
        }
        if (got == destination.Length)
        {
            if (container is not Pack && container.LastUsed != containers.Now) container.LastUsed = containers.Tick();
            return Outcome.Complete;
        }
        return got < 0 && container.IsRetired ? Outcome.Moved : Drop(digest, place, got < 0 ? "its file is gone" : "its file is cut off");
    }

    /// <summary>Takes a damaged block out of the index, so that it counts as absent and is fetched again.</summary>
    private Outcome Drop(in Sha256Digest digest, BlockPlace place, string reason)
    {
        if (!index.Remove(digest, place)) return Outcome.Moved;
        metrics.Damaged();
        containers.TryGet(place.Container, out var container);
        StoreLog.BlockDamaged(logger, new Cid(place.Codec, digest), container?.Path ?? "a file that is gone", reason);
        if (container is not null) NoteAbsence(container, digest);
        return Outcome.Damaged;
    }

    /// <summary>A record in a pack stays: at the next start a later one, or the block in a file, counts before it.</summary>
    private void NoteAbsence(Container container, in Sha256Digest digest)
    {
        try
        {
            if (container is FlatFile file) flats.Dropped(file, digest);
            if (container is LoneBlock lone) flats.Dropped(lone);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The file keeps saying that the block is there; the next start finds the damage again.
            StoreLog.WriteFailed(logger, container.Path, failure);
        }
    }
}
