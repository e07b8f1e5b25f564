using System.Text;
using Microsoft.Extensions.Logging;
using SwarmFS.Core;
using SwarmFS.Signing;
using SwarmFS.Transparency;

namespace SwarmFS.Catalog;

/// <summary>What a catalogue is made of. All of it stays the caller's, who disposes it after the catalogue.</summary>
public sealed record CatalogParts
{
    public required CatalogPolicy Policy { get; init; }

    /// <summary>This node's own log; null for one that neither publishes nor imports.</summary>
    public ImporterLog? Own { get; init; }

    /// <summary>Signs this node's own releases where no other key is named: the key of its log.</summary>
    public Ed25519PrivateKey? PublisherKey { get; init; }

    public required AnnouncementBoard Board { get; init; }

    /// <summary>The journal of a followed log, by its key; asked once for each.</summary>
    public required Func<VerifierKey, IJournal> OpenJournal { get; init; }

    public required IStateFiles Files { get; init; }

    public required IBlockStore Store { get; init; }

    public required ICatalogBlocks Blocks { get; init; }

    public IOrigin? Origin { get; init; }

    /// <summary>How long a version that nobody has unpacked is waited for while its origin delivers nothing.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(15);

    public required TimeProvider Time { get; init; }

    public required ILoggerFactory Loggers { get; init; }
}

/// <summary>
/// The catalogue of a full node: what its policy's logs prove.
/// <para>Participants: the own log and the followed ones; the board, which hears of heads; <see cref="Confirmation"/>, which says what k of n logs agree on; <see cref="SnapshotMaker"/>, which
/// makes it a list of packages; <see cref="TreeMaker"/>, which makes trees on first use. Goals: no peer, importer or witness alone can forge, hide, roll back or rewrite a release; what was
/// shown stays shown while sources are away. Non-goals: to decide what to import, to talk to peers (CATALOG.md).</para>
/// Safe from any thread. Rounds (logs advance, then the snapshot follows) run one at a time, in the background after <see cref="Start"/>.
/// </summary>
public sealed partial class ProvenCatalog : ICatalog, IAsyncDisposable
{
    /// <summary>After a round that could not have everything, the next waits so long, unless there is news.</summary>
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(10);

    /// <summary>How long at least a version that its origin does not deliver is waited for: word of it may come, for what a node unpacks is in its log within a second, and known to those who follow it within another.</summary>
    private static readonly TimeSpan WordOfOthers = TimeSpan.FromSeconds(3);

    private readonly CatalogParts _parts;
    private readonly ILogger _log;
    private readonly LogFollowers _followers;
    private readonly LogView? _own;
    private readonly Confirmation _confirmation;
    private readonly Publications _publications;
    private readonly SnapshotMaker _maker;
    private readonly CatalogHistory _history;
    private readonly EvidenceCollector _evidence;
    private readonly TreeMaker _trees;
    private readonly UserPins _pins;

    private readonly SemaphoreSlim _rounds = new(1, 1);
    private readonly Lock _showing = new();
    private readonly SemaphoreSlim _publishing = new(1, 1);
    private readonly SemaphoreSlim _news = new(0, 1);
    private readonly CancellationTokenSource _stop = new();
    private Task _work = Task.CompletedTask;

    /// <summary>Ends with the round that runs next.</summary>
    private TaskCompletionSource _round = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private MadeSnapshot _made = new(PackedSnapshot.Empty, [], [], IsWhole: true);

    /// <summary>Entries of each log when the snapshot was made that is shown; null before the first.</summary>
    private long[]? _shown;

    /// <summary>The catalogue of each followed log that is here whole, with what the store had lost by then.</summary>
    private readonly Dictionary<FollowedLog, (Cid Catalogue, long Losses)> _kept = [];

    /// <exception cref="LogDamagedException">What is kept of a log, or the list of pins, is damaged.</exception>
    public ProvenCatalog(CatalogParts parts)
    {
        _parts = parts;
        _log = parts.Loggers.CreateLogger("SwarmFS.Catalog");
        _pins = new UserPins(parts.Files);
        _own = parts.Own is null ? null : new LogView(parts.Own);
        var others = parts.Policy.Logs.Where(log => parts.Own is null || !log.Key.Equals(parts.Own.VerifierKey.Key));
        _followers = new LogFollowers([.. others.Select(log => new FollowedLog(log, parts.Policy, parts.OpenJournal(log), parts.Files, parts.Store, parts.Blocks, _log))], _log);
        _confirmation = new Confirmation([.. parts.Policy.Logs.Select(ViewOf)], parts.Policy.Confirmations);
        _publications = new Publications(parts.Policy, _confirmation, _own);
        _maker = new SnapshotMaker(parts.Policy, _confirmation, _own, _publications, new SuiteTables(parts.Store, parts.Blocks), artifact => TreeOf(artifact)?.Root, _log);
        _history = new CatalogHistory(_publications, _confirmation, _own, _maker, parts.Blocks, parts.Time);
        _evidence = new EvidenceCollector(parts.Policy, _confirmation, _own, TreeOf);
        _trees = new TreeMaker(parts.Origin, parts.Own, () => !parts.Board.IsOwnAhead, parts.Patience, parts.Time, _log);
        parts.Board.Heard += OnHeard;
        if (parts.Own is not null) parts.Own.Announced += OnAnnounced;
        if (parts.Own?.Announcement is { } own) parts.Board.Announce(own);
        foreach (var followed in _followers.Logs)
            if (parts.Board.Newest(followed.Log) is { } announcement) _followers.Offer(announcement);
    }

    public event Action<IReadOnlyList<string>>? Changed;

    public ICatalogSnapshot Current => Volatile.Read(ref _made).Snapshot;

    /// <summary>This node's own log; null when it has none.</summary>
    public VerifierKey? OwnLog => _parts.Own?.VerifierKey;

    public IReadOnlyList<string> Moments => _history.Days();

    public ValueTask<ICatalogSnapshot?> AtAsync(string moment, CancellationToken cancellationToken) => _history.AtAsync(moment, cancellationToken);

    /// <summary>What became of a name: versions that suites listed and dropped, releases and what was taken back; ascending by time.</summary>
    /// <exception cref="ContentUnavailableException">An old index could not be had in time.</exception>
    public Task<IReadOnlyList<HistoryEntry>> HistoryAsync(string name, CancellationToken cancellationToken) => _history.OfAsync(name, cancellationToken);

    public ValueTask<Cid> ResolveAsync(Release release, CancellationToken cancellationToken)
    {
        if (release.Root is { } root) return ValueTask.FromResult(root);
        if (release.Artifact is not { } artifact) throw new ContentUnavailableException($"{release.Name} {release.Version} has neither a tree nor an archive.");
        if (TreeOf(artifact) is { } tree) return ValueTask.FromResult(tree.Root);
        if (release.Namespace is not { } origin || release.Filename is not { } filename)
            throw new ContentUnavailableException($"Nobody has unpacked {release.Name} {release.Version}, and no suite says where its archive is.");
        return new ValueTask<Cid>(MakeOrHearAsync(new OriginPackage(origin, release.Name, release.Version, artifact, filename), cancellationToken));
    }

    /// <summary>Makes a tree, unless a log brings word of it first: another node may have unpacked the same a moment ago, and has it nearer than the origin, or where there is no origin.</summary>
    private async Task<Cid> MakeOrHearAsync(OriginPackage package, CancellationToken cancellationToken)
    {
        var started = _parts.Time.GetTimestamp();
        var making = _trees.MakeAsync(package, cancellationToken);
        for (var patience = (Task)making; ;)
        {
            var round = Volatile.Read(ref _round).Task;
            if (TreeOf(package.Artifact) is { } tree)
            {
                _ = making.ContinueWith(static late => late.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
                return tree.Root;
            }
            if (patience.IsCompleted)
            {
                if (patience != making || !making.IsFaulted || _followers.Logs.Count == 0) return await making;
                var left = WordOfOthers - _parts.Time.GetElapsedTime(started);
                if (left <= TimeSpan.Zero) return await making;
                patience = Task.Delay(left, _parts.Time, cancellationToken);
            }
            await Task.WhenAny(patience, round);
        }
    }

    /// <summary>The chain from the policy to a version's content; null when <see cref="Current"/> does not have it.</summary>
    /// <param name="version">As it stands in a path.</param>
    public CatalogEvidence? Evidence(string name, string version)
    {
        var made = Volatile.Read(ref _made);
        var index = made.Snapshot.IndexOf(Encoding.UTF8.GetBytes(name));
        var release = index < 0 ? null : made.Snapshot[index].Releases.FirstOrDefault(candidate => candidate.Version == version);
        return release is null ? null : _evidence.Collect(release, made.Suites);
    }

    public CatalogStatus Status()
    {
        var now = _parts.Time.GetUtcNow();
        var made = Volatile.Read(ref _made);
        var logs = _confirmation.Logs.Select(view => Freshness.Of(view, _parts.Policy, counts: true, now, ReasonOf(view.Log))).ToList();
        if (_own is not null && !_confirmation.Logs.Contains(_own)) logs.Add(Freshness.Of(_own, _parts.Policy, counts: false, now, reason: null));
        return new CatalogStatus(
            logs, Freshness.IsStale(logs, _parts.Policy), _parts.Board.IsOwnAhead, _parts.Own?.Unpublished, _parts.Own?.Unrenewed, made.Snapshot.Count,
            [.. made.Suites.Select(suite => new SuiteStatus(
                suite.Suite.Namespace, suite.Suite.Date, suite.Importer.Log.Name, made.Snapshot.ReleasesOf(suite.Suite.Namespace), _confirmation.LogsWith(suite.Suite).Count))], made.Conflicts);
    }

    /// <summary>Begins to follow in the background, and to have the own checkpoint cosigned: at once where its quorum is missing, and from then on to renew it.</summary>
    public void Start()
    {
        _work = Task.WhenAll(Task.Run(FollowAsync), Task.Run(BeatAsync));
        Wake();
    }

    /// <summary>Runs one round now: what was heard is fetched and taken up, and <see cref="Current"/> follows.</summary>
    /// <returns>False when something could not be had; it is tried again.</returns>
    public async Task<bool> UpdateAsync(CancellationToken cancellationToken)
    {
        await _rounds.WaitAsync(cancellationToken);
        try
        {
            var isFollowed = await _followers.RunAsync(cancellationToken);
            if (IsCurrent()) return isFollowed;
            var isWhole = await _maker.PrepareAsync(cancellationToken);
            return Show() && isFollowed && isWhole;
        }
        finally
        {
            _rounds.Release();
        }
    }

    /// <summary>True when nothing was missing of what is shown, and no log has come further since.</summary>
    private bool IsCurrent()
    {
        lock (_showing) return _made.IsWhole && _shown is { } shown && shown.SequenceEqual(Extent());
    }

    private long[] Extent() => [.. _confirmation.Logs.Select(view => view.Entries), _own?.Entries ?? 0];

    /// <summary>Lets <see cref="Current"/> follow what the logs say, from what is here: waits for nobody.</summary>
    /// <returns>False when the index of a suite is not here yet.</returns>
    private bool Show()
    {
        List<string> names;
        MadeSnapshot made;
        lock (_showing)
        {
            _shown = Extent();
            made = _maker.MakeCurrent(_pins.All);
            names = made.Snapshot.NamesThatDiffer(_made.Snapshot);
            Volatile.Write(ref _made, made);
        }
        Interlocked.Exchange(ref _round, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
        if (names.Count > 0)
        {
            CatalogLog.Changed(_log, names.Count, made.Snapshot.Count);
            Changed?.Invoke(names);
        }
        return made.IsWhole;
    }

    public async ValueTask DisposeAsync()
    {
        _parts.Board.Heard -= OnHeard;
        await _stop.CancelAsync();
        await _work;
        await _trees.DisposeAsync();
        if (_parts.Own is not null) _parts.Own.Announced -= OnAnnounced;
        _followers.Dispose();
        _rounds.Dispose();
        _publishing.Dispose();
        _stop.Dispose();
    }

    private LogView ViewOf(VerifierKey log) =>
        _followers.Logs.FirstOrDefault(followed => followed.Log == log) is { } other ? new LogView(other) : _own ?? throw new InvalidOperationException("A log is followed or it is the own one.");

    private string? ReasonOf(VerifierKey log) => _followers.Logs.FirstOrDefault(followed => followed.Log == log) is { } followed ? _followers.ReasonOf(followed) : null;

    /// <summary>What this node unpacked itself it believes; otherwise what k logs say.</summary>
    private TreeRecord? TreeOf(ArtifactDigest artifact)
    {
        var tree = _trees.Made(artifact.Sha256) ?? _confirmation.Tree(artifact.Sha256);
        return tree is not null && tree.Artifact == artifact ? tree : null;
    }

    private void OnHeard(CheckpointAnnouncement announcement)
    {
        if (_followers.Offer(announcement)) Wake();
    }

    private void OnAnnounced(ReadOnlyMemory<byte> announcement)
    {
        _parts.Board.Announce(announcement);
        Wake();
    }

    private void Wake()
    {
        try
        {
            if (_news.CurrentCount == 0) _news.Release();
        }
        catch (SemaphoreFullException)
        {
            // Somebody woke it at the same time.
        }
    }

    private async Task FollowAsync()
    {
        var isWhole = true;
        try
        {
            while (true)
            {
                await WaitForNewsAsync(isWhole ? Timeout.InfiniteTimeSpan : RetryPause);
                isWhole = await TryUpdateAsync() && await KeepCataloguesAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // The node ends.
        }
    }

    private async Task WaitForNewsAsync(TimeSpan atMost)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        var news = _news.WaitAsync(ended.Token);
        var pause = Task.Delay(atMost, _parts.Time, ended.Token);
        await Task.WhenAny(news, pause);
        await ended.CancelAsync();
        _stop.Token.ThrowIfCancellationRequested();
    }

    private async Task<bool> TryUpdateAsync()
    {
        try
        {
            return await UpdateAsync(_stop.Token);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            CatalogLog.RoundFailed(_log, e);
            return false;
        }
    }

    /// <summary>Followed logs' newest catalogues are brought here whole, so that light nodes can be served; what is missing of one harms nobody here.</summary>
    private async Task<bool> KeepCataloguesAsync()
    {
        foreach (var followed in _followers.Logs)
        {
            if (followed.State.HeadUpTo(followed.Entries) is not { } head || IsKept(followed, head.Catalogue)) continue;
            var losses = _parts.Store.Losses;
            try
            {
                await _parts.Blocks.FetchDirectoriesAsync(head.Catalogue, head.Catalogue, _stop.Token);
                _kept[followed] = (head.Catalogue, losses);
            }
            catch (Exception e) when (e is ContentUnavailableException or InvalidTreeException)
            {
                CatalogLog.NotFollowed(_log, followed.Log.Name, e.Message);
            }
        }
        return true;
    }

    /// <summary>To look through the nodes of a catalogue costs far more than a round in which nothing came.</summary>
    private bool IsKept(FollowedLog followed, Cid catalogue) =>
        _parts.Store.Losses is >= 0 and var losses && _kept.TryGetValue(followed, out var kept) && kept == (catalogue, losses);

    private async Task BeatAsync()
    {
        try
        {
            // What no quorum has seen is shown nowhere, not even here: a policy that began to ask for witnesses hides all of the log until they have been asked.
            var pause = IsPublished ? ImporterLog.HeartbeatInterval : TimeSpan.Zero;
            while (true)
            {
                await Task.Delay(pause, _parts.Time, _stop.Token);
                await TryBeatAsync();
                pause = IsPublished ? ImporterLog.HeartbeatInterval : TimeSpan.FromTicks(Math.Clamp(pause.Ticks * 2, RetryPause.Ticks, ImporterLog.HeartbeatInterval.Ticks));
            }
        }
        catch (OperationCanceledException)
        {
            // The node ends.
        }
    }

    private bool IsPublished => _parts.Own?.Unpublished is null;

    private async Task TryBeatAsync()
    {
        try
        {
            if (_parts.Own is not null && !_parts.Board.IsOwnAhead) await _parts.Own.HeartbeatAsync(_stop.Token);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            CatalogLog.RoundFailed(_log, e);
        }
    }
}
