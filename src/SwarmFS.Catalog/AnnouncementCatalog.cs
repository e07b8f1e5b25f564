using Microsoft.Extensions.Logging;
using SwarmFS.Core;
using SwarmFS.Signing;

namespace SwarmFS.Catalog;

/// <summary>
/// The catalogue as the sum of signed announcements: what this node imported, and what its peers say that they did.
/// <para>Participants: importers, who sign; nodes, who keep and relay. Goals: a release is what its first announcement here says and never changes; this node's own
/// imports stand above everybody's; every disagreement is kept to be shown. Non-goals: to know who tells the truth. A name is believed because a peer said so, and the importer's
/// key is shown with it; who wants proof waits for a catalogue that has it, behind the same <see cref="ICatalog"/>.</para>
/// </summary>
public sealed class AnnouncementCatalog : ICatalog, IAnnouncementLog
{
    // 200,000 records × ~400 bytes = 80 MB of journal: three suites of Debian. More would be somebody filling our disk.
    private const int RecordsMax = 200_000;

    // Half of all, so that one key cannot fill the log alone.
    private const int RecordsPerImporterMax = 100_000;

    // Enough to show a person what is going on.
    private const int ConflictsMax = 1_000;

    private readonly IJournal _journal;
    private readonly Ed25519PrivateKey _key;
    private readonly TimeProvider _time;
    private readonly ILogger _log;

    /// <summary>Guards all that follows. Never held while <see cref="Changed"/> or <see cref="Grown"/> are raised.</summary>
    private readonly Lock _gate = new();
    private readonly List<byte[]> _records = [];
    private readonly HashSet<Sha256Digest> _known = [];
    private readonly Dictionary<(string Name, string Version), Announcement> _releases = [];
    private readonly Dictionary<Ed25519PublicKey, int> _importers = [];
    private readonly List<CatalogConflict> _conflicts = [];
    private DateTimeOffset _changed = DateTimeOffset.UnixEpoch;
    private CatalogSnapshot? _current = CatalogSnapshot.Empty;

    public AnnouncementCatalog(IJournal journal, Ed25519PrivateKey importerKey, TimeProvider time, ILoggerFactory loggers)
    {
        _journal = journal;
        _key = importerKey;
        _time = time;
        _log = loggers.CreateLogger("SwarmFS.Catalog");
        foreach (var record in journal.ReadAll())
        {
            if (Announcement.TryRead(record.Span, out var error) is { } announcement) Add(record.ToArray(), announcement);
            else CatalogLog.RecordSkipped(_log, error!);
        }
    }

    public event Action<IReadOnlyList<string>>? Changed;

    public event Action? Grown;

    /// <summary>The key that signs this node's announcements.</summary>
    public Ed25519PublicKey Importer => _key.PublicKey;

    public ICatalogSnapshot Current
    {
        get
        {
            if (Volatile.Read(ref _current) is { } current) return current;
            lock (_gate)
            {
                return _current ??= CatalogSnapshot.Of(_releases.Values.Select(ToRelease), _changed);
            }
        }
    }

    public long Count
    {
        get
        {
            lock (_gate) return _records.Count;
        }
    }

    /// <summary>Who announced how many of the records here.</summary>
    public IReadOnlyList<ImporterStatus> Importers
    {
        get
        {
            lock (_gate) return [.. _importers.Select(pair => new ImporterStatus(pair.Key.ToString(), pair.Value, pair.Key.Equals(Importer)))];
        }
    }

    /// <summary>Announcements that say something else than what is believed, oldest first.</summary>
    public IReadOnlyList<CatalogConflict> Conflicts
    {
        get
        {
            lock (_gate) return [.. _conflicts];
        }
    }

    public ValueTask<Cid> ResolveAsync(Release release, CancellationToken cancellationToken) =>
        release.Root is { } root
            ? ValueTask.FromResult(root)
            : throw new ContentUnavailableException($"{release.Name} {release.Version} was announced without a root.");

    /// <summary>Announces that this node imported a release. Saying the same again changes nothing.</summary>
    /// <param name="version">As it stands in a path.</param>
    /// <exception cref="CatalogRefusedException">The name or version may not stand in a path, or this node has announced another root for them: a version never changes.</exception>
    /// <exception cref="IOException">It could not be written; nothing was announced.</exception>
    public Release Publish(string name, string version, Cid root, ArtifactDigest? artifact)
    {
        if (!PackageNames.IsName(name))
            throw new CatalogRefusedException($"'{name}' cannot be a package name: use letters, digits and + - . _, beginning with a letter or digit, at most {PackageNames.NameLengthMax} characters.");
        if (!PackageNames.IsPathVersion(version))
            throw new CatalogRefusedException($"'{version}' cannot be a version: use letters, digits and + - . _ ~, beginning with a letter or digit, at most {PackageNames.VersionLengthMax} characters.");
        Announcement announcement;
        lock (_gate)
        {
            if (_releases.TryGetValue((name, version), out var standing) && standing.Importer.Equals(Importer))
            {
                if (standing.Root == root) return ToRelease(standing);
                throw new CatalogRefusedException($"{name} {version} was already announced from here with other content ({standing.Root}); a version never changes: choose another version.");
            }
            var published = DateTimeOffset.FromUnixTimeSeconds(_time.GetUtcNow().ToUnixTimeSeconds());
            announcement = new Announcement(name, version, root, artifact, published, Importer);
            var record = announcement.Sign(_key);
            _journal.Append(record, durable: true);
            Add(record, announcement);
        }
        CatalogLog.Published(_log, name, version, root.ToShortString());
        Raise([name]);
        return ToRelease(announcement);
    }

    public AnnouncementVerdict Offer(ReadOnlyMemory<byte> record)
    {
        var digest = Sha256Digest.Of(record.Span);
        lock (_gate)
        {
            if (_known.Contains(digest)) return AnnouncementVerdict.Known;
        }
        // Outside the lock: a signature costs a tenth of a millisecond, and readers of the catalogue do not wait for that.
        if (Announcement.TryRead(record.Span, out var error) is not { } announcement)
        {
            CatalogLog.RecordRefused(_log, error!);
            return AnnouncementVerdict.Invalid;
        }
        lock (_gate)
        {
            if (_known.Contains(digest)) return AnnouncementVerdict.Known;
            if (_records.Count >= RecordsMax || _importers.GetValueOrDefault(announcement.Importer) >= RecordsPerImporterMax)
            {
                CatalogLog.RecordDeclined(_log, announcement.Name, announcement.Importer.ToString());
                return AnnouncementVerdict.Declined;
            }
            _journal.Append(record.Span, durable: false);
            Add(record.ToArray(), announcement);
        }
        Raise([announcement.Name]);
        return AnnouncementVerdict.Accepted;
    }

    public long Read(long first, int max, List<ReadOnlyMemory<byte>> into)
    {
        lock (_gate)
        {
            var next = Math.Clamp(first, 0, _records.Count);
            for (; next < _records.Count && max > 0; next++, max--) into.Add(_records[(int)next]);
            return next;
        }
    }

    private void Add(byte[] record, Announcement announcement)
    {
        if (!_known.Add(Sha256Digest.Of(record))) return;
        _records.Add(record);
        _importers[announcement.Importer] = _importers.GetValueOrDefault(announcement.Importer) + 1;
        var key = (announcement.Name, announcement.Version);
        if (_releases.TryGetValue(key, out var standing) && standing.Root != announcement.Root)
        {
            var (believed, other) = announcement.Importer.Equals(Importer) && !standing.Importer.Equals(Importer) ? (announcement, standing) : (standing, announcement);
            _releases[key] = believed;
            if (_conflicts.Count < ConflictsMax)
                _conflicts.Add(new CatalogConflict(key.Name, key.Version, believed.Root, believed.Importer.ToString(), other.Root, other.Importer.ToString()));
            CatalogLog.Conflict(_log, key.Name, key.Version, believed.Importer.ToString(), other.Importer.ToString());
        }
        else
        {
            _releases.TryAdd(key, announcement);
        }
        _changed = _time.GetUtcNow();
        Volatile.Write(ref _current, null);
    }

    private void Raise(IReadOnlyList<string> names)
    {
        Changed?.Invoke(names);
        Grown?.Invoke();
    }

    private static Release ToRelease(Announcement announcement) =>
        new(announcement.Name, announcement.Version, announcement.Root, announcement.Importer.ToString(), announcement.Published) { Artifact = announcement.Artifact };
}

/// <summary>One importer as seen from here.</summary>
/// <param name="Key">Its public key, base64.</param>
/// <param name="Own">True for this node's.</param>
public sealed record ImporterStatus(string Key, int Records, bool Own);

/// <summary>Two importers, or one at two times, say different things of one version.</summary>
public sealed record CatalogConflict(string Name, string Version, Cid Believed, string BelievedImporter, Cid Other, string OtherImporter);

/// <summary>A release that may not be published; the message says why and what to do.</summary>
public sealed class CatalogRefusedException(string message) : Exception(message);
