using Microsoft.Extensions.Logging;

namespace SwarmFS.Mount;

/// <summary>
/// The mount's read-ahead: small while everything is at hand, large while something comes from afar.
/// <code>
/// Local -> [remote read] -> Remote -> [none for 20 s] -> Local
/// </code>
/// The kernel takes the window over when a file is opened, so it is widened as soon as an incomplete package is looked at, and narrowed late.
/// </summary>
internal sealed class ReadAheadWindow : IDisposable
{
    /// <summary>Longer than a reader pauses between two files of a slow package; a wide window costs memory only while someone reads.</summary>
    private static readonly TimeSpan Hold = TimeSpan.FromSeconds(20);

    private readonly MountOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly ITimer _timer;
    private Func<int, int>? _set;
    private long _lastRemote;
    private bool _remote;

    public ReadAheadWindow(MountOptions options, TimeProvider time, ILogger logger)
    {
        _options = options;
        _time = time;
        _logger = logger;
        _timer = time.CreateTimer(static self => ((ReadAheadWindow)self!).Tick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public bool IsRemote => Volatile.Read(ref _remote);

    /// <param name="set">Sets the window, in KiB, or a narrower one that the mount can use, and returns which; 0 when it may not.</param>
    public void Attach(Func<int, int> set)
    {
        _set = set;
        Apply(_options.LocalReadAheadKiB);
    }

    /// <summary>Something remote is being read. Cheap, and never waits.</summary>
    public void Remote()
    {
        Volatile.Write(ref _lastRemote, _time.GetTimestamp());
        if (IsRemote) return;
        lock (_lock)
        {
            if (_remote) return;
            _remote = true;
            _timer.Change(Hold, Hold);
        }
        ThreadPool.UnsafeQueueUserWorkItem(static self => self.Apply(self._options.RemoteReadAheadKiB), this, preferLocal: false);
    }

    private void Tick()
    {
        lock (_lock)
        {
            if (!_remote || _time.GetElapsedTime(Volatile.Read(ref _lastRemote)) < Hold) return;
            _remote = false;
            _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
        Apply(_options.LocalReadAheadKiB);
    }

    private void Apply(int kiB)
    {
        if (_set is not { } set) return;
        if (set(kiB) is > 0 and var given) _logger.ReadAhead(given);
        else _logger.ReadAheadRefused(kiB, "/sys/class/bdi is not writable for this process");
    }

    public void Dispose() => _timer.Dispose();
}
