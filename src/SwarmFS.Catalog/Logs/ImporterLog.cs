using Microsoft.Extensions.Logging;
using SwarmFS.Core;
using SwarmFS.Signing;
using SwarmFS.Transparency;

namespace SwarmFS.Catalog;

/// <summary>What became of a batch.</summary>
/// <param name="Entries">Of the log now.</param>
/// <param name="Appended">Records that were new; the head is not counted.</param>
/// <param name="Missing">Why nobody else can prove the batch yet; null when it is published.</param>
public sealed record BatchResult(long Entries, int Appended, string? Missing)
{
    public bool IsPublished => Missing is null;
}

/// <summary>Why others cannot prove all of the own log.</summary>
/// <param name="Entries">Of the log now, published or not.</param>
/// <param name="Missing">What the newest checkpoint waits for.</param>
public sealed record UnpublishedLog(long Entries, string Missing);

/// <summary>The log's files contradict each other, or belong to another key: starting would mean to sign a second history. The message says what to do.</summary>
public sealed class LogDamagedException(string message) : Exception(message);

/// <summary>
/// This node's own log.
/// <para>Participants: the journal has the entries, a state file the signed checkpoint, the store the catalogue's directory and the log's files, <see cref="ICosigners"/> the witnesses.
/// Goals: whatever was returned is provable after kill -9; no checkpoint is signed that contradicts an earlier one. Non-goals: to judge what is written into it.</para>
/// <para>Order within a batch: nodes of the catalogue on disk → entries and head in the journal, flushed → checkpoint signed and on disk → cosigned → files of the log on disk → announced.
/// A start finishes what a crash cut off. Safe from any thread; one batch at a time.</para>
/// </summary>
public sealed class ImporterLog : IDisposable
{
    /// <summary>How often a checkpoint is cosigned anew: a day's maximum age leaves room for many failures. One that its quorum has not seen is tried again within it.</summary>
    public static readonly TimeSpan HeartbeatInterval = TimeSpan.FromHours(1);

    /// <summary>Records of one batch: all trees of a suite take a few.</summary>
    public const int RecordsPerBatchMax = 10_000;

    /// <summary>Catalogues that stay pinned for history; each adds the O(log n) nodes in which it differs.</summary>
    internal const int CataloguesKept = 64;

    internal const string PinReason = "catalogue";

    private readonly IJournal _journal;
    private readonly IBlockStore _store;
    private readonly TlogPolicy _witnesses;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly NoteSigner _signer;
    private readonly LogFiles _files;
    private readonly LogPublication _publication;

    /// <summary>Held by whoever appends or publishes. What follows changes under it alone.</summary>
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly MerkleTree _tree = new();
    private CatalogueDirectory? _directory;
    private SignedNote? _note;
    private byte[] _last = [];
    private long _publishedEntries;
    private UnpublishedLog? _unpublished;
    private string? _unrenewed;

    /// <param name="origin">Names the log in its checkpoints; the same for ever.</param>
    /// <param name="key">Signs checkpoints and announcements. Stays the caller's, who disposes it after the log.</param>
    /// <param name="files">The log's own: nobody else writes there.</param>
    /// <param name="witnesses">Who must have cosigned before a batch counts as published.</param>
    /// <exception cref="LogDamagedException">See there.</exception>
    public ImporterLog(
        string origin, Ed25519PrivateKey key, IJournal journal, IStateFiles files, IBlockStore store, TlogPolicy witnesses, ICosigners? cosigners,
        TimeProvider time, ILoggerFactory loggers)
    {
        _journal = journal;
        _store = store;
        _witnesses = witnesses;
        _time = time;
        _log = loggers.CreateLogger("SwarmFS.Catalog");
        _signer = new NoteSigner(origin, key);
        _files = new LogFiles(store);
        _publication = new LogPublication(key, files, store, witnesses, cosigners, _signer.VerifierKey);
        Load();
    }

    public VerifierKey VerifierKey => _signer.VerifierKey;

    /// <summary>The newest announcement; null before the first batch, and while the witnesses' quorum has not seen the first.</summary>
    public ReadOnlyMemory<byte>? Announcement => _publication.Announcement;

    /// <summary>Raised with the new announcement, on the thread that made it.</summary>
    public event Action<ReadOnlyMemory<byte>>? Announced;

    /// <summary>Null when all of it is published. Told when an attempt has ended, not while it goes on.</summary>
    public UnpublishedLog? Unpublished => Volatile.Read(ref _unpublished);

    /// <summary>Why the quorum did not cosign when the witnesses were asked last, though what it said earlier may still hold; null when it did.</summary>
    public string? Unrenewed => Volatile.Read(ref _unrenewed);

    internal LogState State { get; } = new();

    /// <summary>Entries under the last checkpoint that met the quorum.</summary>
    internal long PublishedEntries => Interlocked.Read(ref _publishedEntries);

    internal SignedNote? Note => Volatile.Read(ref _note);

    /// <summary>Writes what is not in the log yet, and a head behind it. Saying the same again changes nothing.</summary>
    /// <exception cref="StoreFullException">The directory does not fit; nothing was appended.</exception>
    /// <exception cref="ContentUnavailableException">The index of a suite is not in the store; nothing was appended.</exception>
    /// <exception cref="IOException">The journal or a state file cannot be written. What had been appended is finished by the next batch or start.</exception>
    public async Task<BatchResult> AppendAsync(IReadOnlyList<CatalogRecord> records, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(records.Count, RecordsPerBatchMax, nameof(records));
        await _gate.WaitAsync(cancellationToken);
        try
        {
            var fresh = Fresh(records);
            if (fresh.Count > 0 || HasTail) Close(fresh);
            var missing = await PublishAsync(renew: false, cancellationToken);
            return new BatchResult(_tree.Size, fresh.Count, missing);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Has the checkpoint cosigned anew, so that its age is that of the witnesses' last look; publishes what they had not seen. Without witnesses it does nothing.</summary>
    /// <returns>What the quorum lacks, or null.</returns>
    public async Task<string?> HeartbeatAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            return await PublishAsync(renew: _witnesses.AsksForWitnesses, cancellationToken);
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    /// <summary>True when the journal's last entries are under no head: a crash or a full disk cut a batch off.</summary>
    private bool HasTail => State.Count > 0 && (State.NewestHead is not { } head || head.Index != State.Count - 1);

    private List<(CatalogRecord Record, byte[] Entry)> Fresh(IReadOnlyList<CatalogRecord> records)
    {
        var fresh = new List<(CatalogRecord, byte[])>();
        var seen = new HashSet<CatalogRecord>();
        foreach (var record in records)
        {
            if (record is HeadRecord) throw new ArgumentException("Heads are written by the log itself.", nameof(records));
            var entry = record.Encode();
            if (!State.Contains(entry) && seen.Add(record)) fresh.Add((record, entry));
        }
        return fresh;
    }

    private void Close(List<(CatalogRecord Record, byte[] Entry)> fresh)
    {
        using var held = _store.HoldNew();
        var directory = (_directory ?? CatalogueDirectory.Of(_store, State)).With(_store, fresh.Select(item => item.Record));
        var catalogue = directory.Write(_store);
        _store.Flush();
        // When the journal fails between two entries, the next directory is made of those that stand in it.
        _directory = null;
        foreach (var (_, entry) in fresh) Append(entry, durable: false);
        _directory = directory;
        Append(new HeadRecord(_time.GetUtcNow(), catalogue, State.NewestHead?.Index).Encode(), durable: true);
        Sign();
        _store.Pin(catalogue, PinReason);
        UnpinOldest();
        CatalogLog.BatchClosed(_log, fresh.Count, _tree.Size);
    }

    private void Append(byte[] entry, bool durable)
    {
        _journal.Append(entry, durable);
        Take(entry);
    }

    private void Take(ReadOnlySpan<byte> entry)
    {
        _tree.Append(entry);
        State.Add(entry);
        _files.Add(entry);
        _last = entry.ToArray();
    }

    private void Sign()
    {
        var note = _signer.Sign(new Checkpoint(VerifierKey.Name, _tree.Size, _tree.RootAt(_tree.Size)).ToText());
        _publication.Keep(note);
        Volatile.Write(ref _note, note);
    }

    private void UnpinOldest()
    {
        var heads = State.Heads;
        if (heads.Count <= CataloguesKept) return;
        var oldest = heads[heads.Count - 1 - CataloguesKept].Record.Catalogue;
        if (!heads.Skip(heads.Count - CataloguesKept).Any(head => head.Record.Catalogue == oldest)) _store.Unpin(oldest);
    }

    /// <returns>What the quorum lacks, or null when the last checkpoint is cosigned and announced.</returns>
    private async Task<string?> PublishAsync(bool renew, CancellationToken cancellationToken)
    {
        if (_note is not { } note) return null;
        if (_publishedEntries == _tree.Size && _publication.Announcement is not null && !renew) return null;
        try
        {
            var (cosigned, missing, unrenewed) = await _publication.CosignAsync(note, _tree, oldSize: _publishedEntries, renew, cancellationToken);
            if (cosigned != note) Volatile.Write(ref _note, cosigned);
            if (missing is not null) CatalogLog.NotCosigned(_log, _tree.Size, missing);
            else Announce(cosigned);
            Tell(missing);
            Volatile.Write(ref _unrenewed, unrenewed);
            return missing;
        }
        catch (Exception e)
        {
            Tell(e is OperationCanceledException ? "its witnesses were not waited for" : e.Message.TrimEnd('.'));
            throw;
        }
    }

    /// <param name="missing">What the last attempt lacked, which is nothing to tell where it was to renew what is published; null when it lacked nothing.</param>
    private void Tell(string? missing) => Volatile.Write(
        ref _unpublished, missing is null || (_publishedEntries == _tree.Size && _publication.Announcement is not null) ? null : new UnpublishedLog(_tree.Size, missing));

    private void Announce(SignedNote note)
    {
        using var held = _store.HoldNew();
        var announcement = _publication.Announce(note, _files.Write(_tree, note, _last));
        Interlocked.Exchange(ref _publishedEntries, _tree.Size);
        Announced?.Invoke(announcement);
    }

    private void Load()
    {
        using var held = _store.HoldNew();
        foreach (var entry in _journal.ReadAll()) Take(entry.Span);
        if (_publication.Load() is { } note) Check(note);
        if (State.Count == 0) return;
        try
        {
            Recover();
        }
        catch (Exception e) when (e is StoreFullException or ContentUnavailableException or InvalidTreeException)
        {
            CatalogLog.LogNotServed(_log, e.Message);
            Tell(e.Message.TrimEnd('.'));
        }
    }

    /// <summary>The checkpoint on disk must be of the entries on disk: else this journal is not the one that it was signed for.</summary>
    private void Check(SignedNote note)
    {
        if (!Checkpoint.TryRead(note.Text, out var checkpoint, out _) || checkpoint.Origin != VerifierKey.Name || note.Verify(VerifierKey) != NoteVerdict.Valid)
            throw new LogDamagedException("The checkpoint of this node's log is not signed by its key. Restore the key that belongs to the log, or move key, journal and checkpoint away together to begin a new log.");
        if (checkpoint.Size > _tree.Size)
            throw new LogDamagedException($"The checkpoint of this node's log covers {checkpoint.Size} entries, but its journal has {_tree.Size}: the journal is older than the checkpoint, or was cut. Restore the journal; signing from here would fork the log. Without a copy of it, begin a new log with a new key.");
        if (_tree.RootAt(checkpoint.Size) != checkpoint.Root)
            throw new LogDamagedException("The checkpoint of this node's log is not of the entries in its journal. Restore both from one copy; signing from here would fork the log.");
        Volatile.Write(ref _note, note);
    }

    private void Recover()
    {
        if (HasTail) Close([]);
        var head = State.NewestHead!.Value.Record;
        if (!_store.Contains(head.Catalogue))
        {
            _directory ??= CatalogueDirectory.Of(_store, State);
            _directory.Write(_store);
        }
        _store.Pin(head.Catalogue, PinReason);
        if (_note is null || !Checkpoint.TryRead(_note.Text, out var checkpoint, out _) || checkpoint.Size < _tree.Size) Sign();
        var verdict = _witnesses.Evaluate(_note!, VerifierKey);
        if (verdict.IsMet) Announce(_note!);
        else Tell(verdict.Reason);
    }
}
