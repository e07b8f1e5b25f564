namespace SwarmFS.Swarm;

/// <summary>
/// Shares an upload rate among all connections: each slice of a batch waits for those that were admitted before it. So whoever has something to send gets as many bytes as the others, however long its
/// blocks are, and a long block comes bit by bit: a peer that sees nothing of it for ten seconds would hang up.
/// </summary>
internal sealed class UploadLimiter(long? bytesPerSecond, TimeProvider time)
{
    /// <summary>A tenth of a second: with 64 peers that all take something each sees a part within seven.</summary>
    private const int SlicesPerSecond = 10;

    /// <summary>Shorter ones would be TLS records and TCP segments more than blocks.</summary>
    private const int ShortestSlice = 1 << 10;

    private const int LongestSlice = 32 << 10;

    private readonly Lock _gate = new();
    private long _free = time.GetTimestamp();

    /// <summary>Null: no limit.</summary>
    public long? BytesPerSecond => bytesPerSecond;

    /// <summary>What one connection takes from the store at a time.</summary>
    public int BatchLength => bytesPerSecond is null ? 256 << 10 : LongestSlice;

    /// <summary>Bytes that one connection may send before the next has its turn; null: no limit.</summary>
    public int? SliceLength => bytesPerSecond is { } rate ? (int)Math.Clamp(rate / SlicesPerSecond, ShortestSlice, LongestSlice) : null;

    public ValueTask AdmitAsync(long bytes, CancellationToken cancellationToken)
    {
        if (bytesPerSecond is not { } rate || bytes == 0) return ValueTask.CompletedTask;
        TimeSpan wait;
        lock (_gate)
        {
            var now = time.GetTimestamp();
            wait = _free > now ? time.GetElapsedTime(now, _free) : TimeSpan.Zero;
            _free = Math.Max(_free, now) + (long)(bytes * (double)time.TimestampFrequency / rate);
        }
        return wait > TimeSpan.Zero ? new ValueTask(Task.Delay(wait, time, cancellationToken)) : ValueTask.CompletedTask;
    }
}
