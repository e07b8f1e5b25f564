namespace SwarmFS.Swarm;

/// <summary>
/// Decides whether what goes to one peer is packed: where the path is what everybody waits for. Packing costs a processor about a second for each 150 MB, so a fast path is left alone.
/// </summary>
/// <param name="uploadBytesPerSecond">The operator's limit, which makes any path a slow one; null: none.</param>
internal sealed class CompressionSwitch(long? uploadBytesPerSecond)
{
    /// <summary>
    /// Bytes a second on the path. At 32 MB/s packed to a third the packer is busy for two thirds of the time; from 64 MB/s on it would be what the path waits for.
    /// </summary>
    private const double OnBelow = 32e6;
    private const double OffAbove = 64e6;

    /// <summary>A path of which only the round trip is known: within a building it is shorter, over the internet longer.</summary>
    private const double FarRoundTrip = 0.005;

    /// <summary>The kernel counts in steps of up to 4 ms.</summary>
    private static readonly TimeSpan SampleTime = TimeSpan.FromMilliseconds(20);

    /// <summary>So much in less time is a fast path without a doubt.</summary>
    private const long SampleBytes = 16 << 20;

    private LinkProgress? _last;
    private long _bytes;
    private TimeSpan _sending;
    private bool? _verdict;

    /// <param name="roundTrip">In seconds; 0 while it is not known.</param>
    public bool IsOn(double roundTrip) => uploadBytesPerSecond < OnBelow || (_verdict ?? roundTrip >= FarRoundTrip);

    /// <summary>Something was written, and between this and the write before there was always something to send.</summary>
    public void Written(LinkProgress? progress)
    {
        if (progress is { } now && _last is { } before)
        {
            _bytes += now.Acknowledged - before.Acknowledged;
            _sending += now.Sending - before.Sending;
            Judge();
        }
        _last = progress;
    }

    /// <summary>There was nothing to send: what the path takes says nothing until the next write.</summary>
    public void Idle() => _last = null;

    private void Judge()
    {
        if (_sending < SampleTime && _bytes < SampleBytes) return;
        var rate = _bytes / Math.Max(_sending.TotalSeconds, 0.001);
        if (rate < OnBelow) _verdict = true;
        else if (rate > OffAbove) _verdict = false;
        (_bytes, _sending) = (0, TimeSpan.Zero);
    }
}
