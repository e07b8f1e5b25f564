using Microsoft.Win32.SafeHandles;
using SwarmFS.Core;

namespace SwarmFS.Store;

/// <summary>
/// Makes what was written survive a power cut. Order: the bytes of all data files, then the directories that name them. Nothing else depends on an order,
/// because each block is verified at its first read: the most that a power cut costs is blocks that are fetched again.
/// </summary>
internal sealed class Flusher(PackWriter packs, BlockIndex index, ContainerTable containers, BlockReader reader, string filesDirectory, string packsDirectory)
{
    /// <summary>Files whose writing is started together, so that the waits for them overlap. A syncfs(2) would wait for everything else on the disk as well.</summary>
    private const int BatchFiles = 64;

    private readonly Lock _gate = new();
    private IOException? _untold;

    /// <exception cref="IOException">Something could not be flushed, now or for others before. What of it the disk has lost is no longer in the store.</exception>
    public void Flush()
    {
        lock (_gate)
        {
            FlushDirty();
            if (Interlocked.Exchange(ref _untold, null) is { } earlier) throw new IOException(earlier.Message, earlier);
        }
    }

    /// <summary>As <see cref="Flush"/>, for who does not rely on it: the next who does is told as well.</summary>
    public void TryFlush()
    {
        lock (_gate)
        {
            try
            {
                FlushDirty();
            }
            catch (IOException failure)
            {
                _untold = failure;
                throw;
            }
        }
    }

    /// <summary>
    /// Makes the copies durable that an eviction wrote to these packs. An eviction has the gate that whoever opens a package needs, so it does not wait for a flush of everything.
    /// </summary>
    /// <exception cref="IOException">They may not be. What else in the packs the disk has lost is no longer in the store, and the next who relies on a flush is told.</exception>
    public void FlushCopies(IEnumerable<Pack> written)
    {
        IOException? failure = null;
        foreach (var pack in written)
        {
            using var handle = Interop.Open(pack.Path, Interop.ReadOnly);
            Sync(handle, pack, pack.Path, ref failure);
        }
        if (failure is not null)
        {
            Volatile.Write(ref _untold, failure);
            throw failure;
        }
        Durable.FlushDirectory(packsDirectory);
    }

    private void FlushDirty()
    {
        packs.WriteOut();
        var dirty = containers.Snapshot().Where(container => Interlocked.Exchange(ref container.Dirty, 0) == 1).ToList();
        if (dirty.Count == 0) return;
        try
        {
            IOException? failure = null;
            foreach (var batch in dirty.SelectMany(container => container.Paths.Select(path => (container, path))).Chunk(BatchFiles)) Sync(batch, ref failure);
            Durable.FlushDirectory(filesDirectory);
            Durable.FlushDirectory(packsDirectory);
            if (failure is not null) throw failure;
        }
        catch (IOException)
        {
            foreach (var container in dirty) Volatile.Write(ref container.Dirty, 1);
            throw;
        }
    }

    /// <summary>One that fails keeps none of the others from the disk.</summary>
    private void Sync((Container Container, string Path)[] batch, ref IOException? failure)
    {
        var files = new List<(SafeFileHandle Handle, Container Container, string Path)>();
        try
        {
            foreach (var (container, path) in batch)
            {
                if (TryOpen(path) is { } handle) files.Add((handle, container, path));
            }
            foreach (var (handle, _, _) in files) Interop.StartWriting(handle);
            foreach (var (handle, container, path) in files) Sync(handle, container, path, ref failure);
        }
        finally
        {
            foreach (var (handle, _, _) in files) handle.Dispose();
        }
    }

    private void Sync(SafeFileHandle handle, Container container, string path, ref IOException? failure)
    {
        try
        {
            Durable.Flush(handle, path);
        }
        catch (IOException first)
        {
            failure ??= first;
            Interop.GiveUpPages(handle, length: 0);
            CheckAgain(container);
        }
    }

    /// <summary>
    /// What the kernel could not write it takes for written, and has until it needs the memory; the next flush succeeds. So the blocks are read again, from the disk, and what is lost leaves
    /// the index.
    /// </summary>
    private void CheckAgain(Container container)
    {
        if (container is FlatFile file) file.IsVerified = false;
        var doubtful = new List<Cid>();
        foreach (var listed in packs.ListOf(container))
        {
            if (!index.TryFind(listed.Digest, out var place) || place.Container != container.Id) continue;
            index.Flag(listed.Digest, place, set: BlockFlags.None, clear: BlockFlags.Verified);
            doubtful.Add(new Cid(place.Codec, listed.Digest));
        }
        foreach (var cid in doubtful)
        {
            if (reader.TryGet(cid, out var block, isUse: false)) block.Dispose();
        }
    }

    // Opens the file anew: a handle of the cache may be closed at any moment. A file that is gone was evicted meanwhile.
    private static SafeFileHandle? TryOpen(string path)
    {
        try
        {
            return Interop.Open(path, Interop.ReadOnly);
        }
        catch (IOException gone) when (gone.HResult == Interop.NoSuchFile)
        {
            return null;
        }
    }
}
