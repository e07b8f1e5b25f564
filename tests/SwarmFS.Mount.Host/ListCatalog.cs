using SwarmFS.Catalog;
using SwarmFS.Core;

namespace SwarmFS.Mount.Host;

/// <summary>A catalogue that says what it is told to say, now and of the past.</summary>
public sealed class ListCatalog : ICatalog
{
    private readonly SortedDictionary<string, List<Release>> _releases = new(StringComparer.Ordinal);
    private readonly SortedList<DateTimeOffset, ListSnapshot> _past = [];
    private volatile ListSnapshot _current = new([], DateTimeOffset.UnixEpoch);
    private int _resolveCalls;
    private int _findCalls;
    private int _pastCalls;

    public ICatalogSnapshot Current => _current;

    public bool IsPartial { get; set; }

    /// <summary>What a light node would find if it asked.</summary>
    public Dictionary<string, Release> Elsewhere { get; } = [];

    /// <summary>True when nobody delivers a proof.</summary>
    public bool IsCutOff { get; set; }

    /// <summary>What an answer about the past, or a proof, takes.</summary>
    public TimeSpan Latency { get; set; } = TimeSpan.Zero;

    public int ResolveCalls => _resolveCalls;

    public int FindCalls => _findCalls;

    public int PastCalls => _pastCalls;

    public event Action<IReadOnlyList<string>>? Changed;

    /// <summary>What <see cref="ResolveAsync"/> answers for releases without a root.</summary>
    public Func<Release, CancellationToken, ValueTask<Cid>> Resolve { get; set; } =
        (release, _) => throw new ContentUnavailableException($"{release.Name} {release.Version}: nobody has unpacked it.");

    public void Publish(params IReadOnlyList<Release> releases) => PublishAt(releases.Max(r => r.Published), isRecorded: false, releases);

    /// <summary>Publishes at this time, which can be looked at from then on.</summary>
    public void PublishAt(DateTimeOffset time, params IReadOnlyList<Release> releases) => PublishAt(time, isRecorded: true, releases);

    private void PublishAt(DateTimeOffset time, bool isRecorded, IReadOnlyList<Release> releases)
    {
        lock (_releases)
        {
            foreach (var release in releases)
            {
                if (!_releases.TryGetValue(release.Name, out var versions)) _releases.Add(release.Name, versions = []);
                versions.RemoveAll(r => r.Version == release.Version);
                versions.Add(release);
            }
            _current = new ListSnapshot([.. _releases.Select(p => new PackageEntry(p.Key, [.. p.Value]))], time);
            if (isRecorded) _past[time] = _current;
        }
        Changed?.Invoke([.. releases.Select(r => r.Name).Distinct()]);
    }

    public async ValueTask<PackageEntry?> FindAsync(ReadOnlyMemory<byte> name, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _findCalls);
        await Task.Delay(Latency, TimeProvider.System, cancellationToken);
        var text = System.Text.Encoding.ASCII.GetString(name.Span);
        if (IsCutOff) throw new ContentUnavailableException($"{text}: no source delivered a proof.");
        if (!Elsewhere.TryGetValue(text, out var release)) return null;
        Publish(release);
        return _current[_current.IndexOf(name.Span)];
    }

    public IReadOnlyList<string> Moments
    {
        get
        {
            var today = DateTimeOffset.UtcNow.UtcDateTime.Date;
            lock (_releases) return [.. _past.Keys.Where(time => time.UtcDateTime.Date < today).Select(time => $"{time:yyyy-MM-dd}").Distinct()];
        }
    }

    public async ValueTask<ICatalogSnapshot?> AtAsync(string moment, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _pastCalls);
        await Task.Delay(Latency, TimeProvider.System, cancellationToken);
        if (IsCutOff) throw new ContentUnavailableException($"{moment}: its directories are gone.");
        var time = DateTimeOffset.Parse(moment.Length == 10 ? moment + "T23:59:59Z" : moment, System.Globalization.CultureInfo.InvariantCulture);
        lock (_releases) return _past.LastOrDefault(state => state.Key <= time).Value;
    }

    public ValueTask<Cid> ResolveAsync(Release release, CancellationToken cancellationToken)
    {
        if (release.Root is { } root) return ValueTask.FromResult(root);
        Interlocked.Increment(ref _resolveCalls);
        return Resolve(release, cancellationToken);
    }
}
