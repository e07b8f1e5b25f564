namespace SwarmFS.Swarm;

/// <summary>
/// Decides whether what goes to one peer is packed, and how hard: where the path is what everybody waits for. Packing costs a processor about a second for each 150 MB, so a fast path is left alone.
/// </summary>
/// <param name="uploadBytesPerSecond">The operator's limit, which makes any path a slow one; null: none.</param>
internal sealed class CompressionSwitch(long? uploadBytesPerSecond)
{
    /// <summary>
    /// Bytes a second on the path. At 32 MB/s packed to a third the packer is busy for two thirds of the time; from 64 MB/s on it would be what the path waits for.
    /// </summary>
    private const double OnBelow = 32e6;
    private const double OffAbove = 64e6;

    /// <summary>Bytes a second below which harder packing pays: packed to a fifth, even this takes a third of a processor.</summary>
    private const double HardBelow = 4e6;

    /// <summary>
    /// Levels of the zstd program. Measured on ten packages of Debian in pieces of 512 KiB: level 3 packs to 1/1.8 to 1/5.9 at 115 to 250 MB/s, level 1 to 6 to 20 % more
    /// at 1.2 to 3 times the speed; on five of them level 6 to 4 to 12 % less at a third of the speed, and level 9 to 0 to 2 % less than level 6 with twice its memory.
    /// </summary>
    private const int Level = 3;
    private const int HardLevel = 6;

    /// <summary>A path of which only the round trip is known: within a building it is shorter, over the internet longer.</summary>
    private const double FarRoundTrip = 0.005;

    /// <summary>The kernel counts in steps of up to 4 ms.</summary>
    private static readonly TimeSpan SampleTime = TimeSpan.FromMilliseconds(20);

    /// <summary>So much in less time is a fast path without a doubt.</summary>
    private const long SampleBytes = 16 << 20;

    private LinkProgress? _last;

    /// <summary>All that passed: the path is at least so fast.</summary>
    private Sample _passed;

    /// <summary>
    /// What passed while the path was full: it is no faster. Without that a peer whose processors are busy would look like a slow path, because it confirms what has come only as it takes it,
    /// and would get yet more to do.
    /// </summary>
    private Sample _full;
    private bool? _verdict;
    private double _rate = double.PositiveInfinity;

    /// <param name="roundTrip">In seconds; 0 while it is not known.</param>
    /// <returns>As of the zstd program; 0: nothing is packed.</returns>
    public int LevelFor(double roundTrip)
    {
        var isOn = uploadBytesPerSecond < OnBelow || (_verdict ?? roundTrip >= FarRoundTrip);
        if (!isOn) return 0;
        return uploadBytesPerSecond < HardBelow || _rate < HardBelow ? HardLevel : Level;
    }

    /// <summary>Something was written, and between this and the write before there was always something to send.</summary>
    public void Written(LinkProgress? progress)
    {
        if (progress is { } now && _last is { } before)
        {
            if (_passed.Take(before, now) is { } least and > OffAbove) (_verdict, _rate) = (false, least);
            if (before.IsFull && now.IsFull && _full.Take(before, now) is { } rate) Judge(rate);
        }
        _last = progress;
    }

    /// <summary>There was nothing to send: what the path takes says nothing until the next write.</summary>
    public void Idle() => _last = null;

    private void Judge(double rate)
    {
        _rate = rate;
        if (rate < OnBelow) _verdict = true;
    }

    private struct Sample
    {
        private long _bytes;
        private TimeSpan _sending;

        /// <returns>Bytes a second, once there is enough to tell; then the next sample begins.</returns>
        public double? Take(in LinkProgress before, in LinkProgress now)
        {
            _bytes += now.Acknowledged - before.Acknowledged;
            _sending += now.Sending - before.Sending;
            if (_sending < SampleTime && _bytes < SampleBytes) return null;
            var rate = _bytes / Math.Max(_sending.TotalSeconds, 0.001);
            (_bytes, _sending) = (0, TimeSpan.Zero);
            return rate;
        }
    }
}
