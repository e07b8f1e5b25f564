using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.Extensions.Logging;
using SwarmFS.Core;
using SwarmFS.Wire;

namespace SwarmFS.Swarm;

/// <summary>
/// A node among its peers: the room's front door.
/// <para>
/// Participants: the transport makes authenticated links; a <see cref="Greeting"/> turns a link into a <see cref="PeerConnection"/>; the <see cref="Exchange"/> decides
/// which connection is asked for which block; each connection's <see cref="ServeQueue"/> answers the peer out of the block store; <see cref="RecordSync"/> carries
/// announcements, <see cref="AddressExchange"/> addresses; this class keeps the connections, dials, and remembers who lied.
/// Goals: any block that some connected peer has, soon, verified; one connection for a pair of nodes; a liar is dropped and named; static peers are found again.
/// Not goals: what names mean (Catalog), what is kept (Store), finding strangers by key (routing comes as its own part).
/// </para>
/// <para>Time, randomness and the network come in through the constructor; there is no static state: a simulation runs thousands of these in one process.</para>
/// </summary>
public sealed partial class SwarmNode : IBlockSource, IAsyncDisposable
{
    /// <summary>How often dials, heartbeats and holdings are looked after.</summary>
    private static readonly TimeSpan UpkeepPeriod = TimeSpan.FromMilliseconds(250);

    /// <summary>TLS and greeting together.</summary>
    private static readonly TimeSpan HandshakeTime = TimeSpan.FromSeconds(10);

    /// <summary>What strangers or readers can bring about as often as they like is logged so often.</summary>
    private static readonly TimeSpan LogPeriod = TimeSpan.FromSeconds(60);

    /// <summary>Peers of whom counters are kept.</summary>
    private const int MaxPeerRecords = 4096;

    private const int MaxRemembered = 256;

    private readonly SwarmOptions _options;
    private readonly NodeIdentity _identity;
    private readonly IPeerTransport _transport;
    private readonly IAnnouncementLog _announcements;
    private readonly IPeerBook _book;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly ILogger _logger;
    private readonly SwarmMetrics _metrics;
    private readonly Exchange _exchange;
    private readonly HoldingsTracker _holdings;
    private readonly RecordSync _records;
    private readonly AddressBook _addresses;
    private readonly AddressExchange _addressExchange;
    private readonly Doorman _doorman;
    private readonly Places _places;
    private readonly LogPace _turnedAway;
    private readonly LogPace _listenerFailed;
    private readonly LogPaces<Cid> _fetchFailed;
    private readonly ConnectionServices _services;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<NodeId, PeerConnection> _connections = [];
    private readonly Dictionary<NodeId, PeerRecord> _peers = [];
    private readonly Dictionary<NodeId, long> _discouraged = [];
    private readonly List<DialTarget> _targets = [];
    private readonly HashSet<Task> _running = [];
    private readonly ulong _nonce;
    private IPeerListener? _listener;
    private LanDiscovery? _lan;
    private ITimer? _upkeep;

    /// <param name="book">Where peers are remembered over restarts; null: nowhere.</param>
    public SwarmNode(
        SwarmOptions options, NodeIdentity identity, IPeerTransport transport, IBlockStore store, IAnnouncementLog announcements,
        TimeProvider time, Random random, ILoggerFactory loggers, IMeterFactory meters, IPeerBook? book = null)
    {
        (_options, _identity, _transport, _announcements, _time) = (options, identity, transport, announcements, time);
        _book = book ?? new MemoryPeerBook();
        _logger = loggers.CreateLogger("SwarmFS.Swarm");
        _metrics = new SwarmMetrics(meters);
        _nonce = (ulong)random.NextInt64(long.MinValue, long.MaxValue) ^ identity.Id.Digest.Prefix;
        _random = new Random(random.Next());
        _exchange = new Exchange(identity.Id, time, new Random(random.Next()), _metrics);
        _exchange.SourcesWanted += DialSoon;
        _holdings = new HoldingsTracker(store, _exchange, time);
        _records = new RecordSync(announcements, _metrics, time, _logger);
        _addresses = new AddressBook(new Random(random.Next()), time);
        _addressExchange = new AddressExchange(_addresses, Connections, new Random(random.Next()), time);
        _doorman = new Doorman(options.HandshakesPerGroup, time);
        _places = new Places(options.MaxConnections);
        _turnedAway = new LogPace(LogPeriod, time);
        _listenerFailed = new LogPace(LogPeriod, time);
        _fetchFailed = new LogPaces<Cid>(LogPeriod, time);
        _services = new ConnectionServices(
            _exchange, store, _holdings, _records, _addressExchange, new UploadLimiter(options.UploadBytesPerSecond, time),
            options.Compression && Zstd.IsAvailable, options.GathersArrivals, _metrics, time);
        foreach (var peer in options.Peers) AddPeer(peer);
    }

    public string Name => "peers";

    public NodeId Id => _identity.Id;

    /// <summary>Where this node takes connections, with the real port; null before <see cref="StartAsync"/> and where it does not listen.</summary>
    public EndPoint? ListenEndPoint => _listener?.EndPoint;

    /// <exception cref="System.Net.Sockets.SocketException">The listen address cannot be used.</exception>
    public Task StartAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_options.Listen is { } listen)
        {
            _listener = _transport.Listen(listen);
            Track(AcceptLoopAsync(_listener));
        }
        SwarmLog.Listening(_logger, Id.ToString(), ListenEndPoint);
        foreach (var remembered in _book.Load().Take(MaxRemembered))
            if (remembered.Id != Id) _addresses.Worked(new PeerAddress(remembered.Address.Address, remembered.Address.Port), remembered.Id);
        _announcements.Grown += AnnounceGrowth;
        if (_options.LanDiscovery) StartLanDiscovery();
        _upkeep = _time.CreateTimer(static node => ((SwarmNode)node!).Upkeep(), this, TimeSpan.Zero, UpkeepPeriod);
        return Task.CompletedTask;
    }

    public Task<FetchResult> FetchAsync(FetchRequest request, IBlockSink sink, CancellationToken cancellationToken) =>
        LogFailureAsync(_exchange.FetchAsync(request, sink, cancellationToken), request.Root);

    public Task<FetchResult> FetchTreeAsync(TreeRequest request, IBlockSink sink, CancellationToken cancellationToken) =>
        LogFailureAsync(_exchange.FetchTreeAsync(request, sink, cancellationToken), request.Root);

    public void Raise(IReadOnlyList<Cid> blocks, FetchPriority priority, long deadline) => _exchange.Raise(blocks, priority);

    private async Task<FetchResult> LogFailureAsync(Task<FetchResult> fetch, Cid root)
    {
        var result = await fetch;
        if (result.Explanation is { } why && _fetchFailed.IsDue(root, out var others)) SwarmLog.FetchFailed(_logger, root, why, others);
        return result;
    }

    /// <summary>Bytes and blocks of each root by the peer that sent them, since the start.</summary>
    public IReadOnlyList<RootTransfer> Transfers => _exchange.Transfers();

    private IReadOnlyList<PeerConnection> Connections()
    {
        lock (_gate) return [.. _connections.Values];
    }

    private void AnnounceGrowth() => _records.Grown(Connections());

    private void Upkeep()
    {
        if (_stopping.IsCancellationRequested) return;
        foreach (var connection in Connections()) connection.Heartbeat();
        _holdings.Look();
        Dial();
    }

    private void StartLanDiscovery()
    {
        try
        {
            _lan = new LanDiscovery(Id, (ListenEndPoint as IPEndPoint)?.Port ?? 0, _time, _logger, endPoint => AddTarget(endPoint.ToString(), endPoint, isStatic: false));
        }
        catch (System.Net.Sockets.SocketException failed)
        {
            SwarmLog.LanDiscoveryFailed(_logger, failed.Message);
        }
    }

    /// <summary>Keeps the task until it ends, so that disposal can wait for all.</summary>
    private void Track(Task task)
    {
        lock (_gate) _running.Add(task);
        _ = task.ContinueWith(
            ended =>
            {
                lock (_gate) _running.Remove(ended);
            },
            TaskScheduler.Default);
    }

    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested) return;
        await _stopping.CancelAsync();
        _announcements.Grown -= AnnounceGrowth;
        if (_upkeep is not null) await _upkeep.DisposeAsync();
        if (_lan is not null) await _lan.DisposeAsync();
        if (_listener is not null) await _listener.DisposeAsync();
        _holdings.Dispose();
        _exchange.Dispose();
        foreach (var connection in Connections()) connection.Close(GoodbyeReason.ShuttingDown, "the node is shutting down");
        Task[] running;
        lock (_gate) running = [.. _running];
        await Task.WhenAll(running);
        _book.Save(_addresses.Proven(MaxRemembered));
        _stopping.Dispose();
    }
}
