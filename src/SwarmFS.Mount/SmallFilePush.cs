using Microsoft.Extensions.Logging;
using SwarmFS.Core;
using SwarmFS.Fuse;

namespace SwarmFS.Mount;

/// <summary>
/// Gives the kernel small local files before it asks for them, at 5 µs a file instead of the 20 to 45 of a READ: those of a directory as soon as it has been listed to its end,
/// when the kernel knows all its inodes; and, where content comes from afar meanwhile, those after one that was read to its end. Works on a thread of its own, which owes nobody an
/// answer; what does not fit its bounds is left to READ.
/// </summary>
internal sealed class SmallFilePush : IDisposable
{
    /// <summary>Files up to this many bytes where something is listed: who merely looks at names is not given gigabytes.</summary>
    private const int MaxFileListed = 64 << 10;

    /// <summary>And while files are read: beyond it a READ's round trip is small beside the copying, which the reader's own processor does better.</summary>
    private const int MaxFile = 256 << 10;

    /// <summary>How long after a READ somebody counts as reading.</summary>
    private static readonly TimeSpan ReaderPresence = TimeSpan.FromSeconds(2);

    /// <summary>Bytes of one directory: the rest of it is read so much later that the pages might be gone again.</summary>
    private const int MaxDirectory = 32 << 20;

    /// <summary>Directories that may wait. A scan that is further ahead than that is faster than this thread, and would only meet it in the same pages.</summary>
    private const int MaxWaiting = 256;

    /// <summary>Rows looked at after a file that was read: what a batch of small files brings at once.</summary>
    private const int RowsAhead = 64;

    private readonly IPackageContent _content;
    private readonly TimeProvider _time;
    private readonly MountMetrics _metrics;
    private readonly ILogger _logger;
    private long _lastRead;
    private readonly Lock _gate = new();
    private readonly Queue<Order> _orders = new(MaxWaiting);
    private bool _isAsleep;
    private volatile bool _isOver;
    private ThreadSignal? _signal;
    private FuseSession? _session;

    public SmallFilePush(IPackageContent content, TimeProvider time, MountMetrics metrics, ILogger logger)
    {
        _content = content;
        _time = time;
        _lastRead = time.GetTimestamp() - (long)(ReaderPresence.TotalSeconds * time.TimestampFrequency);
        _metrics = metrics;
        _logger = logger;
    }

    private readonly record struct Order(MountedPackage Package, int Row);

    /// <summary>Where the process has no descriptor left nothing is pushed.</summary>
    public void Attach(FuseSession session)
    {
        _signal = ThreadSignal.TryOpen();
        if (_signal is null) return;
        _session = session;
        new Thread(Run) { IsBackground = true, Name = "swarmfs push" }.Start();
    }

    /// <summary>The directory was listed to its end. Never waits.</summary>
    public void Listed(MountedPackage package, int directory)
    {
        if (_session is not null && package.MarkPushed(directory)) Enqueue(new Order(package, directory));
    }

    /// <summary>The file was asked for, up to this byte: who reads to its end wants the next one soon. Never waits.</summary>
    public void WasRead(MountedPackage package, int row, long end)
    {
        if (_session is null) return;
        Volatile.Write(ref _lastRead, _time.GetTimestamp());
        package.MarkPushed(row);
        if (end < package.Tree[row].Size) return;
        var next = row + 1;
        if (next < package.Tree.Count && package.Tree[next].Kind == EntryKind.File && !package.IsPushed(next)) Enqueue(new Order(package, next));
    }

    private void Enqueue(Order order)
    {
        bool wakes;
        lock (_gate)
        {
            if (_isOver || _orders.Count == MaxWaiting) return;
            _orders.Enqueue(order);
            (wakes, _isAsleep) = (_isAsleep, false);
        }
        if (wakes) _signal!.Set();
    }

    /// <summary>Sleeps without spinning: a blocking collection of the framework spins first, and of the 0.8 s of processor time of 5,000 cold files that took 27 ms.</summary>
    private bool TryTake(out Order order)
    {
        while (true)
        {
            lock (_gate)
            {
                order = default;
                if (_isOver) return false;
                if (_orders.TryDequeue(out order)) return true;
                _isAsleep = true;
            }
            _signal!.Wait();
        }
    }

    private void Run()
    {
        try
        {
            var buffer = new byte[MaxFile];
            while (TryTake(out var order)) Push(order, buffer);
        }
        catch (Exception failure)
        {
            Dispose();
            _logger.WorkerBroke("push of small files", failure);
        }
        finally
        {
            _signal!.Dispose();
        }
    }

    private void Push(Order order, byte[] buffer)
    {
        if (order.Package.Tree[order.Row].Kind == EntryKind.Directory) PushDirectory(order.Package, order.Row, buffer);
        else PushAhead(order.Package, order.Row, buffer);
    }

    private void PushDirectory(MountedPackage package, int directory, byte[] buffer)
    {
        long left = MaxDirectory;
        foreach (var row in package.Tree.Children(directory))
        {
            if (_isOver || package.Tree[row].Size > left) return;
            if (!IsWanted(package, row)) continue;
            if (TryPush(package, row, buffer)) left -= package.Tree[row].Size;
        }
    }

    /// <summary>Ends at the first file that is not here, or that the kernel does not know: so far it has not got with its listing.</summary>
    private void PushAhead(MountedPackage package, int first, byte[] buffer)
    {
        var end = Math.Min(first + RowsAhead, package.Tree.Count);
        for (var row = first; row < end && !_isOver; row++)
        {
            if (IsWanted(package, row) && !TryPush(package, row, buffer)) return;
        }
    }

    private bool IsWanted(MountedPackage package, int row) =>
        package.Tree[row] is { Kind: EntryKind.File, Size: > 0 and <= MaxFile and var size } && size <= Limit && !package.IsPushed(row);

    private long Limit => _time.GetElapsedTime(Volatile.Read(ref _lastRead)) < ReaderPresence ? MaxFile : MaxFileListed;

    /// <returns>False when its bytes are not here, or the kernel does not know the inode, or no more.</returns>
    private bool TryPush(MountedPackage package, int row, byte[] buffer)
    {
        var data = buffer.AsSpan(0, (int)package.Tree[row].Size);
        if (_content.Peek(package.Tree, row, 0, data) != data.Length) return false;
        if (!_session!.NotifyStore(PackageNodes.Number(package, NodeNumber.CidView, row).Value, 0, data)) return false;
        package.MarkPushed(row);
        _metrics.Pushed(data.Length);
        return true;
    }

    /// <summary>Takes no more orders; the thread ends with the file it is at.</summary>
    public void Dispose()
    {
        lock (_gate) _isOver = true;
        _signal?.Set();
    }
}
