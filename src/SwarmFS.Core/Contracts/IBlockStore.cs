using System.Diagnostics.CodeAnalysis;
using Microsoft.Win32.SafeHandles;

namespace SwarmFS.Core;

/// <summary>What became of a <see cref="IBlockStore.Put"/>.</summary>
public enum PutResult
{
    /// <summary>The block is on disk now.</summary>
    Stored,

    /// <summary>It already was.</summary>
    AlreadyPresent,

    /// <summary>Disk or quota is full and nothing more may be evicted: use the block from memory. Never an error for a reader.</summary>
    NoSpace,
}

/// <summary>
/// The blocks that this machine keeps. All methods are safe from any thread, do only local disk work (so they are synchronous) and give out
/// verified bytes alone: a block is checked against its CID at its first read after start, and one found damaged is dropped and reported absent.
/// </summary>
public interface IBlockStore
{
    /// <summary>True when the block is listed as present; does not touch the disk.</summary>
    bool Contains(in Cid cid);

    /// <summary>Length in bytes of a present block; does not touch the disk.</summary>
    bool TryGetLength(in Cid cid, out int length);

    /// <summary>
    /// Copies from <paramref name="offset"/> of the block into <paramref name="destination"/>: as much as both have. Allocates nothing when the block was verified before.
    /// </summary>
    /// <returns>The bytes copied, or -1 when the block is absent (or was just found damaged).</returns>
    /// <exception cref="IOException">It could not be read now, for want of descriptors or memory; it is where it was.</exception>
    int Read(in Cid cid, int offset, Span<byte> destination);

    /// <summary>The whole block; the caller disposes it.</summary>
    /// <exception cref="IOException">As for <see cref="Read"/>.</exception>
    bool TryGet(in Cid cid, [NotNullWhen(true)] out Block? block);

    /// <summary>Keeps the block; the caller's reference stays the caller's.</summary>
    PutResult Put(Block block);

    /// <summary>
    /// Tells that these chunks, in this order, are one file, so that the store may keep them as one flat file. Idempotent and cheap when known; purely a matter of
    /// placement: the blocks are found by CID whether declared or not.
    /// </summary>
    void DeclareFile(FileLayout layout);

    /// <summary>A handle on the flat file of a file that is complete and verified, for the kernel to read directly. The caller disposes it.</summary>
    bool TryOpenFlat(in Cid file, [NotNullWhen(true)] out SafeFileHandle? handle);

    /// <summary>Begins a large file of which the chunks come in order: an import. Written flat at once, without a second copy.</summary>
    /// <exception cref="StoreFullException">Disk or quota is full and nothing more may be evicted.</exception>
    ILargeFileWriter BeginLargeFile(long size);

    /// <summary>Blocks that are put while the returned handle lives are not evicted: an import whose root is not pinned yet.</summary>
    IDisposable HoldNew();

    /// <summary>Keeps the root's blocks out of eviction until the returned handle is disposed: it is mounted and in use.</summary>
    IDisposable Use(in Cid root);

    /// <summary>Keeps what is here of the root, and what of it comes later, until <see cref="Unpin"/>; survives a restart. Returns after it is durable.</summary>
    void Pin(in Cid root, string reason);

    /// <summary>False when it was not pinned.</summary>
    bool Unpin(in Cid root);

    IReadOnlyList<PinnedRoot> Pins { get; }

    /// <summary>Somebody says that the bytes given out for it are wrong: they are checked again at the next read. Does not touch the disk.</summary>
    void Doubt(in Cid cid);

    /// <summary>
    /// Rises whenever a block that was present is no more: evicted, or found damaged. So who has seen all blocks of a tree present knows that they still are while this stands
    /// still. Negative where a store does not count: then it has to be looked up again.
    /// </summary>
    long Losses => -1;

    /// <summary>Makes everything put so far survive a power cut.</summary>
    void Flush();
}

/// <summary>A root that is not evicted.</summary>
/// <param name="Reason">"import" for what this node published, "user" for a wish typed by a person.</param>
public sealed record PinnedRoot(Cid Root, string Reason);

/// <summary>Takes the chunks of one large file in order. Disposing without <see cref="Commit"/> drops what was written.</summary>
public interface ILargeFileWriter : IDisposable
{
    /// <exception cref="StoreFullException">Disk or quota is full and nothing more may be evicted.</exception>
    /// <exception cref="InvalidTreeException">The file has more chunks than this store keeps of one.</exception>
    void Append(Block chunk);

    /// <param name="layout">The chunks appended, in that order.</param>
    void Commit(FileLayout layout);
}

/// <summary>Something must be written and cannot be: the disk or the quota is full of what may not be evicted. The message says how much is missing and what to do.</summary>
public sealed class StoreFullException(string message) : Exception(message);
