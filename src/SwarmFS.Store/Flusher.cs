using Microsoft.Win32.SafeHandles;
using SwarmFS.Core;

namespace SwarmFS.Store;

/// <summary>
/// Makes what was written survive a power cut. Order: the bytes of all data files, then the directories that name them. Nothing else depends on an order,
/// because each block is verified at its first read: the most that a power cut costs is blocks that are fetched again.
/// </summary>
internal sealed class Flusher(PackWriter packs, ContainerTable containers, string filesDirectory, string packsDirectory)
{
    /// <summary>Files whose writing is started together, so that the waits for them overlap. A syncfs(2) would wait for everything else on the disk as well.</summary>
    private const int BatchFiles = 64;

    private readonly Lock _gate = new();

    /// <exception cref="IOException">Something could not be flushed; it counts as not flushed.</exception>
    public void Flush()
    {
        lock (_gate)
        {
            packs.WriteOut();
            var dirty = containers.Snapshot().Where(container => Interlocked.Exchange(ref container.Dirty, 0) == 1).ToList();
            if (dirty.Count == 0) return;
            try
            {
                foreach (var batch in dirty.SelectMany(container => container.Paths).Chunk(BatchFiles)) Sync(batch);
                Durable.FlushDirectory(filesDirectory);
                Durable.FlushDirectory(packsDirectory);
            }
            catch (IOException)
            {
                foreach (var container in dirty) Volatile.Write(ref container.Dirty, 1);
                throw;
            }
        }
    }

    private static void Sync(string[] paths)
    {
        var files = new List<(SafeFileHandle Handle, string Path)>();
        try
        {
            foreach (var path in paths)
            {
                if (TryOpen(path) is { } handle) files.Add((handle, path));
            }
            foreach (var (handle, _) in files) Interop.StartWriting(handle);
            foreach (var (handle, path) in files) Durable.Flush(handle, path);
        }
        finally
        {
            foreach (var (handle, _) in files) handle.Dispose();
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
