using Microsoft.Extensions.Logging;
using SwarmFS.Core;

namespace SwarmFS.Store;

/// <summary>Decides where a new block goes, and sees to it that no block is written twice.</summary>
internal sealed class BlockWriter(
    StoreOptions options, BlockIndex index, FlatFiles flats, PackWriter packs, Protection protection, SpaceKeeper space, DiskBudget budget,
    StoreMetrics metrics, ILogger logger)
{
    /// <summary>Puts of the same block wait for one another; more stripes than writers, so that others seldom do.</summary>
    private const int Stripes = 64;

    private readonly Lock[] _stripes = [.. Enumerable.Range(0, Stripes).Select(_ => new Lock())];

    public Lock StripeOf(in Sha256Digest digest) => _stripes[digest.Prefix % Stripes];

    /// <summary>As <see cref="IBlockStore.Put"/>.</summary>
    public PutResult Put(Block block)
    {
        var digest = block.Cid.Digest;
        protection.Note(digest);
        if (index.TryUse(digest, out _)) return PutResult.AlreadyPresent;
        for (var attempt = 0; attempt < 2; attempt++)
        {
            var reliefs = space.Reliefs;
            var cost = DiskBudget.Rounded(PackWriter.Cost(block.Length));
            if (!space.TryTake(cost)) break;
            switch (TryWrite(block, digest, cost))
            {
                case Written.Yes: return Stored(block);
                case Written.ByAnother: return PutResult.AlreadyPresent;
                case Written.Failed: return Refused();
            }
            if (attempt == 0 && !space.TryRelieveDisk(reliefs)) break;
            if (attempt == 1) space.DiskStaysFull();
        }
        return Refused();
    }

    private PutResult Stored(Block block)
    {
        space.Written();
        metrics.Written(block.Length);
        return PutResult.Stored;
    }

    private PutResult Refused()
    {
        metrics.Refused();
        return PutResult.NoSpace;
    }

    private enum Written
    {
        Yes,
        ByAnother,
        DiskFull,
        Failed,
    }

    /// <summary>Writes with the cost taken from the budget, and gives back what was not needed of it.</summary>
    private Written TryWrite(Block block, in Sha256Digest digest, long cost)
    {
        var used = 0L;
        try
        {
            lock (StripeOf(digest))
            {
                if (index.TryFind(digest, out _)) return Written.ByAnother;
                used = Place(block, digest);
                return Written.Yes;
            }
        }
        catch (IOException full) when (Interop.IsFull(full))
        {
            return Written.DiskFull;
        }
        catch (IOException failure)
        {
            StoreLog.WriteFailed(logger, options.Directory, failure);
            return Written.Failed;
        }
        finally
        {
            budget.GiveBack(cost - used);
        }
    }

    /// <summary>Returns the disk bytes it took.</summary>
    private long Place(Block block, in Sha256Digest digest)
    {
        if (block.Cid.Codec == CidCodec.Raw && flats.TryBeginWrite(digest, block.Length, out var spot, out var layout))
        {
            try
            {
                flats.Write(spot, digest, block.Span, layout);
                return DiskBudget.Rounded(block.Length);
            }
            finally
            {
                spot.File.EndWrite();
            }
        }
        if (block.Cid.Codec == CidCodec.Raw && block.Length >= options.FlatFileThreshold)
        {
            flats.WriteLone(digest, block.Span);
            return DiskBudget.Rounded(block.Length);
        }
        // Whoever holds new blocks publishes them next, and must hear of a failure from each.
        packs.Append(digest, block.Cid.Codec, block.Span, isAwaited: protection.HasHolds);
        return PackWriter.Cost(block.Length);
    }
}
