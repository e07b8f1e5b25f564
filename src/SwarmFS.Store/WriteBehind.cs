using System.Collections.Concurrent;

namespace SwarmFS.Store;

/// <summary>
/// Writes out the pages of a large file while it comes, and gives up those behind the newest <see cref="StoreOptions.RecentBytes"/>: the reader for whom the file is fetched has them
/// in the page cache of the mount, and a second copy of each byte would push out what others use. Reads of what was given up go to the disk.
/// </summary>
internal sealed class WriteBehind(HandleCache handles, long recentBytes)
{
    /// <summary>One step is begun for so much of <see cref="StoreOptions.RecentBytes"/>.</summary>
    private const int StepsPerRecent = 5;

    private readonly ConcurrentQueue<FlatFile> _due = new();
    private readonly long _step = Math.Max(1, recentBytes / StepsPerRecent);

    /// <summary>A file has grown by a step: <see cref="Run"/> is to be called, on a thread that may wait for the disk.</summary>
    public bool IsDue => !_due.IsEmpty;

    public void Written(FlatFile file, long offset, int length)
    {
        if (file.Size > recentBytes && file.NoteWritten(offset, length, _step)) _due.Enqueue(file);
    }

    public void Run()
    {
        while (_due.TryDequeue(out var file))
        {
            try
            {
                // A file that is gone was evicted meanwhile; one whose handle is closed at this moment has its turn with the next step.
                if (handles.TryOpen(file) is not { } handle) continue;
                Interop.StartWriting(handle);
                // Pages that still wait for the disk stay, and go at a later step.
                if (file.WrittenEnd > recentBytes) Interop.GiveUpPages(handle, file.WrittenEnd - recentBytes);
            }
            catch (Exception failure) when (failure is IOException or ObjectDisposedException)
            {
                // All this saves memory: a file that cannot be opened says so to whoever reads or writes it, and housekeeping goes on.
            }
        }
    }
}
