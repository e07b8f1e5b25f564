using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using SwarmFS.Catalog;
using SwarmFS.Control;
using SwarmFS.Control.Configuration;
using SwarmFS.Daemon.Requests;
using SwarmFS.Daemon.State;
using SwarmFS.Import;
using SwarmFS.Mount;
using SwarmFS.Retrieval;
using SwarmFS.Signing;
using SwarmFS.Store;
using SwarmFS.Swarm;

namespace SwarmFS.Daemon;

/// <summary>
/// A node: the one place where the rooms meet.
/// <para>Participants, in the order in which they start: the state directory (one node at a time), the store, the identity, the catalogue, the swarm, retrieval, the importer, the mount,
/// the control socket. They stop in the opposite order, but for the control socket: whoever asked for the end is told when it is reached.</para>
/// <para>Goals: a start that fails leaves nothing behind and says what to do; an end by signal or command unmounts and writes everything out. Non-goals: deciding anything that a room can decide.</para>
/// </summary>
internal sealed class NodeHost : IAsyncDisposable
{
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
        _settings = loaded.Settings ?? throw new ArgumentException("Settings with errors start no node.", nameof(loaded));
        _time = time;
        _loggers = loggers;
        _meters = meters;
        _log = loggers.CreateLogger("SwarmFS.Daemon");
        _state = StateDirectory.Open(_settings.StateDirectory);
        _mount = new MountKeeper(_settings, loggers, meters);
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
        _state.Dispose();
    }

    private async Task StartPartsAsync(CancellationToken cancellationToken)
    {
        var started = _time.GetUtcNow();
        var metrics = Own("metrics", new MetricTotals(_meters));
        var store = Own("store", BlockStore.Open(new StoreOptions { Directory = _state.Store, QuotaBytes = _settings.QuotaBytes }, _time, _loggers, _meters));
        var identity = Own("identity", NodeIdentity.LoadOrCreate(_state.Path, _time));
        _log.Starting(identity.Id.ToString(), _state.Path, StatusSource.Version, Environment.ProcessId);
        var catalog = new AnnouncementCatalog(
            Own("catalogue", FileJournal.Open(_state.Catalogue)), Own("importer key", Ed25519PrivateKey.LoadOrCreate(_state.ImporterKey)), _time, _loggers);
        var slots = new SlotFile(Own("inode slots", FileJournal.Open(_state.InodeSlots)), _log);
        var swarm = Own("swarm", CreateSwarm(identity, store, catalog));
        await swarm.StartAsync(cancellationToken);
        Own("network watch", new NetworkWatch(swarm.NetworkChanged));
        ListenEndPoint = swarm.ListenEndPoint?.ToString() ?? "nowhere";
        var content = Own("retrieval", new PackageContent(new RetrievalOptions { ReadDeadline = _settings.Deadline }, store, [swarm], _time, _loggers, _meters));
        var importer = new Importer(store, new ImporterOptions { StateDirectory = _state.Import }, _time, _loggers, _meters);
        var activities = new Activities();
        var packages = new PackageFinder(catalog);
        var status = new StatusSource(_settings, identity, store, catalog, packages, swarm, content, _mount, activities, metrics, started);
        MapStatus(status);
        MapContent(packages, store, content, activities);
        var imports = new ImportRequests(importer, catalog, store, activities, _time);
        _server.Map(ControlRoutes.Import, ControlJson.Default.ImportRequest, ControlJson.Default.ImportReport, imports.ImportAsync);
        if (_settings.MountPoint is not null)
        {
            var tree = Own("tree", new SwarmMount(MountChoices(), catalog, content, slots, new StatusDirectory(status), _time, _loggers, _meters) { Figures = new StoreFigures(store, _time) });
            await _mount.MountAsync(tree, cancellationToken);
        }
        await _server.StartAsync(cancellationToken);
    }

    private SwarmNode CreateSwarm(NodeIdentity identity, BlockStore store, AnnouncementCatalog catalog) => new(
        new SwarmOptions
        {
            Listen = _settings.Listen,
            Peers = _settings.Peers,
            MaxConnections = _settings.MaxConnections,
            UploadBytesPerSecond = _settings.UploadBytesPerSecond,
            LanDiscovery = _settings.Lan,
        },
        identity, new TlsTcpTransport(identity, _time), store, catalog, _time, new Random(), _loggers, _meters, new PeerBookFile(_state.PeerBook, _log));

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

    private void MapContent(PackageFinder packages, BlockStore store, PackageContent content, Activities activities)
    {
        var json = ControlJson.Default;
        var paths = new TreePaths(packages, content);
        var lists = new ListRequests(packages, paths);
        var reads = new ReadRequests(paths, content);
        var keeping = new KeepingRequests(packages, store, content, activities);
        _server.Map(ControlRoutes.List, json.PathRequest, json.ListReport, (request, _, cancellationToken) => lists.ListAsync(request, cancellationToken));
        _server.MapContent(ControlRoutes.Cat, json.PathRequest, reads.CatAsync);
        _server.MapContent(ControlRoutes.Get, json.GetRequest, reads.GetAsync);
        _server.Map(ControlRoutes.Pin, json.PinRequest, json.PinReport, keeping.PinAsync);
        _server.Map(ControlRoutes.Unpin, json.PinRequest, json.PinReport, (request, _, cancellationToken) => keeping.UnpinAsync(request, cancellationToken));
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
        NodeStartException or StoreUnusableException or IdentityException => exception.Message,
        System.Net.Sockets.SocketException => $"Cannot listen: {exception.Message}. Another node may be using the port; choose another one with --listen.",
        IOException or UnauthorizedAccessException => $"{exception.Message} Check the state directory's owner and its disk.",
        _ => null,
    };
}
