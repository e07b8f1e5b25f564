using SwarmFS.Core;

namespace SwarmFS.Store;

/// <summary>The store at one moment.</summary>
/// <param name="Blocks">Blocks present.</param>
/// <param name="Bytes">Sum of their lengths.</param>
/// <param name="DiskBytes">What their files take on disk, dead records included.</param>
/// <param name="QuotaBytes">The most that <paramref name="DiskBytes"/> may become.</param>
/// <param name="PinnedRoots">Roots that are never evicted.</param>
/// <param name="EvictedBlocks">Blocks evicted since start.</param>
/// <param name="DamagedBlocks">Blocks found damaged and dropped since start.</param>
/// <param name="FlatFiles">Files of their own, complete or not.</param>
/// <param name="Packs">Packs of small blocks.</param>
public sealed record StoreStatistics(
    long Blocks, long Bytes, long DiskBytes, long QuotaBytes, int PinnedRoots, long EvictedBlocks, long DamagedBlocks, int FlatFiles, int Packs);

/// <summary>What an eviction did.</summary>
/// <param name="EvictedBlocks">Blocks that are gone.</param>
/// <param name="FreedBytes">Disk bytes given back.</param>
/// <param name="DiskBytes">Disk bytes taken afterwards.</param>
/// <param name="ReachedTarget">False when what is left is pinned, mounted or held.</param>
public sealed record CollectionReport(long EvictedBlocks, long FreedBytes, long DiskBytes, bool ReachedTarget);

/// <summary>How far a check has come.</summary>
public readonly record struct CheckProgress(long BlocksChecked, long Blocks, long BytesChecked, long Bytes);

/// <summary>A block that did not have its CID's bytes and was dropped.</summary>
/// <param name="File">The large file that it was a chunk of, where the store knows.</param>
/// <param name="Roots">The pinned or mounted roots that list it: what has to be fetched again.</param>
public sealed record DamagedBlock(Cid Cid, Cid? File, IReadOnlyList<Cid> Roots);

/// <summary>What a check found.</summary>
/// <param name="Incomplete">Pinned roots of which nodes or blocks are not here at all; the first missing CID of each.</param>
public sealed record CheckReport(long Blocks, long Bytes, IReadOnlyList<DamagedBlock> Damaged, IReadOnlyList<IncompletePin> Incomplete)
{
    public bool IsClean => Damaged.Count == 0 && Incomplete.Count == 0;
}

/// <param name="Missing">How many linked blocks are known to be absent; more may hide below absent nodes.</param>
public sealed record IncompletePin(Cid Root, Cid FirstMissing, long Missing);

/// <summary>The store's directory cannot be used. The message says why and what to do; nothing was changed.</summary>
public sealed class StoreUnusableException(string message, Exception? inner = null) : Exception(message, inner);
