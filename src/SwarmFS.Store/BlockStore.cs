using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;
using SwarmFS.Core;

namespace SwarmFS.Store;

// Participants
//   BlockIndex      digest -> place, in memory                     Collector     evicts whole data files, moves survivors
//   Pack            many small blocks in one file                  Protection    pins (on disk), roots in use, holds
//   FlatFile        a large file as it is, sparse until complete   SpaceKeeper   quota and full disks
//   LoneBlock       a file of one block of 128 KiB and more        StoreLoader   finds everything again after a crash
//   BlockWriter     which of these a new block goes into           Checker       fsck
//   BlockReader     reads, verifies, drops what is damaged         Housekeeping  flushes and evicts in the background
//   WriteBehind     keeps a large file out of memory as it comes   Marker        marks what a collection must keep
//
// Goals: at most one copy of any byte; nothing unverified is ever given out; a hit allocates nothing and waits for no writer's disk work; the quota holds as
// disk blocks are counted; a full disk costs caching, never a read.
// Non-goals: knowing packages or peers; keeping what is not pinned at all costs: it can be fetched again.
//
// The directory (0700; all files 0600):
//   lock                        flock(2), names the process
//   pins                        the pinned roots; replaced by rename
//   packs/<n>.pack              records of small blocks and nodes, appended; see PackFormat
//   packs/<n>.index             where they are; its presence means that the pack is sealed
//   files/<n>.flat              a large file, sparse until complete
//   files/<n>.chunks            its chunks and which of them are there; see ChunkList
//   files/<n>.<sha256>.block    one raw block
//   files/<n>.partial           a large file that is being imported; removed at start
//
// A small block that was fetched waits in memory for up to 1 MiB of others, or 100 ms, and is read from there; a write for each would cost five times the processor time. The 8 MiB that came
// last go on being read from there. While somebody holds new blocks to publish them, each is written before Put() returns.
// After a kill -9 everything written is still there, because the kernel has it: the record that was being written is cut off, files that were being imported go.
// After a power cut what was written since the last flush may read as zeros: that is found out when the block is read for the first time, and it is fetched again.
// Pin() returns after the blocks at hand and then the pin itself were flushed.

/// <summary>The blocks of this machine on its disk. One process at a time.</summary>
public sealed class BlockStore : IBlockStore, IAsyncDisposable
{
    private readonly StoreParts _parts;
    private readonly StoreLock _lock;
    private readonly Housekeeping _housekeeping;

    private BlockStore(StoreParts parts, StoreLock storeLock, TimeProvider time)
    {
        _parts = parts;
        _lock = storeLock;
        _housekeeping = new Housekeeping(parts, time);
    }

    /// <summary>Opens the store in this directory, or makes it.</summary>
    /// <exception cref="StoreUnusableException">Another process has it, or its list of pins cannot be read.</exception>
    public static BlockStore Open(StoreOptions options, TimeProvider time, ILoggerFactory loggers, IMeterFactory meters)
    {
        Directory.CreateDirectory(options.Directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var storeLock = StoreLock.Take(options.Directory);
        try
        {
            var logger = loggers.CreateLogger<BlockStore>();
            var parts = new StoreParts(options, time, logger, meters);
            new StoreLoader(parts).Load();
            StoreLog.Opened(logger, options.Directory, parts.Index.Count, parts.Budget.Used, parts.Budget.Quota, parts.Protection.PinCount);
            return new BlockStore(parts, storeLock, time);
        }
        catch
        {
            storeLock.Dispose();
            throw;
        }
    }

    /// <summary>Counters that are kept anyway: cheap enough for each statfs(2).</summary>
    public StoreStatistics Statistics => new(
        _parts.Index.Count, _parts.Index.Bytes, _parts.Budget.Used, _parts.Budget.Quota, _parts.Protection.PinCount,
        _parts.Metrics.EvictedTotal, _parts.Metrics.DamagedTotal, _parts.Containers.Files, _parts.Containers.Packs);

    public bool Contains(in Cid cid) => _parts.Index.TryFind(cid.Digest, out _);

    public bool TryGetLength(in Cid cid, out int length)
    {
        var isPresent = _parts.Index.TryFind(cid.Digest, out var place);
        length = place.Length;
        return isPresent;
    }

    public int Read(in Cid cid, int offset, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        return _parts.Reader.Read(cid, offset, destination);
    }

    public bool TryGet(in Cid cid, [NotNullWhen(true)] out Block? block) => _parts.Reader.TryGet(cid, out block);

    public PutResult Put(Block block)
    {
        var result = _parts.Writer.Put(block);
        if (result != PutResult.Stored) return result;
        if (_parts.PackWriter.HasUnwritten) _housekeeping.WriteSoon();
        if (_parts.Space.IsAboveHigh || _parts.WriteBehind.IsDue) _housekeeping.WakeUp();
        return result;
    }

    public void DeclareFile(FileLayout layout)
    {
        if (layout.Size >= _parts.Options.FlatFileThreshold) _parts.Flats.Declare(layout);
    }

    public void Doubt(in Cid cid)
    {
        if (!_parts.Index.TryFind(cid.Digest, out var place)) return;
        _parts.Index.Flag(cid.Digest, place, set: BlockFlags.None, clear: BlockFlags.Verified);
        if (_parts.Containers.TryGet(place.Container, out var container) && container is FlatFile file) file.IsVerified = false;
    }

    public bool TryOpenFlat(in Cid file, [NotNullWhen(true)] out SafeFileHandle? handle) => new FlatOpener(_parts).TryOpen(file, out handle);

    public ILargeFileWriter BeginLargeFile(long size)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        if (size > _parts.Budget.Quota) throw StoreFull.For(_parts.Options.Directory, size, _parts.Budget);
        try
        {
            return new LargeFileWriter(_parts, size);
        }
        catch (IOException full) when (Interop.IsFull(full))
        {
            throw StoreFull.For(_parts.Options.Directory, size, _parts.Budget);
        }
    }

    public IDisposable HoldNew()
    {
        var hold = _parts.Protection.HoldNew();
        // What is put from now on is written at once. What waits may be part of what is held, and the holder must not find it here and then gone.
        _housekeeping.WriteNow();
        return hold;
    }

    public IDisposable Use(in Cid root) => _parts.Protection.Use(root);

    /// <exception cref="ArgumentException">The reason has control characters.</exception>
    /// <exception cref="IOException">It could not be made durable; it is not pinned.</exception>
    public void Pin(in Cid root, string reason)
    {
        if (reason.AsSpan().ContainsAnyInRange('\0', '\x1f')) throw new ArgumentException("The reason of a pin is one line of text.", nameof(reason));
        Flush();
        _parts.Protection.Pin(root, reason);
    }

    public bool Unpin(in Cid root) => _parts.Protection.Unpin(root);

    public IReadOnlyList<PinnedRoot> Pins => _parts.Protection.Pins;

    public long Losses => _parts.Index.Losses;

    public void Flush() => _parts.Flusher.Flush();

    /// <summary>Evicts down to the low watermark, whatever is taken now.</summary>
    public Task<CollectionReport> CollectAsync(CancellationToken cancellationToken) =>
        Task.Run(() => _parts.Collector.Collect(_parts.Space.LowBytes, cancellationToken), cancellationToken);

    /// <summary>Evicts all that is not pinned, in use or held.</summary>
    public Task<CollectionReport> CollectAllAsync(CancellationToken cancellationToken) =>
        Task.Run(() => _parts.Collector.Collect(0, cancellationToken), cancellationToken);

    /// <summary>Hashes every block; damaged ones are dropped and reported with the roots that list them. The store stays usable meanwhile.</summary>
    public Task<CheckReport> CheckAsync(IProgress<CheckProgress>? progress, CancellationToken cancellationToken) =>
        Task.Run(() => new Checker(_parts).Check(progress, cancellationToken), cancellationToken);

    /// <summary>Flushes and gives the directory free. Reads and puts must have ended.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await _housekeeping.DisposeAsync();
            _parts.PackWriter.Dispose();
            _parts.Tail.Dispose();
            foreach (var container in _parts.Containers.Snapshot()) HandleCache.Close(container);
            _parts.Metrics.Dispose();
        }
        finally
        {
            _lock.Dispose();
        }
    }
}
