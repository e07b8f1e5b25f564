using SwarmFS.Core;
using SwarmFS.Wire;

namespace SwarmFS.Swarm;

/// <summary>Where a lane's requests go: the connection. Never waits, so that it can be called under the exchange's lock.</summary>
internal interface ILaneOutput
{
    void Send<T>(uint requestId, in T message) where T : IWireMessage<T>;

    /// <summary>Bytes that have come from there while a block was under way.</summary>
    long BlockBytesRead { get; }
}

/// <summary>
/// The exchange's view of one open connection: what is outstanding there and how fast it answers. Members belong to the exchange's lock where they do not say otherwise.
/// </summary>
internal sealed class Lane(PeerRecord peer, ILaneOutput output)
{
    /// <summary>Fewer blocks in flight leave a link idle between answers.</summary>
    private const int SmallestWindow = 4;

    /// <summary>In a crowd the last blocks that only the source has are asked by several at once, the more the more each has in flight.</summary>
    private const int SmallestCrowdWindow = 2;

    /// <summary>
    /// Blocks in flight at most: 256 of 256 KiB, 64 MiB, are the window of 1 Gb/s at half a second. Of smaller blocks there may be as many as weigh no more, up to what eight WANT frames name:
    /// with 256 of 1 KiB at a time a package of small files comes at 3 MB/s from 80 ms away.
    /// </summary>
    private const int FewestAtMost = 256;
    private const int MostAtMost = 8 * WireLimits.BlocksPerWant;
    private const double LargestWindowBytes = 64 << 20;

    /// <summary>
    /// Where a connection begins; from there it doubles with each round trip, as TCP's slow start does (RFC 5681, 3.1), until the path is full. From four on, the small
    /// blocks of a near peer would come in lockstep for the first two samples, a quarter of the time that 5,000 small files take.
    /// </summary>
    private const int FirstWindow = 16;

    /// <summary>The path is full when so many samples in a row have brought less than so much more than the best before (BBR's startup, draft-ietf-ccwg-bbr, 5.3.1.2).</summary>
    private const int FullPathSamples = 3;
    private const double FullPathGrowth = 1.25;

    /// <summary>Headroom over the product of bandwidth and delay, so that a path that got faster is noticed.</summary>
    private const double WindowGain = 1.5;

    /// <summary>Scheduling on a busy machine takes as long as a short round trip: below this the window would starve a local peer.</summary>
    private const double ShortestRoundTrip = 0.010;

    /// <summary>Shorter samples of the goodput measure the scheduler.</summary>
    private static readonly TimeSpan SampleTime = TimeSpan.FromMilliseconds(50);

    private const double Smoothing = 0.2;

    /// <summary>So much of a block is a sign of life as a whole one is: over a line that many share, or that the peer's operator limits, a large block takes a minute.</summary>
    private const int LeastPart = 1 << 10;

    /// <summary>Assumed until measured, in bytes.</summary>
    private const double FirstBlockLength = 64 << 10;

    /// <summary>Assumed until measured: an answer within a tenth of a second.</summary>
    private const double FirstLatency = 0.1;

    private readonly int[] _outstanding = new int[4];
    private int _openingWindow = FirstWindow;
    private double _bestSample;
    private int _samplesWithoutGrowth;
    private bool _isFilled;
    private double _blockLength = FirstBlockLength;
    private double _latency = FirstLatency;
    private double _latencyDeviation;
    private bool _latencyKnown;
    private uint _nextRequest;
    private long _sampleStart;
    private long _sampleBytes;
    private long _readAtPart;

    public PeerRecord Peer { get; } = peer;

    public ILaneOutput Output { get; } = output;

    public Dictionary<uint, LaneRequest> Requests { get; } = [];

    /// <summary>Wants chosen for this lane and not sent yet; empty outside a pump.</summary>
    public List<BlockWant> Batch { get; } = [];

    public bool Closed { get; set; }

    /// <summary>Something is outstanding and nothing has come for long. Cleared by the next block.</summary>
    public bool Stalled { get; set; }

    public long LastArrival { get; private set; }

    /// <summary>When a whole block or a part of one came last.</summary>
    public long LastPart { get; private set; }

    public int Outstanding { get; private set; }

    public bool HasTreeSlot => Requests.Values.Count(request => request is TreeAttempt) < WireLimits.TreesInProgress;

    public bool HasRequestSlot => Requests.Count < WireLimits.RequestsInProgress;

    /// <summary>Blocks that may be in flight.</summary>
    public int Window
    {
        get
        {
            if (Stalled) return SmallestWindow;
            return (int)Math.Clamp(Math.Max(MeasuredWindow, _openingWindow), SmallestWindow, LargestWindow);
        }
    }

    /// <summary>The same for a peer that lacks much of what it is asked for.</summary>
    public int WindowFor(double hits) => Math.Max(SmallestWindow, (int)(Window * hits));

    /// <summary>Blocks that may be in flight however fast and far the peer is: for what somebody waits for at once.</summary>
    public int LargestWindow => (int)Math.Clamp(LargestWindowBytes / _blockLength, FewestAtMost, MostAtMost);

    /// <summary>
    /// The same in a crowd: what bandwidth and delay ask for and no more, from the beginning. What stands in a busy source's queue cannot be had elsewhere when others have it, and four newcomers
    /// with an opening window each are a second of a home's line.
    /// </summary>
    public int CrowdWindow => Stalled ? SmallestCrowdWindow : (int)Math.Clamp(MeasuredWindow, SmallestCrowdWindow, LargestWindow);

    private double MeasuredWindow => Peer.Goodput * Math.Max(Peer.RoundTrip, ShortestRoundTrip) * WindowGain / _blockLength;

    /// <summary>Time within which nineteen of twenty demand reads are answered, as TCP estimates its retransmission timer (RFC 6298).</summary>
    public double LatencyBound => _latency + 4 * _latencyDeviation;

    /// <summary>Never 0. Safe from any thread: requests that are none of the exchange's take theirs here too.</summary>
    public uint NextRequestId() => Interlocked.Increment(ref _nextRequest);

    /// <summary>Seconds until one more block of this priority would be here.</summary>
    public double ExpectedDelay(FetchPriority priority)
    {
        var ahead = 1;
        for (var p = 0; p <= (int)priority; p++) ahead += _outstanding[p];
        return Peer.RoundTrip + ahead * _blockLength / Peer.Goodput + (Stalled ? 5 : 0);
    }

    public void Asked(FetchPriority priority, long now)
    {
        if (Outstanding == 0)
        {
            (_sampleStart, _sampleBytes) = (now, 0);
            Arrive(now);
        }
        _outstanding[(int)priority]++;
        Outstanding++;
        _isFilled |= Outstanding >= Window;
    }

    public void Released(FetchPriority priority)
    {
        _outstanding[(int)priority]--;
        Outstanding--;
    }

    public void Arrived(int length, long now, TimeProvider time)
    {
        Stalled = false;
        Arrive(now);
        _blockLength += Smoothing / 4 * (length - _blockLength);
        _blockLength = Math.Max(_blockLength, 512);
        _sampleBytes += length;
        Open();
        var elapsed = time.GetElapsedTime(_sampleStart, now);
        if (elapsed >= SampleTime) Sample(now, elapsed);
    }

    private void Arrive(long now)
    {
        LastArrival = LastPart = now;
        _readAtPart = Output.BlockBytesRead;
    }

    /// <returns>Whether a part of a block has come since the last one or the last whole block.</returns>
    public bool TakesPart(long now)
    {
        var read = Output.BlockBytesRead;
        if (read - _readAtPart < LeastPart) return false;
        (LastPart, _readAtPart) = (now, read);
        return true;
    }

    /// <summary>A block of a streamed tree has come. It is no answer to what is outstanding, but the path has carried it.</summary>
    public void TreeArrived()
    {
        Stalled = false;
        Open();
    }

    private void Open()
    {
        if (_openingWindow > 0) _openingWindow = Math.Min(_openingWindow + 1, LargestWindow);
    }

    // What came while less was asked for than the path carries says how much was asked for.
    private void Sample(long now, TimeSpan elapsed)
    {
        var goodput = _sampleBytes / elapsed.TotalSeconds;
        var isFull = _isFilled || Outstanding * 2 >= Window;
        if (goodput > Peer.Goodput) Peer.Goodput = goodput;
        else if (isFull) Peer.Goodput += Smoothing * (goodput - Peer.Goodput);
        if (_openingWindow > 0 && isFull) WatchForFullPath(goodput);
        (_sampleStart, _sampleBytes, _isFilled) = (now, 0, false);
    }

    private void WatchForFullPath(double goodput)
    {
        if (goodput >= _bestSample * FullPathGrowth) (_bestSample, _samplesWithoutGrowth) = (goodput, 0);
        else if (++_samplesWithoutGrowth == FullPathSamples) _openingWindow = 0;
    }

    /// <summary>A demand read was answered after this long, counted from the later of asking and the block before.</summary>
    public void Answered(double seconds)
    {
        if (!_latencyKnown)
        {
            (_latency, _latencyDeviation, _latencyKnown) = (seconds, seconds / 2, true);
            return;
        }
        _latencyDeviation += 0.25 * (Math.Abs(seconds - _latency) - _latencyDeviation);
        _latency += 0.125 * (seconds - _latency);
    }

    /// <summary>Nothing came for long: ranked behind the others until it delivers again.</summary>
    public void Stall()
    {
        Stalled = true;
        Peer.Timeouts++;
        Peer.Goodput = Math.Max(Peer.Goodput / 2, 1e3);
    }
}
