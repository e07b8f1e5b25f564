using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using SwarmFS.Core;
using SwarmFS.Signing;
using SwarmFS.Transparency;

namespace SwarmFS.Catalog;

/// <summary>
/// The newest announcement of each log of the policy, this node's own included: what peers ask for and get. Newer is more entries, or as many under later cosignatures.
/// Others' logs, and checkpoints that the witnesses' quorum has not seen, are declined, so the board is as long as the policy. Each announcement survives a restart. Safe from any thread.
/// </summary>
public sealed class AnnouncementBoard : IAnnouncementLog
{
    private readonly IStateFiles _files;
    private readonly CatalogPolicy _policy;
    private readonly Dictionary<Ed25519PublicKey, VerifierKey> _logs;
    private readonly Ed25519PublicKey? _own;
    private readonly ILogger _log;

    /// <summary>Guards all that follows. Never held while an event is raised.</summary>
    private readonly Lock _gate = new();
    private readonly Dictionary<Ed25519PublicKey, Held> _newest = [];
    private readonly SortedDictionary<long, CheckpointAnnouncement> _numbered = [];
    private long _count;

    /// <param name="own">The log that this node writes, whether the policy names it or not; null when it writes none.</param>
    public AnnouncementBoard(CatalogPolicy policy, VerifierKey? own, IStateFiles files, ILoggerFactory loggers)
    {
        _files = files;
        _policy = policy;
        _own = own?.Key;
        _logs = policy.Logs.ToDictionary(log => log.Key);
        if (own is not null) _logs[own.Key] = own;
        _log = loggers.CreateLogger("SwarmFS.Catalog");
        foreach (var log in _logs.Values)
        {
            if (_files.Read(FileOf(log)) is { } record && TryRead(record, out var announcement, out var age, out _) && announcement.Log.Equals(log.Key) && !age.IsPastEnd) Add(announcement, age);
        }
    }

    public event Action? Grown;

    /// <summary>Raised with every valid announcement of another log that is not the one held, also an older one, of which its follower can tell whether it shows a fork; on the thread that brought it.</summary>
    internal event Action<CheckpointAnnouncement>? Heard;

    /// <summary>True when peers have a longer log of this node's key than this node: its state was restored from an old copy, or the key was stolen.</summary>
    public bool IsOwnAhead { get; private set; }

    public long Count
    {
        get
        {
            lock (_gate) return _count;
        }
    }

    public long Read(long first, int max, List<ReadOnlyMemory<byte>> into)
    {
        lock (_gate)
        {
            var next = Math.Clamp(first, 0, _count);
            foreach (var (number, announcement) in _numbered)
            {
                if (number < next) continue;
                if (max-- == 0) return number;
                into.Add(announcement.Record);
            }
            return _count;
        }
    }

    public AnnouncementVerdict Offer(ReadOnlyMemory<byte> record)
    {
        if (IsHeld(record.Span)) return AnnouncementVerdict.Known;
        // Outside the lock: signatures cost tenths of a millisecond, and readers do not wait for that.
        if (!TryRead(record.Span, out var announcement, out var age, out var error))
        {
            if (error is null) return AnnouncementVerdict.Declined;
            CatalogLog.RecordRefused(_log, error);
            return AnnouncementVerdict.Invalid;
        }
        if (announcement.Log.Equals(_own)) return OfferOwn(age);
        if (age.IsPastEnd) return AnnouncementVerdict.Declined;
        var verdict = !age.IsWitnessed ? AnnouncementVerdict.Declined : TryKeep(announcement, age, isOwn: false) ? AnnouncementVerdict.Accepted : AnnouncementVerdict.Known;
        Heard?.Invoke(announcement);
        if (verdict == AnnouncementVerdict.Accepted) Grown?.Invoke();
        return verdict;
    }

    /// <summary>Takes this node's own announcement.</summary>
    /// <exception cref="IOException">It could not be kept; it is not relayed.</exception>
    public void Announce(ReadOnlyMemory<byte> record)
    {
        if (!TryRead(record.Span, out var announcement, out var age, out var error) || !announcement.Log.Equals(_own))
            throw new ArgumentException($"Only this node's own announcement is taken here: {error ?? "it is another's"}.", nameof(record));
        if (TryKeep(announcement, age, isOwn: true)) Grown?.Invoke();
    }

    /// <summary>The newest announcement of a log of the policy.</summary>
    internal CheckpointAnnouncement? Newest(VerifierKey log)
    {
        lock (_gate) return _newest.TryGetValue(log.Key, out var held) ? held.Announcement : null;
    }

    private AnnouncementVerdict OfferOwn(Age age)
    {
        lock (_gate)
        {
            if (_newest.TryGetValue(_own!, out var held) && age.Entries <= held.Age.Entries) return AnnouncementVerdict.Known;
            IsOwnAhead = true;
        }
        CatalogLog.OwnLogAhead(_log, age.Entries);
        return AnnouncementVerdict.Declined;
    }

    private bool IsHeld(ReadOnlySpan<byte> record)
    {
        lock (_gate)
        {
            foreach (var held in _newest.Values)
                if (held.Announcement.Record.Span.SequenceEqual(record)) return true;
            return false;
        }
    }

    /// <param name="error">Null when the log is not one of the policy's.</param>
    private bool TryRead(ReadOnlySpan<byte> record, [NotNullWhen(true)] out CheckpointAnnouncement? announcement, out Age age, out string? error)
    {
        age = default;
        if (!CheckpointAnnouncement.TryRead(record, out announcement, out error)) return false;
        if (!_logs.TryGetValue(announcement.Log, out var log)) return false;
        var verdict = _policy.Witnesses.Evaluate(announcement.Note, log);
        error = "its checkpoint is not signed by the log, or is another's";
        if (verdict.Checkpoint is not { } checkpoint || checkpoint.Origin != log.Name || announcement.Note.Verify(log) != NoteVerdict.Valid) return false;
        var isPastEnd = !log.Key.Equals(_own) && _policy.EndOf(log)?.Covers(checkpoint) == false;
        (age, error) = (new Age(checkpoint.Size, verdict.Time ?? DateTimeOffset.UnixEpoch, verdict.IsMet, isPastEnd), null);
        return true;
    }

    /// <param name="isOwn">The own log's files may have another root under the same checkpoint: then it is the newer one. Of others' that would go round for ever.</param>
    private bool TryKeep(CheckpointAnnouncement announcement, Age age, bool isOwn)
    {
        lock (_gate)
        {
            if (_newest.TryGetValue(announcement.Log, out var held) && age <= held.Age && !(isOwn && held.Age <= age && held.Announcement.Files != announcement.Files)) return false;
            Write(announcement, isOwn);
            Add(announcement, age);
            return true;
        }
    }

    /// <summary>On a full disk another log's is held in memory alone: after a restart peers bring it again.</summary>
    private void Write(CheckpointAnnouncement announcement, bool isOwn)
    {
        var log = _logs[announcement.Log];
        try
        {
            _files.Replace(FileOf(log), announcement.Record.Span);
        }
        catch (IOException e) when (!isOwn)
        {
            CatalogLog.AnnouncementNotOnDisk(_log, log.Name, e.Message);
        }
    }

    private void Add(CheckpointAnnouncement announcement, Age age)
    {
        if (_newest.TryGetValue(announcement.Log, out var before)) _numbered.Remove(before.Number);
        _newest[announcement.Log] = new Held(announcement, age, _count);
        _numbered.Add(_count++, announcement);
    }

    private static string FileOf(VerifierKey log) => $"announced/{FollowedLog.IdOf(log)}";

    private sealed record Held(CheckpointAnnouncement Announcement, Age Age, long Number);

    /// <param name="Time">Since when the witnesses' quorum holds; 1970 without one.</param>
    /// <param name="IsWitnessed">False when the quorum has not seen it: then it is nothing to pass on.</param>
    /// <param name="IsPastEnd">The policy has retired the log before: what was heard up to there stands, and is heard again.</param>
    private readonly record struct Age(long Entries, DateTimeOffset Time, bool IsWitnessed, bool IsPastEnd)
    {
        public static bool operator <=(Age left, Age right) => left.Entries < right.Entries || (left.Entries == right.Entries && left.Time <= right.Time);

        public static bool operator >=(Age left, Age right) => right <= left;
    }
}
