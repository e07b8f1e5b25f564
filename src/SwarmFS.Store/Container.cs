using Microsoft.Win32.SafeHandles;

namespace SwarmFS.Store;

/// <summary>
/// A data file: a <see cref="Pack"/> of small blocks or the <see cref="FlatFile"/> of a large one. Evicted whole.
/// </summary>
/// <remarks>
/// Open -> [TryBeginWrite … EndWrite]* -> Open -> [TryRetire] -> Retired -> [file removed] -> gone. Whoever writes alone may go straight on: [TryBeginWrite … EndWriteAndRetire] -> Retired.
/// Readers need no permission: an unlinked file stays readable through a handle that is open, and one that is closed sends them back to the index.
/// </remarks>
internal abstract class Container(int id, string path)
{
    private const int Retired = int.MinValue;
    private int _writers;
    private long _diskBytes;
    private long _markedBytes;

    public int Id { get; } = id;

    public string Path { get; } = path;

    /// <summary>The open file, or null while it is closed; see <see cref="HandleCache"/>.</summary>
    public SafeFileHandle? Handle;

    /// <summary>Serialises opening and closing.</summary>
    public Lock HandleGate { get; } = new();

    /// <summary>Read since the handle cache looked last.</summary>
    public bool HandleUsed;

    /// <summary>Never closed for want of descriptors: it is being written.</summary>
    public bool KeepsHandle;

    /// <summary>The store's clock when it was last used, in ticks without a unit; see <see cref="ContainerTable.Tick"/>.</summary>
    public long LastUsed;

    /// <summary>
    /// Written since the last flush. Set after the whole write, lists included, and before the index names what was written: so what a flush finds clean is on disk as the index
    /// has it. Accessed through Interlocked.
    /// </summary>
    public int Dirty;

    public long DiskBytes => Interlocked.Read(ref _diskBytes);

    /// <summary>Bytes of blocks that the collection under way found protected.</summary>
    public long MarkedBytes => Interlocked.Read(ref _markedBytes);

    public bool IsRetired => Volatile.Read(ref _writers) < 0;

    public void AddDiskBytes(long bytes) => Interlocked.Add(ref _diskBytes, bytes);

    public void AddMarkedBytes(long bytes) => Interlocked.Add(ref _markedBytes, bytes);

    public void ClearMarkedBytes() => Interlocked.Exchange(ref _markedBytes, 0);

    /// <summary>False when the file is about to be removed.</summary>
    public bool TryBeginWrite()
    {
        int seen;
        do
        {
            seen = Volatile.Read(ref _writers);
            if (seen < 0) return false;
        }
        while (Interlocked.CompareExchange(ref _writers, seen + 1, seen) != seen);
        return true;
    }

    public void EndWrite() => Interlocked.Decrement(ref _writers);

    /// <summary>False while somebody writes.</summary>
    public bool TryRetire() => Interlocked.CompareExchange(ref _writers, Retired, 0) == 0;

    /// <summary>For the only writer, in one step: after <see cref="EndWrite"/> a collection could be the first to retire the file.</summary>
    public void EndWriteAndRetire() => Interlocked.CompareExchange(ref _writers, Retired, 1);

    /// <summary>Takes back <see cref="TryRetire"/>: the file stays.</summary>
    public void Reinstate() => Interlocked.CompareExchange(ref _writers, 0, Retired);

    /// <summary>The blocks in the file's own lists, also those that the index has elsewhere or not at all.</summary>
    public abstract IReadOnlyList<ListedBlock> ReadList();

    /// <summary>Closes what is open beside <see cref="Handle"/>.</summary>
    public virtual void CloseList() { }

    /// <summary>The files to remove with this one; the data last, because a list without data says nothing.</summary>
    public abstract IEnumerable<string> Paths { get; }
}

/// <summary>A block as the list of its container has it.</summary>
internal readonly record struct ListedBlock(Core.Sha256Digest Digest, long Offset, int Length, Core.CidCodec Codec);
