using System.Net;
using SwarmFS.Core;
using SwarmFS.Wire;

namespace SwarmFS.Swarm;

/// <summary>What a connection works for: the node's parts, shared by all of its connections.</summary>
/// <param name="Compression">Whether this node packs and unpacks.</param>
/// <param name="GathersArrivals">Whether frames that have come are gathered before they are acted on.</param>
internal sealed record ConnectionServices(
    Exchange Exchange, IBlockStore Store, HoldingsTracker Holdings, RecordSync Records, AddressExchange Addresses, UploadLimiter Upload, bool Compression,
    bool GathersArrivals, SwarmMetrics Metrics, TimeProvider Time);

/// <summary>
/// An open connection: after the greeting, until it ends. Two loops: one takes frames off the link and acts on those that have come before it waits for more, one sends. To hash on another
/// thread than the one that decrypts was tried on two busy cores: as fast with blocks of 64 KiB, half as fast (170 for 310 MB/s, one run each) with blocks of 4 KiB.
/// </summary>
internal sealed partial class PeerConnection : ILaneOutput
{
    /// <summary>
    /// What one connection's arrivals are worked on before its thread is given back, one full batch: 10 ms at 400 MB/s. The thread may be the one that notices what arrives for others.
    /// </summary>
    private const int TurnBytes = FrameBatch.MaxBytes;

    /// <summary>
    /// The first batch of an answer; each that follows at once may be twice as long. The peer works on the first while the second is made, where a whole batch of small blocks would keep it
    /// waiting for 3 ms.
    /// </summary>
    private const int FirstBatchBytes = 32 << 10;

    /// <summary>Control frames that wait to be sent. More means that the peer asks and does not read.</summary>
    private const int MaxOutbox = 2 << 20;

    /// <summary>A connection is asked for a sign of life so often, and given up after this silence.</summary>
    private static readonly TimeSpan PingPeriod = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan MaxSilence = TimeSpan.FromSeconds(60);

    /// <summary>
    /// The same while the peer owes blocks or its path is doubted: one that was cut and mended is found again by dialling long before TCP retransmits. Any byte is a sign of life, so a slow
    /// line is none the worse for it.
    /// </summary>
    private static readonly TimeSpan PingPeriodUrgent = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan MaxSilenceUrgent = TimeSpan.FromSeconds(10);

    /// <summary>So long nothing of what is being written may get through: who asks and does not read would have a place and a buffer for ever, however often it says that it lives.</summary>
    private static readonly TimeSpan MaxCongestion = TimeSpan.FromSeconds(60);

    /// <summary>The first round trips go through code that has never run and measure that: a few more follow at once.</summary>
    private const int PingsAtFirst = 6;

    /// <summary>How long the last words may take.</summary>
    private static readonly TimeSpan GoodbyeTime = TimeSpan.FromMilliseconds(500);

    private readonly IPeerLink _link;
    private readonly FrameReader _reader;
    private readonly FrameBatch _arrivals;
    private readonly Func<Frame, HashedBytes, string?> _onBlock;
    private readonly Func<Frame, string?> _onMessage;
    private readonly ConnectionServices _services;
    private readonly ServeQueue _serving;

    /// <summary>Null: the peer has not offered to unpack, or this node does not pack.</summary>
    private readonly CompressionSwitch? _compression;
    private readonly FrameInflater? _inflater;
    private readonly CancellationTokenSource _closing = new();
    private readonly TaskCompletionSource<string> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly AsyncSignal _wake = new();
    private readonly Lock _outGate = new();
    private readonly FrameBuffer _outbox = new();
    private long _heard;
    private long _doubted = long.MinValue;
    private long _bytesHeard;
    private long _pinged;
    private ulong _pingToken;

    /// <summary>Begun and ended writes; odd while one is in progress.</summary>
    private long _writes;
    private (long Writes, long Acknowledged) _writesSeen;
    private long _writesMoved;
    private Goodbye? _goodbye;
    private int _batchBytes = FirstBatchBytes;
    private double _roundTrip;
    private long _unpacked;

    public PeerConnection(IPeerLink link, FrameReader reader, PeerDirection direction, PeerRecord peer, Hello hello, ConnectionServices services)
    {
        (_link, _reader, _services) = (link, reader, services);
        (Direction, Peer, Hello) = (direction, peer, hello);
        (_arrivals, _onBlock, _onMessage) = (new FrameBatch(services.GathersArrivals), ActOnBlock, ActOnMessage);
        Lane = new Lane(peer, this);
        _serving = new ServeQueue(services.Store, services.Time);
        if (services.Compression)
        {
            reader.Inflater = _inflater = new FrameInflater();
            if (hello.Compressions.Contains(CompressedPrefix.Zstd)) _compression = new CompressionSwitch(services.Upload.BytesPerSecond);
        }
        Since = services.Time.GetUtcNow();
        _heard = _writesMoved = services.Time.GetTimestamp();
    }

    public PeerDirection Direction { get; }

    public PeerRecord Peer { get; }

    /// <summary>What the peer said of itself.</summary>
    public Hello Hello { get; }

    public Lane Lane { get; }

    /// <summary>How far announcements have been exchanged; belongs to <see cref="RecordSync"/>.</summary>
    public RecordCursor RecordCursor { get; } = new();

    public EndPoint RemoteEndPoint => _link.RemoteEndPoint;

    public DateTimeOffset Since { get; }

    /// <summary>What the peer did that ended the connection; null when it did nothing wrong.</summary>
    public string? Offence { get; private set; }

    public long BlockBytesRead => _reader.BlockBytesRead;

    public TimeSpan Silence => _services.Time.GetElapsedTime(Volatile.Read(ref _heard));

    /// <summary>Runs until the connection ends; returns why it did. Everything is released by then.</summary>
    public async Task<string> RunAsync()
    {
        Ping();
        var reading = Task.Run(ReadLoopAsync);
        var sending = Task.Run(SendLoopAsync);
        var why = await _ended.Task;
        await SayGoodbyeAsync(sending);
        _link.Abort();
        await _closing.CancelAsync();
        _wake.Set();
        await Task.WhenAll(reading, sending);
        await _link.DisposeAsync();
        _serving.Clear();
        _inflater?.Dispose();
        lock (_outGate) _outbox.Dispose();
        _closing.Dispose();
        return why;
    }

    /// <summary>Ends the connection with a word to the peer.</summary>
    public void Close(GoodbyeReason reason, string text)
    {
        lock (_outGate) _goodbye ??= new Goodbye(reason, text);
        End(text);
    }

    private void End(string why) => _ended.TrySetResult(why);

    private void Offend(string what)
    {
        Offence ??= what;
        Close(GoodbyeReason.Offence, what);
    }

    private async Task SayGoodbyeAsync(Task sending)
    {
        lock (_outGate)
        {
            if (_goodbye is not { } goodbye) return;
            WireMessage.WriteFrame(_outbox, 0, goodbye);
        }
        _wake.Set();
        using var patience = new CancellationTokenSource(GoodbyeTime, _services.Time);
        try
        {
            await sending.WaitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            // A peer that does not read does not hear the reason either.
        }
    }

    public void Send<T>(uint requestId, in T message) where T : IWireMessage<T>
    {
        lock (_outGate)
        {
            if (_goodbye is not null || _ended.Task.IsCompleted) return;
            if (_outbox.Length > MaxOutbox)
            {
                End("the peer asks without reading the answers");
                return;
            }
            WireMessage.WriteFrame(_outbox, requestId, message);
        }
        _wake.Set();
    }

    /// <summary>Called now and then: asks for a sign of life, or gives up.</summary>
    public void Heartbeat()
    {
        Listen();
        var isUrgent = IsDoubted || _services.Exchange.Owes(Lane);
        var longest = isUrgent ? MaxSilenceUrgent : MaxSilence;
        var silence = IsDoubted ? _services.Time.GetElapsedTime(Volatile.Read(ref _doubted)) : Silence;
        if (silence > longest) End($"nothing was heard for {longest.TotalSeconds} s");
        else if (Congestion() > MaxCongestion) End($"the peer has taken nothing of what it asked for in {MaxCongestion.TotalSeconds} s");
        else if (_pingToken < PingsAtFirst || _services.Time.GetElapsedTime(_pinged) >= (isUrgent && silence > PingPeriodUrgent ? PingPeriodUrgent : PingPeriod)) Ping();
    }

    /// <summary>The path to the peer may be gone: it is asked for a sign of life at once, and given up soon when none comes.</summary>
    public void Doubt()
    {
        if (IsDoubted) return;
        Listen();
        Volatile.Write(ref _doubted, _services.Time.GetTimestamp());
        Ping();
    }

    /// <summary>Nothing was heard since <see cref="Doubt"/>.</summary>
    private bool IsDoubted => Volatile.Read(ref _doubted) >= Volatile.Read(ref _heard);

    private void Listen()
    {
        var bytes = _reader.BytesRead;
        if (bytes == _bytesHeard) return;
        _bytesHeard = bytes;
        Volatile.Write(ref _heard, _services.Time.GetTimestamp());
    }

    /// <summary>For how long a write has been in progress of which nothing gets through.</summary>
    private TimeSpan Congestion()
    {
        var writes = Volatile.Read(ref _writes);
        if (writes % 2 == 0) return TimeSpan.Zero;
        var seen = (writes, _link.Progress?.Acknowledged ?? 0);
        if (seen != _writesSeen) (_writesSeen, _writesMoved) = (seen, _services.Time.GetTimestamp());
        return _services.Time.GetElapsedTime(_writesMoved);
    }

    private void Ping()
    {
        _pinged = _services.Time.GetTimestamp();
        Send(0, new Ping(++_pingToken));
    }

    private async Task ReadLoopAsync()
    {
        try
        {
            var turnBegan = 0L;
            while (true)
            {
                if (_reader.BytesRead + _unpacked - turnBegan >= TurnBytes)
                {
                    if (!ActOnArrivals()) return;
                    await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
                    turnBegan = _reader.BytesRead + _unpacked;
                }
                var reading = _reader.ReadAsync(int.MaxValue, _closing.Token);
                // Whatever it waits for, or ends with, comes after what is here.
                var isGood = reading.IsCompletedSuccessfully || ActOnArrivals();
                var read = await reading;
                if (read.Frame is { } frame)
                {
                    CountUnpacked();
                    _arrivals.Add(frame);
                    if (isGood && !_arrivals.IsFull) continue;
                }
                if (!isGood || !ActOnArrivals()) return;
                if (read.Frame is not null) continue;
                if (read.Fault is { } fault) Offend(fault);
                else End("the peer hung up");
                return;
            }
        }
        catch (Exception broken) when (IsEndOfLink(broken))
        {
            End($"the connection broke: {broken.GetBaseException().Message}");
        }
        catch (Exception fault)
        {
            // A sink that throws must not take other connections along.
            Fault = fault;
            End("a fault of this node");
        }
    }

    /// <returns>False: the peer did something wrong, and the connection ends.</returns>
    private bool ActOnArrivals()
    {
        if (_arrivals.Act(_onBlock, _onMessage) is not { } offence) return true;
        Offend(offence);
        return false;
    }

    private void CountUnpacked()
    {
        var saved = _reader.BytesUnpacked - _unpacked;
        if (saved == 0) return;
        _unpacked += saved;
        Peer.SavedIn(saved);
        _services.Metrics.SavedIn(saved);
    }

    /// <summary>What went wrong on our side, for the log.</summary>
    public Exception? Fault { get; private set; }

    private async Task SendLoopAsync()
    {
        try
        {
            while (!_closing.IsCancellationRequested)
            {
                // What is sent may have to be read from a slow disk: not on the thread that other connections may wait for.
                if (_serving.HasWork) await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
                if (await SendBatchAsync()) continue;
                _batchBytes = FirstBatchBytes;
                _compression?.Idle();
                if (Volatile.Read(ref _goodbye) is not null) return;
                await _wake.WaitAsync();
            }
        }
        catch (Exception broken) when (IsEndOfLink(broken))
        {
            End($"the connection broke: {broken.GetBaseException().Message}");
        }
        catch (Exception fault)
        {
            Fault = fault;
            End("a fault of this node");
        }
    }

    /// <returns>False when there was nothing to send.</returns>
    private async ValueTask<bool> SendBatchAsync()
    {
        var level = _compression?.LevelFor(Volatile.Read(ref _roundTrip)) ?? 0;
        var longest = level > 0 ? 2 * _services.Upload.BatchLength : _services.Upload.BatchLength;
        var batch = Math.Min(_batchBytes, longest);
        bool farewell;
        int control;
        byte[] buffer;
        lock (_outGate)
        {
            control = _outbox.Length;
            farewell = _goodbye is not null;
            if (control == 0 && (farewell || !_serving.HasWork)) return false;
            buffer = BlockBuffers.Shared.Rent(Math.Max(batch, control));
            _outbox.Written.CopyTo(buffer);
            _outbox.Dispose();
        }
        try
        {
            var filled = farewell ? new ServeQueue.Filled { Length = control } : _serving.Fill(ref buffer, control, batch);
            if (filled.Length == 0) return false;
            if (level > 0 && filled.Blocks > 0) Pack(level, ref buffer, ref filled);
            await WriteAsync(buffer.AsMemory(0, filled.Length), filled);
            Peer.Sent(filled.BlockBytes, filled.Blocks);
            if (filled.Blocks == 0) return true;
            _compression?.Written(_link.Progress);
            _services.Metrics.Sent(filled.BlockBytes, filled.Blocks);
            _batchBytes = Math.Min(_batchBytes * 2, longest);
            return true;
        }
        finally
        {
            BlockBuffers.Shared.Return(buffer);
        }
    }

    /// <summary>Under a limit blocks go slice by slice, each in its turn; what is said before them waits for none.</summary>
    private async ValueTask WriteAsync(ReadOnlyMemory<byte> batch, ServeQueue.Filled filled)
    {
        if (_services.Upload.SliceLength is not { } slice)
        {
            await WriteAsync(batch);
            return;
        }
        var at = filled.BlocksAt;
        if (at > 0) await WriteAsync(batch[..at]);
        while (at < batch.Length)
        {
            var end = at + slice < filled.BlocksEnd ? at + slice : batch.Length;
            await _services.Upload.AdmitAsync(Math.Min(end, filled.BlocksEnd) - at, _closing.Token);
            await WriteAsync(batch[at..end]);
            at = end;
        }
    }

    private async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        Volatile.Write(ref _writes, _writes + 1);
        await _link.WriteAsync(bytes, _closing.Token);
        Volatile.Write(ref _writes, _writes + 1);
    }

    /// <summary>Puts the frames of the blocks into a COMPRESSED, where that is shorter. What is before and behind them stays as it is.</summary>
    private void Pack(int level, ref byte[] buffer, ref ServeQueue.Filled filled)
    {
        var packed = BlockBuffers.Shared.Rent(buffer.Length);
        if (!FrameDeflater.TryPack(buffer.AsSpan(filled.BlocksAt..filled.BlocksEnd), level, packed.AsSpan(filled.BlocksAt), out var length))
        {
            BlockBuffers.Shared.Return(packed);
            return;
        }
        var saved = filled.BlocksEnd - filled.BlocksAt - length;
        Peer.SavedOut(saved);
        _services.Metrics.SavedOut(saved);
        buffer.AsSpan(0, filled.BlocksAt).CopyTo(packed);
        buffer.AsSpan(filled.BlocksEnd..filled.Length).CopyTo(packed.AsSpan(filled.BlocksEnd - saved));
        (filled.BlocksEnd, filled.Length) = (filled.BlocksEnd - saved, filled.Length - saved);
        BlockBuffers.Shared.Return(buffer);
        buffer = packed;
    }

    private static bool IsEndOfLink(Exception fault) =>
        fault is IOException or ObjectDisposedException or OperationCanceledException or System.Net.Sockets.SocketException;
}
