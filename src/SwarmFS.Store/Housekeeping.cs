using System.Threading.Channels;

namespace SwarmFS.Store;

/// <summary>Flushes from time to time, and evicts when the high watermark is passed, so that writers seldom have to.</summary>
internal sealed class Housekeeping : IAsyncDisposable
{
    private readonly StoreParts _parts;

    // One pending wake-up says as much as many.
    private readonly Channel<bool> _wakeUps = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _stopping = new();
    private readonly ITimer _timer;
    private readonly Task _loop;
    private volatile bool _isFlushDue;
    private int _lastRelaxations = -1;
    private long _leftBytes;

    public Housekeeping(StoreParts parts, TimeProvider time)
    {
        _parts = parts;
        _timer = time.CreateTimer(_ => FlushSoon(), state: null, parts.Options.FlushInterval, parts.Options.FlushInterval);
        _loop = Task.Run(RunAsync);
    }

    /// <summary>The high watermark was passed.</summary>
    public void WakeUp() => _wakeUps.Writer.TryWrite(true);

    private void FlushSoon()
    {
        _isFlushDue = true;
        WakeUp();
    }

    private async Task RunAsync()
    {
        await foreach (var _ in _wakeUps.Reader.ReadAllAsync())
        {
            if (_isFlushDue) TryFlush();
            if (_parts.Space.IsAboveHigh) Evict();
        }
    }

    private void TryFlush()
    {
        _isFlushDue = false;
        try
        {
            _parts.Flusher.Flush();
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
        await _stopping.CancelAsync();
        _wakeUps.Writer.Complete();
        await _loop;
        TryFlush();
        _stopping.Dispose();
    }
}
