namespace SwarmFS.Store;

/// <summary>
/// Writes out what waits in memory, flushes from time to time, keeps large files out of memory, and evicts when the high watermark is passed, so that writers seldom have to.
/// On a thread of its own: it waits for the disk, and a thread of the pool that waits is one less for what comes from the network.
/// </summary>
internal sealed class Housekeeping : IAsyncDisposable
{
    /// <summary>How long a block waits for others to be written with it.</summary>
    private static readonly TimeSpan WriteDelay = TimeSpan.FromMilliseconds(100);

    private readonly StoreParts _parts;
    private readonly AutoResetEvent _wakeUps = new(initialState: false);
    private readonly CancellationTokenSource _stopping = new();
    private readonly ITimer _timer;
    private readonly ITimer _writeTimer;
    private readonly Task _loop;
    private volatile bool _isFlushDue;
    private volatile bool _isWriteDue;
    private int _isWritePlanned;
    private int _lastRelaxations = -1;
    private long _leftBytes;

    public Housekeeping(StoreParts parts, TimeProvider time)
    {
        _parts = parts;
        _timer = time.CreateTimer(_ => FlushSoon(), state: null, parts.Options.FlushInterval, parts.Options.FlushInterval);
        _writeTimer = time.CreateTimer(_ => WriteFromTimer(), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _loop = Task.Factory.StartNew(Run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Blocks wait to be written.</summary>
    public void WriteSoon()
    {
        if (Volatile.Read(ref _isWritePlanned) == 0 && Interlocked.Exchange(ref _isWritePlanned, 1) == 0) _writeTimer.Change(WriteDelay, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Writes what waits. What cannot be written has left the store, as if it had been evicted.</summary>
    public void WriteNow()
    {
        try
        {
            _parts.PackWriter.WriteOut();
        }
        catch (IOException failure)
        {
            StoreLog.WaitingBlocksLost(_parts.Logger, _parts.Options.Directory, failure);
        }
    }

    private void WriteFromTimer()
    {
        _isWriteDue = true;
        WakeUp();
    }

    /// <summary>The high watermark was passed, or <see cref="WriteBehind"/> has something to do.</summary>
    public void WakeUp() => _wakeUps.Set();

    private void FlushSoon()
    {
        _isFlushDue = true;
        WakeUp();
    }

    private void Run()
    {
        while (_wakeUps.WaitOne() && !_stopping.IsCancellationRequested)
        {
            if (_isWriteDue) Try(WritePlanned);
            Try(_parts.WriteBehind.Run);
            if (_isFlushDue) Try(TryFlush);
            if (_parts.Space.IsAboveHigh) Try(Evict);
        }
    }

    /// <summary>Whatever one step meets, the others and its next turn go on.</summary>
    private void Try(Action step)
    {
        try
        {
            step();
        }
        catch (Exception failure)
        {
            StoreLog.HousekeepingFailed(_parts.Logger, _parts.Options.Directory, failure);
        }
    }

    private void WritePlanned()
    {
        _isWriteDue = false;
        Volatile.Write(ref _isWritePlanned, 0);
        WriteNow();
    }

    private void TryFlush()
    {
        _isFlushDue = false;
        try
        {
            _parts.Flusher.TryFlush();
        }
        catch (IOException failure)
        {
            StoreLog.FlushFailed(_parts.Logger, failure);
        }
    }

    /// <summary>Does not try again while nothing was written or released since a collection found nothing to evict.</summary>
    private void Evict()
    {
        var relaxations = _parts.Protection.Relaxations;
        if (relaxations == _lastRelaxations && _parts.Budget.Used - _leftBytes < _parts.Budget.Quota / 100) return;
        try
        {
            var report = _parts.Collector.Collect(_parts.Space.LowBytes, _stopping.Token);
            (_lastRelaxations, _leftBytes) = report.ReachedTarget ? (-1, 0) : (relaxations, report.DiskBytes);
        }
        catch (OperationCanceledException) { }
        catch (IOException failure)
        {
            StoreLog.WriteFailed(_parts.Logger, _parts.Options.Directory, failure);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync();
        await _writeTimer.DisposeAsync();
        await _stopping.CancelAsync();
        WakeUp();
        await _loop;
        Try(TryFlush);
        _wakeUps.Dispose();
        _stopping.Dispose();
    }
}
