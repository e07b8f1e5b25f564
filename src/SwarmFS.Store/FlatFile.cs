using Microsoft.Win32.SafeHandles;
using SwarmFS.Core;

namespace SwarmFS.Store;

/// <summary>
/// One large file as it is, so that the kernel can read it directly. Sparse until its chunks are there; the chunks that lie elsewhere on this disk never come:
/// then the file stays incomplete and is read block by block.
/// States: Declared (known in memory) -> [first chunk] -> Partial (on disk with its list) -> [last chunk] -> Complete.
/// </summary>
internal sealed class FlatFile(int id, string directory, Cid file, long size, int chunkCount)
    : Container(id, System.IO.Path.Combine(directory, $"{id}{Extension}"))
{
    public const string Extension = ".flat";
    public const string ListExtension = ".chunks";

    private readonly string _directory = directory;
    private SafeFileHandle? _list;
    private int _present;
    private bool _isOnDisk;
    private long _writtenBytes;
    private long _writtenEnd;

    public Cid File { get; } = file;

    public long Size { get; } = size;

    public int ChunkCount { get; } = chunkCount;

    /// <summary>Null while no chunk is expected: all that were absent have come, or nobody has declared the file since the store was opened.</summary>
    public FileLayout? Layout { get; set; }

    /// <summary>How many of its chunks are to be written here when they come.</summary>
    public int ExpectedChunks { get; set; }

    /// <summary>The file's place among those that are declared, oldest first; null when it has no <see cref="Layout"/>.</summary>
    public LinkedListNode<FlatFile>? Declaration { get; set; }

    public bool IsComplete => Volatile.Read(ref _present) == ChunkCount;

    /// <summary>True when each chunk was hashed since the store was opened.</summary>
    public bool IsVerified { get; set; }

    public bool IsOnDisk => Volatile.Read(ref _isOnDisk);

    public string ListPath => System.IO.Path.Combine(_directory, $"{Id}{ListExtension}");

    public override IEnumerable<string> Paths => [ListPath, Path];

    public override IReadOnlyList<ListedBlock> ReadList() =>
        TryReadList() is { } list
            ? [.. Enumerable.Range(0, ChunkCount).Where(chunk => list.Presence[chunk] == 1).Select(chunk => Listed(list.Layout, chunk))]
            : [];

    public ChunkList? TryReadList() =>
        System.IO.File.Exists(ListPath) ? ChunkList.TryDecode(System.IO.File.ReadAllBytes(ListPath)) : null;

    public static ListedBlock Listed(FileLayout layout, int chunk) =>
        new(layout.ChunkCid(chunk).Digest, layout.ChunkStart(chunk), layout.ChunkLength(chunk), CidCodec.Raw);

    /// <summary>The file is on disk with so many of its chunks.</summary>
    public void Found(int present)
    {
        _present = present;
        Volatile.Write(ref _isOnDisk, true);
    }

    /// <summary>Makes the sparse file and its list, neither with any content. Called once, under the lock of <see cref="FlatFiles"/>.</summary>
    /// <exception cref="IOException">Nothing was made.</exception>
    public void Create(FileLayout layout)
    {
        try
        {
            using (var list = Interop.Open(ListPath, Interop.ReadWrite | Interop.Create | Interop.Exclusive))
                RandomAccess.Write(list, new ChunkList(layout, new byte[ChunkCount]).Encode(), 0);
            using var handle = Interop.Open(Path, Interop.ReadWrite | Interop.Create | Interop.Exclusive);
            Interop.SetLength(handle, Size, Path);
        }
        catch (IOException)
        {
            foreach (var path in Paths) System.IO.File.Delete(path);
            throw;
        }
        AddDiskBytes(DiskBudget.Rounded(ChunkList.EncodedLength(ChunkCount)));
        Volatile.Write(ref _isOnDisk, true);
    }

    /// <summary>The end of the farthest chunk that was written since the store was opened.</summary>
    public long WrittenEnd => Interlocked.Read(ref _writtenEnd);

    /// <summary>Returns true once for each <paramref name="step"/> bytes that were written.</summary>
    public bool NoteWritten(long offset, int length, long step)
    {
        long seen;
        while ((seen = Interlocked.Read(ref _writtenEnd)) < offset + length && Interlocked.CompareExchange(ref _writtenEnd, offset + length, seen) != seen) { }
        var bytes = Interlocked.Add(ref _writtenBytes, length);
        return bytes / step != (bytes - length) / step;
    }

    /// <summary>Notes in the list that a chunk is there, or no longer. Bytes that were written before are flushed with it.</summary>
    public void NotePresence(int chunk, bool isPresent)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                RandomAccess.Write(OpenList(), isPresent ? [1] : [0], ChunkList.PresenceOffset(ChunkCount, chunk));
                break;
            }
            catch (ObjectDisposedException) when (attempt < 16) { }
        }
        Volatile.Write(ref Dirty, 1);
        if (Interlocked.Add(ref _present, isPresent ? 1 : -1) == ChunkCount) CloseList();
    }

    /// <summary>
    /// Puts a file that was written in order into its place. Crash order: the list first; a list without its file is swept away at the next start.
    /// </summary>
    public void Publish(ChunkList list, string partialPath)
    {
        try
        {
            using (var handle = Interop.Open(ListPath, Interop.ReadWrite | Interop.Create | Interop.Exclusive)) RandomAccess.Write(handle, list.Encode(), 0);
            System.IO.File.Move(partialPath, Path);
        }
        catch (IOException)
        {
            System.IO.File.Delete(ListPath);
            throw;
        }
        AddDiskBytes(DiskBudget.Rounded(ChunkList.EncodedLength(ChunkCount)));
        Found(list.Presence.Count(presence => presence == 1));
    }

    private SafeFileHandle OpenList()
    {
        lock (HandleGate) return _list ??= Interop.Open(ListPath, Interop.ReadWrite);
    }

    public override void CloseList()
    {
        lock (HandleGate)
        {
            _list?.Dispose();
            _list = null;
        }
    }
}

/// <summary>A raw block of some size that is a whole file, in a data file of its own. Its name says its digest, so it has no list.</summary>
internal sealed class LoneBlock(int id, string directory, Sha256Digest digest, int length)
    : Container(id, System.IO.Path.Combine(directory, $"{id}.{digest}{Extension}"))
{
    public const string Extension = ".block";

    public override IEnumerable<string> Paths => [Path];

    public override IReadOnlyList<ListedBlock> ReadList() => [new ListedBlock(digest, 0, length, CidCodec.Raw)];
}
