namespace SwarmFS.Retrieval;

/// <summary>
/// Bytes per second over the last one to two seconds in which something was on its way: what the link gives, or what the readers take if that is less. Either way it is what a window
/// may be measured by. Time in which nothing was asked for says nothing of the link and does not count.
/// </summary>
internal sealed class DeliveryRate(TimeProvider time)
{
    // Shorter than this says nothing: a single round trip may fill it.
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    // After such a pause nothing is known again.
    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(3);

    private readonly Lock _gate = new();
    private long _start = time.GetTimestamp();
    private long _restedAt = time.GetTimestamp();
    private bool _isResting = true;
    private long _bytes;
    private long _previous = long.MaxValue;

    /// <summary><see cref="long.MaxValue"/> while too little has arrived to tell.</summary>
    public long BytesPerSecond
    {
        get
        {
            lock (_gate)
            {
                var elapsed = Elapsed;
                if (_previous == long.MaxValue || elapsed < Shortest) return _previous;
                return Math.Max(_previous, (long)(_bytes / elapsed.TotalSeconds));
            }
        }
    }

    private TimeSpan Elapsed => _isResting ? time.GetElapsedTime(_start, _restedAt) : time.GetElapsedTime(_start);

    /// <summary>Something is on its way, after nothing was.</summary>
    public void Resume()
    {
        lock (_gate)
        {
            var now = time.GetTimestamp();
            if (time.GetElapsedTime(_restedAt, now) >= Memory) (_start, _bytes, _previous) = (now, 0, long.MaxValue);
            else _start += now - _restedAt;
            _isResting = false;
        }
    }

    /// <summary>Nothing is on its way any more.</summary>
    public void Rest()
    {
        lock (_gate)
        {
            _restedAt = time.GetTimestamp();
            _isResting = true;
        }
    }

    public void Add(int bytes)
    {
        lock (_gate)
        {
            if (_isResting) return;
            _bytes += bytes;
            var elapsed = Elapsed;
            if (elapsed < Longest) return;
            _previous = (long)(_bytes / elapsed.TotalSeconds);
            (_start, _bytes) = (time.GetTimestamp(), 0);
        }
    }
}
