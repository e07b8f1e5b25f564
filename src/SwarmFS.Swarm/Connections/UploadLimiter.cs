namespace SwarmFS.Swarm;

/// <summary>Shares an upload rate among all connections: each batch waits for those that were admitted before it.</summary>
internal sealed class UploadLimiter(long? bytesPerSecond, TimeProvider time)
{
    private readonly Lock _gate = new();
    private long _free = time.GetTimestamp();

    /// <summary>Null: no limit.</summary>
    public long? BytesPerSecond => bytesPerSecond;

    /// <summary>Bytes that one connection may send before the next has its turn.</summary>
    public int BatchLength => bytesPerSecond is null ? 256 << 10 : 32 << 10;

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
