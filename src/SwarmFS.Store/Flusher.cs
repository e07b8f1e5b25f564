namespace SwarmFS.Store;

/// <summary>
/// Makes what was written survive a power cut. Order: the bytes of all data files, then the directories that name them. Nothing else depends on an order,
/// because each block is verified at its first read: the most that a power cut costs is blocks that are fetched again.
/// </summary>
internal sealed class Flusher(ContainerTable containers, string filesDirectory, string packsDirectory)
{
    /// <summary>Beyond so many files one syncfs(2) is cheaper than an fdatasync(2) each, though it flushes the rest of the file system as well.</summary>
    private const int MaxSingleSyncs = 16;

    private readonly Lock _gate = new();

    /// <exception cref="IOException">Something could not be flushed; it counts as not flushed.</exception>
    public void Flush()
    {
        lock (_gate)
        {
            var dirty = containers.Snapshot().Where(container => Interlocked.Exchange(ref container.Dirty, 0) == 1).ToList();
            if (dirty.Count == 0) return;
            try
            {
                if (dirty.Count > MaxSingleSyncs) SyncAll();
                else dirty.ForEach(Sync);
            }
            catch (IOException)
            {
                foreach (var container in dirty) Volatile.Write(ref container.Dirty, 1);
                throw;
            }
            Interop.SyncDirectory(filesDirectory);
            Interop.SyncDirectory(packsDirectory);
        }
    }

    private void SyncAll()
    {
        using var directory = Interop.Open(filesDirectory, Interop.ReadOnly);
        Interop.SyncFileSystem(directory, filesDirectory);
    }

    // Opens the file anew: a handle of the cache may be closed at any moment. A file that is gone was evicted meanwhile.
    private static void Sync(Container container)
    {
        foreach (var path in container.Paths)
        {
            try
            {
                using var handle = Interop.Open(path, Interop.ReadOnly);
                Interop.SyncData(handle, path);
            }
            catch (IOException gone) when (gone.HResult == Interop.NoSuchFile) { }
        }
    }
}
