using System.Text;
using Microsoft.Extensions.Logging;
using SwarmFS.Core;
using SwarmFS.Transparency;

namespace SwarmFS.Catalog;

/// <summary>
/// The catalogue of a light node: the policy and the last checkpoint of each log, and of everything else what was asked for. A lookup takes from as many logs as the policy wants the proof of
/// the head and the nodes on one path, and is answered when k logs agree: with what is there, or with its proven absence.
/// <para>Goals: no less sure than a full node, in some hundred kilobytes. Non-goals: listing all names, the past.</para>
/// Safe from any thread.
/// </summary>
public sealed class LightCatalog : ICatalog, IAsyncDisposable
{
    /// <summary>Names that are remembered while the heads stay the same; beyond it all are asked for again. About 1 KiB each.</summary>
    private const int NamesKept = 4_096;

    private readonly CatalogPolicy _policy;
    private readonly ICatalogBlocks _blocks;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly IReadOnlyList<LightLog> _logs;
    private readonly TreeMaker _trees;

    /// <summary>Guards the names; never held while waiting.</summary>
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, PackageEntry> _found = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string Heads, PackageEntry? Package)> _answers = [];
    private ListSnapshot _current = ListSnapshot.Empty;
    private long _bytes;

    /// <param name="patience">How long a version that nobody has unpacked is waited for while its origin delivers nothing.</param>
    /// <exception cref="LogDamagedException">What is kept of a log is damaged.</exception>
    public LightCatalog(CatalogPolicy policy, AnnouncementBoard board, IStateFiles files, ICatalogBlocks blocks, IOrigin? origin, TimeSpan patience, TimeProvider time, ILoggerFactory loggers)
    {
        _policy = policy;
        _blocks = blocks;
        _time = time;
        _log = loggers.CreateLogger("SwarmFS.Catalog");
        _logs = [.. policy.Logs.Select(log => new LightLog(log, policy, board, files, blocks, _log))];
        _trees = new TreeMaker(origin, own: null, () => false, patience, time, _log);
    }

    public event Action<IReadOnlyList<string>>? Changed;

    public bool IsPartial => true;

    public ICatalogSnapshot Current => Volatile.Read(ref _current);

    /// <summary>Bytes of the blocks that lookups read, from wherever they came.</summary>
    public long BytesRead => Interlocked.Read(ref _bytes);

    public long ProofsChecked => _logs.Sum(log => log.ProofsChecked);

    /// <summary>Evidence of logs that signed two histories.</summary>
    public IReadOnlyList<ForkEvidence> Forks => [.. _logs.Select(log => log.Fork).OfType<ForkEvidence>()];

    /// <summary>How fresh each log is; <see cref="LogStatus.Entries"/> is 0 for one of which nothing was believed yet.</summary>
    public IReadOnlyList<LogStatus> Logs => [.. _logs.Select(StatusOf)];

    public bool IsStale => Freshness.IsStale(Logs, _policy);

    public async ValueTask<PackageEntry?> FindAsync(ReadOnlyMemory<byte> name, CancellationToken cancellationToken)
    {
        var text = Encoding.UTF8.GetString(name.Span);
        if (!PackageNames.IsName(text)) return null;
        var voices = await VoicesAsync(cancellationToken);
        var heads = string.Join(' ', voices.Select(voice => voice.Head.Catalogue));
        lock (_gate)
        {
            if (_answers.TryGetValue(text, out var answer) && answer.Heads == heads) return answer.Package;
        }
        var package = await FindAsync(text, voices, cancellationToken);
        Remember(text, heads, package);
        return package;
    }

    public async ValueTask<Cid> ResolveAsync(Release release, CancellationToken cancellationToken)
    {
        if (release.Root is { } known) return known;
        if (release.Artifact is not { } artifact) throw new ContentUnavailableException($"{release.Name} {release.Version} has neither a tree nor an archive.");
        if (_trees.Made(artifact.Sha256) is { } mine && mine.Artifact == artifact) return mine.Root;
        var trees = await AskAsync(await VoicesAsync(cancellationToken), lookup => lookup.TreeAsync(artifact, cancellationToken));
        if (Agreed(trees.Where(answer => answer.Value is not null)) is { } agreed) return agreed.Value!.Root;
        if (release.Namespace is not { } origin || release.Filename is not { } filename)
            throw new ContentUnavailableException($"Nobody has unpacked {release.Name} {release.Version}, as far as {_policy.Confirmations} logs agree, and no suite says where its archive is.");
        return await _trees.MakeAsync(new OriginPackage(origin, release.Name, release.Version, artifact, filename), cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _trees.DisposeAsync();
        foreach (var log in _logs) log.Dispose();
    }

    /// <summary>A log with a head that holds.</summary>
    private sealed record Voice(LightLog Log, HeadRecord Head, LightLookup Lookup);

    /// <summary>What a log answers.</summary>
    private readonly record struct Answer<T>(Voice Voice, T Value);

    /// <exception cref="ContentUnavailableException">Fewer logs than the policy wants have a head that holds.</exception>
    private async Task<IReadOnlyList<Voice>> VoicesAsync(CancellationToken cancellationToken)
    {
        var voices = new List<Voice>();
        var reasons = new List<string>();
        foreach (var log in _logs)
        {
            try
            {
                var (head, reason) = await log.HeadAsync(cancellationToken);
                if (head is not null) voices.Add(new Voice(log, head, new LightLookup(head.Catalogue, (cid, token) => GetAsync(head.Catalogue, cid, token))));
                if (reason is not null) reasons.Add($"{log.Log.Name}: {reason}");
            }
            catch (ContentUnavailableException e)
            {
                reasons.Add($"{log.Log.Name}: {e.Message}");
            }
        }
        if (voices.Count >= _policy.Confirmations) return voices;
        throw new ContentUnavailableException($"{voices.Count} of the {_policy.Confirmations} logs that must agree can be believed now ({string.Join("; ", reasons)}).");
    }

    private async ValueTask<Block> GetAsync(Cid root, Cid cid, CancellationToken cancellationToken)
    {
        var block = await _blocks.GetAsync(root, cid, cancellationToken);
        Interlocked.Add(ref _bytes, block.Length);
        return block;
    }

    private async Task<PackageEntry?> FindAsync(string name, IReadOnlyList<Voice> voices, CancellationToken cancellationToken)
    {
        foreach (var origin in (await NamespacesAsync(voices, cancellationToken)).GroupBy(CatalogNamespace.OriginOf))
        {
            var releases = new List<Release>();
            foreach (var ofNamespace in origin) releases.AddRange(await InSuiteAsync(ofNamespace, name, voices, cancellationToken));
            if (releases.Count > 0) return ToPackage(name, releases);
        }
        foreach (var publisher in _policy.Publishers)
        {
            var releases = await OfPublisherAsync(publisher, name, voices, cancellationToken);
            if (releases.Count > 0) return ToPackage(name, releases);
        }
        return null;
    }

    private async Task<IReadOnlyList<string>> NamespacesAsync(IReadOnlyList<Voice> voices, CancellationToken cancellationToken)
    {
        var answers = await AskAsync(voices, lookup => lookup.NamespacesAsync(cancellationToken));
        var known = answers.SelectMany(answer => answer.Value).GroupBy(name => name).Where(name => name.Count() >= _policy.Confirmations).Select(name => name.Key).ToList();
        return _policy.Namespaces.Count == 0
            ? known
            : [.. _policy.Namespaces.SelectMany(wanted => known.Where(name => name == wanted || name.StartsWith(wanted + "/", StringComparison.Ordinal))).Distinct()];
    }

    /// <summary>The versions in the suite that k logs agree on; the directory nodes of one of them are as good as another's, for the record names the index.</summary>
    private async Task<IReadOnlyList<Release>> InSuiteAsync(string ofNamespace, string name, IReadOnlyList<Voice> voices, CancellationToken cancellationToken)
    {
        var suites = (await AskAsync(voices, lookup => lookup.SuiteAsync(ofNamespace, cancellationToken))).Where(answer => answer.Value is not null).ToList();
        if (Agreed(suites.OrderByDescending(answer => answer.Value!.Date)) is not { } agreed)
        {
            var dates = string.Join(", ", suites.Select(answer => $"{answer.Voice.Log.Log.Name}: {RecordLines.Show(answer.Value!.Date)}"));
            throw new ContentUnavailableException($"No {_policy.Confirmations} logs have the same newest suite {ofNamespace} now ({dates}); it is answered when they do.");
        }
        var suite = agreed.Value!;
        foreach (var answer in suites.Where(answer => suite.Equals(answer.Value)))
        {
            try
            {
                var versions = await answer.Voice.Lookup.VersionsAsync(suite, name, cancellationToken);
                return [.. versions.Select(version => new Release(name, version.Version, null, agreed.Voice.Log.Log.Key.ToString(), suite.Date)
                {
                    Artifact = version.Artifact,
                    Namespace = ofNamespace,
                    Filename = version.Filename,
                })];
            }
            catch (ContentUnavailableException e)
            {
                CatalogLog.NotFollowed(_log, answer.Voice.Log.Log.Name, e.Message);
            }
            catch (InvalidTreeException fault)
            {
                throw new ContentUnavailableException($"The index of {ofNamespace} that {_policy.Confirmations} logs name is malformed: {fault.Message}");
            }
        }
        throw new ContentUnavailableException($"The proof whether {ofNamespace} has {name} could not be had in time.");
    }

    private async Task<IReadOnlyList<Release>> OfPublisherAsync(Signing.Ed25519PublicKey publisher, string name, IReadOnlyList<Voice> voices, CancellationToken cancellationToken)
    {
        var ofNamespace = CatalogNamespace.OfPublisher(publisher);
        var answers = await AskAsync(voices, lookup => lookup.ReleasesAsync(ofNamespace, name, cancellationToken));
        return [.. answers.SelectMany(answer => answer.Value.Select(release => (answer.Voice, Release: release)))
            .GroupBy(said => said.Release)
            .Where(said => said.Count() >= _policy.Confirmations)
            .GroupBy(said => said.Key.Version)
            .Select(version => version.OrderBy(said => said.Key.Sequence).First())
            .Select(said => new Release(name, said.Key.Version, said.Key.Root, publisher.ToString(), said.First().Voice.Head.Time) { Namespace = ofNamespace })];
    }

    /// <summary>Asks every log; one that does not answer, or with nonsense, has no voice.</summary>
    /// <exception cref="ContentUnavailableException">Fewer than the policy wants answered.</exception>
    private async Task<IReadOnlyList<Answer<T>>> AskAsync<T>(IReadOnlyList<Voice> voices, Func<LightLookup, Task<T>> ask)
    {
        var answers = new List<Answer<T>>();
        var reasons = new List<string>();
        foreach (var voice in voices)
        {
            try
            {
                answers.Add(new Answer<T>(voice, await ask(voice.Lookup)));
            }
            catch (Exception e) when (e is ContentUnavailableException or InvalidTreeException)
            {
                CatalogLog.NotFollowed(_log, voice.Log.Log.Name, e.Message);
                reasons.Add($"{voice.Log.Log.Name}: {e.Message}");
            }
        }
        if (answers.Count >= _policy.Confirmations) return answers;
        throw new ContentUnavailableException($"{answers.Count} of the {_policy.Confirmations} logs that must agree answered ({string.Join("; ", reasons)}).");
    }

    /// <summary>The first answer that k logs give.</summary>
    private Answer<T>? Agreed<T>(IEnumerable<Answer<T>> answers)
    {
        var all = answers.ToList();
        foreach (var answer in all)
            if (all.Count(other => EqualityComparer<T>.Default.Equals(other.Value, answer.Value)) >= _policy.Confirmations) return answer;
        return null;
    }

    private static PackageEntry ToPackage(string name, IReadOnlyList<Release> releases) =>
        new(name, [.. releases.DistinctBy(release => release.Version).OrderBy(release => PackageNames.FromPathVersion(release.Version), DebianVersion.Order)]);

    private void Remember(string name, string heads, PackageEntry? package)
    {
        lock (_gate)
        {
            if (_answers.Count >= NamesKept)
            {
                _answers.Clear();
                _found.Clear();
            }
            var isNew = !_answers.TryGetValue(name, out var before) || !SameReleases(before.Package, package);
            _answers[name] = (heads, package);
            if (!isNew) return;
            if (package is null) _found.Remove(name);
            else _found[name] = package;
            Volatile.Write(ref _current, new ListSnapshot([.. _found.Values], _time.GetUtcNow()));
        }
        Changed?.Invoke([name]);
    }

    private static bool SameReleases(PackageEntry? one, PackageEntry? other) =>
        one is null || other is null ? one is null && other is null : one.Releases.SequenceEqual(other.Releases);

    private LogStatus StatusOf(LightLog log)
    {
        var verdict = log.Note is { } note ? _policy.Witnesses.Evaluate(note, log.Log) : null;
        return Freshness.Of(log.Log, isOwn: false, counts: true, verdict?.Checkpoint?.Size ?? 0, log.Head?.Time, verdict?.Time, log.Fork, _policy, _time.GetUtcNow(), reason: null);
    }
}
