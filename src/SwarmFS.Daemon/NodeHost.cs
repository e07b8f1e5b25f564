using System.Diagnostics.Metrics;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using SwarmFS.Catalog;
using SwarmFS.Control;
using SwarmFS.Control.Configuration;
using SwarmFS.Daemon.Catalogue;
using SwarmFS.Daemon.Requests;
using SwarmFS.Daemon.State;
using SwarmFS.Fuse;
using SwarmFS.Gateway;
using SwarmFS.Import;
using SwarmFS.Mount;
using SwarmFS.Retrieval;
using SwarmFS.Signing;
using SwarmFS.Store;
using SwarmFS.Swarm;
using SwarmFS.Transparency;

namespace SwarmFS.Daemon;

/// <summary>
/// A node: the one place where the rooms meet.
/// <para>Participants, in the order in which they start: the state directory (one node at a time), the store, the identity, the own log, the swarm, retrieval, the catalogue, the mount,
/// the control socket. They stop in the opposite order, but for the control socket: whoever asked for the end is told when it is reached.</para>
/// <para>Goals: a start that fails leaves nothing behind and says what to do; an end by signal or command unmounts and writes everything out. Non-goals: deciding anything that a room can decide.</para>
/// </summary>
internal sealed class NodeHost : IAsyncDisposable
{
    /// <summary>How long a start waits for the catalogue. What is on disk is read in a fraction of it.</summary>
    private static readonly TimeSpan FirstRound = TimeSpan.FromSeconds(2);

    /// <summary>What only a node with logs can do.</summary>
    private static readonly string[] RoutesOfLogs =
    [
        ControlRoutes.Import, ControlRoutes.Publish, ControlRoutes.Sync, ControlRoutes.History, ControlRoutes.Verify, ControlRoutes.Challenge, ControlRoutes.Audit, ControlRoutes.Revoke,
        ControlRoutes.Log, ControlRoutes.Proof,
    ];

    private readonly LoadedSettings _loaded;
    private readonly NodeSettings _settings;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly IMeterFactory _meters;
    private readonly ILogger _log;
    private readonly StateDirectory _state;
    private readonly MountKeeper _mount;
    private readonly ControlServer _server;

    /// <summary>What has started, with the way to stop it.</summary>
    private readonly Stack<(string Part, Func<ValueTask> Stop)> _started = new();
    private readonly TaskCompletionSource<string> _stopRequested = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<DownReport> _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private NodeHost(LoadedSettings loaded, TimeProvider time, ILoggerFactory loggers, IMeterFactory meters)
    {
        _loaded = loaded;
        var settings = loaded.Settings ?? throw new ArgumentException("Settings with errors start no node.", nameof(loaded));
        // As the kernel's table of mounts names it.
        _settings = settings with { MountPoint = settings.MountPoint is { } place ? FuseMounts.Resolve(place) : null };
        _time = time;
        _loggers = loggers;
        _meters = meters;
        _log = loggers.CreateLogger("SwarmFS.Daemon");
        _state = StateDirectory.Open(_settings.StateDirectory);
        _mount = new MountKeeper(_settings, new ViewFile(_state.Views, _log), new MountFile(_state.Mount, _log), loggers, meters);
        _server = new ControlServer(_state.Socket, time, loggers);
    }

    /// <summary>Ends when somebody wants the node to stop, with the reason.</summary>
    public Task<string> StopRequested => _stopRequested.Task;

    public string ListenEndPoint { get; private set; } = "";

    /// <exception cref="NodeStartException">Something stands in the way; the message says what to do.</exception>
    public static async Task<NodeHost> StartAsync(LoadedSettings loaded, TimeProvider time, ILoggerFactory loggers, IMeterFactory meters, CancellationToken cancellationToken)
    {
        var host = new NodeHost(loaded, time, loggers, meters);
        try
        {
            await host.StartPartsAsync(cancellationToken);
            return host;
        }
        catch (Exception e)
        {
            await host.DisposeAsync();
            if (Explain(e) is { } reason) throw new NodeStartException(reason);
            throw;
        }
    }

    public void RequestStop(string reason) => _stopRequested.TrySetResult(reason);

    /// <summary>For an end that nobody planned.</summary>
    public void Abandon() => _mount.Abandon();

    public async ValueTask DisposeAsync()
    {
        if (_stopped.Task.IsCompleted) return;
        _server.CancelRequests();
        var unmounted = "";
        await StopPartAsync("mount", async () => unmounted = await _mount.StopAsync());
        while (_started.TryPop(out var part)) await StopPartAsync(part.Part, part.Stop);
        _log.Stopped(unmounted);
        _stopped.TrySetResult(new DownReport(_settings.MountPoint is not null, $"Stopped; {unmounted}."));
        await StopPartAsync("control socket", _server.DisposeAsync);
        _mount.Dispose();
        await StopPartAsync("state directory", () =>
        {
            _state.Dispose();
            return ValueTask.CompletedTask;
        });
    }

    private async Task StartPartsAsync(CancellationToken cancellationToken)
    {
        var started = _time.GetUtcNow();
        var metrics = Own("metrics", new MetricTotals(_meters));
        var store = Own("store", BlockStore.Open(new StoreOptions { Directory = _state.Store, QuotaBytes = _settings.QuotaBytes }, _time, _loggers, _meters));
        var identity = Own("identity", NodeIdentity.LoadOrCreate(_state.Path, _time));
        _log.Starting(identity.Id.ToString(), _state.Path, StatusSource.Version, Environment.ProcessId);
        var files = StateFolder.Open(_state.Catalogue);
        var key = _settings.Light ? null : Own("importer key", LoadKey(_state.ImporterKey));
        var ownLog = key is null ? null : VerifierKey.OfLog(LogName.Of(key.PublicKey), key.PublicKey);
        var policy = NodePolicy.Of(_settings, ownLog, files, _state.PolicyVersions, _time);
        var board = new AnnouncementBoard(policy.InForce, ownLog, files, _loggers);
        var slots = new SlotFile(Own("inode slots", CacheJournal.Open(_state.InodeSlots, _log)), _log);
        var swarm = Own("swarm", CreateSwarm(identity, store, board));
        await swarm.StartAsync(cancellationToken);
        Own("network watch", new NetworkWatch(swarm.NetworkChanged));
        ListenEndPoint = swarm.ListenEndPoint?.ToString() ?? "nowhere";
        var activities = new Activities();
        var importer = new Importer(store, new ImporterOptions { StateDirectory = _state.Import, Apt = new AptPaths { EtcDirectory = _settings.AptEtc } }, _time, _loggers, _meters);
        var origin = new Origin(importer, activities);
        ProvenCatalog? proven = null;
        var originSource = Own("origin", new OriginSource(root => proven?.OriginOf(root), origin, store, _time, _log));
        var content = Own("retrieval", new PackageContent(new RetrievalOptions { ReadDeadline = _settings.Deadline }, store, [swarm, originSource], _time, _loggers, _meters));
        NodeCatalogue catalogue;
        if (key is null)
        {
            var light = Own("catalogue", new LightCatalog(policy.InForce, board, files, new CatalogBlocks(content), origin, _settings.Deadline, _time, _loggers));
            catalogue = new LightNodeCatalogue(light, policy.InForce.Confirmations);
            _server.Refuse(RoutesOfLogs, new ControlError(ControlErrors.Refused, "A light node holds no log and no list of names.", "Ask a node that was started without --light."));
        }
        else
        {
            var log = OpenLog(key, ownLog!, policy.InForce, store, files);
            proven = Own("catalogue", new ProvenCatalog(new CatalogParts
            {
                Policy = policy.InForce,
                Own = log,
                PublisherKey = key,
                Board = board,
                OpenJournal = followed => Own($"entries of {followed.Name}", CacheJournal.Open(_state.FollowedEntries(followed.Id.ToString("x8", CultureInfo.InvariantCulture)), _log)),
                Files = files,
                Store = store,
                Blocks = new CatalogBlocks(content),
                Origin = origin,
                Patience = _settings.Deadline,
                Time = _time,
                Loggers = _loggers,
            }));
            proven.Start();
            await FirstRoundAsync(proven, cancellationToken);
            var sync = Own("sync", new SuiteSync(importer, proven, store, activities, _time, _log));
            sync.Start(_settings.SyncEvery);
            catalogue = new FullCatalogue(proven, sync);
            MapCatalogue(new PackageFinder(proven, _time), proven, new ImportRequests(importer, proven, sync, store, activities, _time), sync, importer, activities);
            await ServeLogAsync(proven, store, cancellationToken);
        }
        var status = new StatusSource(_settings, identity, store, catalogue, swarm, content, _mount, activities, metrics, started);
        MapStatus(status);
        MapContent(new PackageFinder(catalogue.Catalog, _time), store, content, proven, activities);
        _server.Map(ControlRoutes.Policy, ControlJson.Default.PolicyRequest, ControlJson.Default.PolicyReport, (request, _, _) => Task.FromResult(policy.Apply(request)));
        await _mount.ClearFormerAsync();
        if (_settings.MountPoint is not null)
        {
            var tree = Own("tree", new SwarmMount(MountChoices(), catalogue.Catalog, content, slots, new StatusDirectory(status), _time, _loggers, _meters) { Figures = new StoreFigures(store, _time) });
            await _mount.MountAsync(tree, cancellationToken);
        }
        await _server.StartAsync(cancellationToken);
        Own("log", new BoundedLog(_state.Log, _time, _log));
        await _mount.RestoreViewsAsync(_time);
    }

    private static Ed25519PrivateKey LoadKey(string path)
    {
        try
        {
            return Ed25519PrivateKey.LoadOrCreate(path);
        }
        catch (CryptographicException e)
        {
            throw new NodeStartException(e.Message);
        }
    }

    /// <summary>The own log. Witnesses are asked where the policy counts this log; one that it does not know is this node's own affair.</summary>
    private ImporterLog OpenLog(Ed25519PrivateKey key, VerifierKey name, CatalogPolicy policy, BlockStore store, StateFolder files)
    {
        var isWitnessed = policy.Witnesses.AsksForWitnesses && policy.Logs.Any(log => log.Key.Equals(name.Key));
        var cosigners = isWitnessed ? Own("witnesses", new HttpCosigners(policy.Witnesses, name, _time, _loggers)) : null;
        return Own("own log", new ImporterLog(
            name.Name, key, Own("log entries", FileJournal.Open(_state.LogEntries)), files, store, isWitnessed ? policy.Witnesses : CatalogPolicy.NoWitnesses, cosigners, _time, _loggers));
    }

    private async Task ServeLogAsync(ProvenCatalog catalog, BlockStore store, CancellationToken cancellationToken)
    {
        if (_settings.Http is not { } listen) return;
        var site = new LogSite(new Dictionary<string, ILogFiles> { [""] = new OwnLogFiles(catalog, store) });
        try
        {
            var server = Own("http", await GatewayServer.StartAsync(listen, site, _loggers, cancellationToken));
            _log.LogServed(server.EndPoint.ToString());
        }
        catch (IOException e)
        {
            throw new NodeStartException($"The log cannot be served on {listen}: {e.Message.TrimEnd('.')}. Choose another address with --http.");
        }
    }

    /// <summary>What is here already is shown before the mount answers; what has to come from peers may come later.</summary>
    private async Task FirstRoundAsync(ProvenCatalog catalog, CancellationToken cancellationToken)
    {
        var round = catalog.UpdateAsync(cancellationToken);
        await Task.WhenAny(round, Task.Delay(FirstRound, _time, cancellationToken));
        cancellationToken.ThrowIfCancellationRequested();
        if (round.IsFaulted) throw round.Exception.InnerException!;
        _ = round.ContinueWith(static late => late.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
    }

    private SwarmNode CreateSwarm(NodeIdentity identity, BlockStore store, AnnouncementBoard board) => new(
        new SwarmOptions
        {
            Listen = _settings.Listen,
            Peers = _settings.Peers,
            MaxConnections = _settings.MaxConnections,
            UploadBytesPerSecond = _settings.UploadBytesPerSecond,
            Compression = _settings.Compression,
            LanDiscovery = _settings.Lan,
        },
        identity, new TlsTcpTransport(identity, _time), store, board, _time, new Random(), _loggers, _meters, new PeerBookFile(_state.PeerBook, _log));

    private MountOptions MountChoices() => new()
    {
        ApplySpecialBits = _settings.SpecialBits,
        Xattrs = _settings.Xattrs,
        Passthrough = _settings.Open == OpenMode.Passthrough,
        PushSmallFiles = _settings.Push,
    };

    private void MapStatus(StatusSource status)
    {
        var json = ControlJson.Default;
        _server.Map(ControlRoutes.Status, json.EmptyRequest, json.StatusReport, (_, _, _) => Task.FromResult(status.Report()));
        _server.Map(ControlRoutes.Peers, json.EmptyRequest, json.PeersReport, (_, _, _) => Task.FromResult(new PeersReport(status.Peers())));
        _server.Map(ControlRoutes.Identity, json.EmptyRequest, json.IdentityReport, (_, _, _) => Task.FromResult(status.Identity()));
        _server.Map(ControlRoutes.Config, json.EmptyRequest, json.ConfigReport, (_, _, _) => Task.FromResult(new ConfigReport(_loaded.InForce)));
        _server.Map(ControlRoutes.Down, json.EmptyRequest, json.DownReport, (_, _, cancellationToken) =>
        {
            RequestStop("swarmfs down");
            return _stopped.Task.WaitAsync(cancellationToken);
        });
    }

    private void MapCatalogue(PackageFinder packages, ProvenCatalog catalog, ImportRequests imports, SuiteSync sync, Importer importer, Activities activities)
    {
        var json = ControlJson.Default;
        var evidence = new EvidenceRequests(packages, catalog, importer, activities);
        var own = new OwnLogRequests(packages, catalog);
        _server.Map(ControlRoutes.Import, json.ImportRequest, json.ImportReport, imports.ImportAsync);
        _server.Map(ControlRoutes.Publish, json.PublishRequest, json.ImportReport, imports.PublishAsync);
        _server.Map(ControlRoutes.Sync, json.SyncRequest, json.SyncReport, (request, progress, cancellationToken) => sync.RunAsync(request.Suite, progress, cancellationToken));
        _server.Map(ControlRoutes.History, json.HistoryRequest, json.HistoryReport, (request, _, cancellationToken) => evidence.HistoryAsync(request, cancellationToken));
        _server.Map(ControlRoutes.Verify, json.VerifyRequest, json.VerifyReport, (request, _, cancellationToken) => evidence.VerifyAsync(request, cancellationToken));
        _server.Map(ControlRoutes.Challenge, json.ChallengeRequest, json.ChallengeReport, evidence.ChallengeAsync);
        _server.Map(ControlRoutes.Audit, json.EmptyRequest, json.AuditReport, (_, _, cancellationToken) => evidence.AuditAsync(cancellationToken));
        _server.Map(ControlRoutes.Revoke, json.RevokeRequest, json.RevokeReport, (request, _, cancellationToken) => own.RevokeAsync(request, cancellationToken));
        _server.Map(ControlRoutes.Log, json.LogRequest, json.LogReport, (request, _, cancellationToken) => own.ShowAsync(request, cancellationToken));
        _server.Map(ControlRoutes.Proof, json.ProofRequest, json.ProofReport, (request, _, cancellationToken) => own.ProveAsync(request, cancellationToken));
    }

    private void MapContent(PackageFinder packages, BlockStore store, PackageContent content, ProvenCatalog? catalog, Activities activities)
    {
        var json = ControlJson.Default;
        var paths = new TreePaths(packages, content);
        var lists = new ListRequests(packages, paths);
        var reads = new ReadRequests(paths, content);
        var keeping = new KeepingRequests(packages, catalog, store, content, activities);
        _server.Map(ControlRoutes.List, json.PathRequest, json.ListReport, (request, _, cancellationToken) => lists.ListAsync(request, cancellationToken));
        _server.MapContent(ControlRoutes.Cat, json.PathRequest, reads.CatAsync);
        _server.MapContent(ControlRoutes.Get, json.GetRequest, reads.GetAsync);
        _server.Map(ControlRoutes.Pin, json.PinRequest, json.PinReport, keeping.PinAsync);
        _server.Map(ControlRoutes.Unpin, json.PinRequest, json.PinReport, (request, _, cancellationToken) => keeping.UnpinAsync(request, cancellationToken));
        var views = new ViewRequests(packages, _settings.MountPoint);
        _server.Map(ControlRoutes.View, json.ViewRequest, json.ViewReport, (request, _, cancellationToken) => views.FindAsync(request, cancellationToken));
        _server.Map(ControlRoutes.Collect, json.EmptyRequest, json.CollectReport, (_, _, cancellationToken) => keeping.CollectAsync(cancellationToken));
        _server.Map(ControlRoutes.Check, json.CheckRequest, json.CheckReport, keeping.CheckAsync);
    }

    private T Own<T>(string name, T part)
        where T : notnull
    {
        _started.Push((name, part is IAsyncDisposable slow ? slow.DisposeAsync : () =>
        {
            (part as IDisposable)?.Dispose();
            return ValueTask.CompletedTask;
        }
        ));
        return part;
    }

    private async Task StopPartAsync(string name, Func<ValueTask> stop)
    {
        try
        {
            await stop();
        }
        catch (Exception e)
        {
            _log.StopFailed(name, e);
        }
    }

    private static string? Explain(Exception exception) => exception switch
    {
        NodeStartException or StoreUnusableException or JournalDamagedException or IdentityException or LogDamagedException or PolicyDamagedException => exception.Message,
        System.Net.Sockets.SocketException => $"Cannot listen: {exception.Message}. Another node may be using the port; choose another one with --listen.",
        IOException or UnauthorizedAccessException => $"{exception.Message} Check the state directory's owner and its disk.",
        _ => null,
    };
}
