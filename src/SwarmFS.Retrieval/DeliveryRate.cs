namespace SwarmFS.Retrieval;

/// <summary>
/// Bytes per second over the last one to two seconds: what the link gives, or what the readers take if that is less. Either way it is what a window may be measured by.
/// </summary>
internal sealed class DeliveryRate(TimeProvider time)
{
    // Shorter than this says nothing: a single round trip may fill it.
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private long _start = time.GetTimestamp();
    private long _bytes;
    private long _previous = long.MaxValue;

    /// <summary><see cref="long.MaxValue"/> while too little has arrived to tell.</summary>
    public long BytesPerSecond
    {
        get
        {
            lock (_gate)
            {
                var elapsed = time.GetElapsedTime(_start);
                if (_previous == long.MaxValue || elapsed < Shortest) return _previous;
                return Math.Max(_previous, (long)(_bytes / elapsed.TotalSeconds));
            }
        }
    }

    public void Add(int bytes)
    {
        lock (_gate)
        {
            var elapsed = time.GetElapsedTime(_start);
            if (elapsed >= Longest)
            {
                // After a pause nothing is known again.
                _previous = elapsed < Longest * 3 ? (long)(_bytes / elapsed.TotalSeconds) : long.MaxValue;
                _bytes = 0;
                _start = time.GetTimestamp();
            }
            _bytes += bytes;
        }
    }
}
