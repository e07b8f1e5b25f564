using Microsoft.Extensions.Logging;
using SwarmFS.Core;
using SwarmFS.Transparency;

namespace SwarmFS.Catalog;

/// <summary>What became of an announcement of a followed log.</summary>
internal enum FollowOutcome
{
    /// <summary>The log has grown here.</summary>
    Advanced,

    /// <summary>The same entries under newer cosignatures.</summary>
    Renewed,

    /// <summary>Nothing new; also an older checkpoint, which takes nothing back.</summary>
    Known,

    /// <summary>The policy's witnesses have not seen it: not believed yet.</summary>
    NotWitnessed,

    /// <summary>Not what the log's key promised; nothing was kept.</summary>
    Garbage,

    /// <summary>The log signed two histories: the evidence is on disk, and it is believed no further.</summary>
    Forked,

    /// <summary>What is held of the log is not what the policy retired: nothing of it is believed.</summary>
    Refused,
}

/// <param name="Reason">For people; null when there is nothing to say.</param>
internal sealed record FollowResult(FollowOutcome Outcome, string? Reason = null);

/// <summary>
/// A verified copy of another log of the policy: its entries in a journal, its last checkpoint in a state file.
/// <para>An announcement is believed when its entries, appended to those held, give exactly the root that the log signed; so a log can only grow, and a smaller or other history is never taken up,
/// also after a restart. Crash order: the checkpoint is on disk before the first entry under it, so the journal never has more than what was verified; a start with fewer fetches the rest.</para>
/// <para>Of a log that the policy has retired since, only what stands before its end is taken up from the journal, when it is what the policy says: otherwise nothing is.</para>
/// Safe from any thread; one announcement at a time.
/// </summary>
internal sealed class FollowedLog : IDisposable
{
    private readonly IJournal _journal;
    private readonly IStateFiles _files;
    private readonly TlogPolicy _witnesses;
    private readonly IBlockStore _store;
    private readonly LogDownload _download;
    private readonly RetiredLog? _end;
    private readonly ILogger _log;
    private readonly SemaphoreSlim _gate = new(1, 1);

    /// <summary>Guards the tree against who reads it without the gate; never held while waiting.</summary>
    private readonly Lock _hashes = new();

    /// <summary>Of the entries that are believed; changes under the gate.</summary>
    private readonly MerkleTree _tree = new();
    private CheckpointAnnouncement? _announcement;
    private Checkpoint _checkpoint;
    private ForkEvidence? _fork;

    /// <param name="journal">This log's own, as the policy's key names it.</param>
    /// <exception cref="LogDamagedException">Journal and checkpoint do not belong together.</exception>
    public FollowedLog(VerifierKey log, CatalogPolicy policy, IJournal journal, IStateFiles files, IBlockStore store, ICatalogBlocks blocks, ILogger logger)
    {
        Log = log;
        Id = IdOf(log);
        _journal = journal;
        _files = files;
        _witnesses = policy.Witnesses;
        _end = policy.EndOf(log);
        _store = store;
        _download = new LogDownload(blocks);
        _log = logger;
        _checkpoint = new Checkpoint(log.Name, 0, MerkleHash.EmptyRoot);
        Load();
    }

    /// <summary>Names a log's files, by its whole key: a log that begins anew under another key has nothing of the old one.</summary>
    public static string IdOf(VerifierKey log) => Sha256Digest.Of(System.Text.Encoding.UTF8.GetBytes(log.ToString())).ToString()[..32];

    public VerifierKey Log { get; }

    public string Id { get; }

    public LogState State { get; private set; } = new();

    /// <summary>The checkpoint that is believed; null before the first.</summary>
    public Checkpoint? Checkpoint => Volatile.Read(ref _checkpoint) is { Size: > 0 } believed ? believed : null;

    /// <summary>The log's word for it; null while only the policy's says where a retired log ends.</summary>
    public SignedNote? Note => Volatile.Read(ref _announcement)?.Note;

    public Cid Files => Volatile.Read(ref _announcement)?.Files ?? default;

    /// <summary>Entries that count: whole batches under a checkpoint that is believed.</summary>
    public long Entries => State.NewestHead is { } head ? head.Index + 1 : 0;

    /// <summary>True while the journal lacks entries under the checkpoint that is believed.</summary>
    public bool IsIncomplete => Checkpoint is { } believed && State.Count < believed.Size;

    /// <summary>Set when the log signed two histories: what it said before still counts, nothing after.</summary>
    public ForkEvidence? Fork => Volatile.Read(ref _fork);

    /// <summary>Why nothing that is held of a retired log is believed; null when it is.</summary>
    public string? Refusal { get; private set; }

    private string CheckpointFile => $"log-{Id}";

    private string EvidenceFile => $"evidence/{Id}.txt";

    /// <summary>True when an announcement says nothing new: it is of entries that are held, as they are held, under no newer cosignatures; or the log is believed no further. Waits for nothing.</summary>
    /// <param name="announcement">Its signature has been verified, and is by this log's key.</param>
    public bool Knows(CheckpointAnnouncement announcement)
    {
        if (Fork is not null || Refusal is not null) return true;
        if (!Checkpoint.TryRead(announcement.Note.Text, out var checkpoint, out _) || checkpoint.Size > Entries) return false;
        lock (_hashes)
        {
            if (_tree.RootAt(checkpoint.Size) != checkpoint.Root) return false;
        }
        return !IsRenewal(checkpoint, _witnesses.Evaluate(announcement.Note, Log));
    }

    /// <param name="announcement">Its signature has been verified, and is by this log's key.</param>
    /// <exception cref="ContentUnavailableException">The entries could not be had in time; it may be offered again.</exception>
    /// <exception cref="IOException">State cannot be written.</exception>
    public async Task<FollowResult> AdvanceAsync(CheckpointAnnouncement announcement, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (_fork is not null) return new FollowResult(FollowOutcome.Forked);
            if (Refusal is not null) return new FollowResult(FollowOutcome.Refused);
            var verdict = _witnesses.Evaluate(announcement.Note, Log);
            if (announcement.Note.Verify(Log) != NoteVerdict.Valid || verdict.Checkpoint is not { } checkpoint || checkpoint.Origin != Log.Name)
                return new FollowResult(FollowOutcome.Garbage, verdict.Reason ?? "its checkpoint is not the log's");
            if (checkpoint.Size <= _tree.Size || checkpoint.Size == _checkpoint.Size) return Compare(announcement, checkpoint, verdict);
            if (checkpoint.Size < _checkpoint.Size) return new FollowResult(FollowOutcome.Known);
            if (!verdict.IsMet) return new FollowResult(FollowOutcome.NotWitnessed, verdict.Reason);
            if (_end?.Covers(checkpoint) == false) return new FollowResult(FollowOutcome.Known, "the log is retired");
            return await GrowAsync(announcement, checkpoint, cancellationToken);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Fetches what a crash or an end kept from the journal under the checkpoint that is believed.</summary>
    /// <exception cref="ContentUnavailableException">It could not be had in time.</exception>
    public async Task<FollowResult> CompleteAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            return _announcement is { } announcement && _tree.Size < _checkpoint.Size ? await GrowAsync(announcement, _checkpoint, cancellationToken) : new FollowResult(FollowOutcome.Known);
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    /// <summary>A checkpoint of no more entries than are known here: the same history, or a fork.</summary>
    private FollowResult Compare(CheckpointAnnouncement announcement, Checkpoint checkpoint, PolicyVerdict verdict)
    {
        var root = checkpoint.Size == _checkpoint.Size ? _checkpoint.Root : _tree.RootAt(checkpoint.Size);
        if (root != checkpoint.Root) return Contradicts(announcement, _tree);
        if (!IsRenewal(checkpoint, verdict)) return new FollowResult(FollowOutcome.Known);
        Keep(announcement, checkpoint);
        return new FollowResult(FollowOutcome.Renewed);
    }

    /// <summary>The log's word where only the policy's was there, or newer cosignatures.</summary>
    private bool IsRenewal(Checkpoint checkpoint, PolicyVerdict verdict)
    {
        if (checkpoint.Size != _checkpoint.Size || !verdict.IsMet) return false;
        return Note is not { } held || (verdict.Time is { } time && !(_witnesses.Evaluate(held, Log).Time >= time));
    }

    private async Task<FollowResult> GrowAsync(CheckpointAnnouncement announcement, Checkpoint checkpoint, CancellationToken cancellationToken)
    {
        var held = _tree.Size;
        IReadOnlyList<ReadOnlyMemory<byte>> entries;
        try
        {
            entries = await _download.EntriesAsync(announcement.Files, held, checkpoint.Size, cancellationToken);
        }
        catch (InvalidTreeException fault)
        {
            return new FollowResult(FollowOutcome.Garbage, fault.Message);
        }
        Append(entries);
        if (_tree.RootAt(checkpoint.Size) != checkpoint.Root || _tree.RootAt(_checkpoint.Size) != _checkpoint.Root)
        {
            Truncate(held);
            return await ExplainAsync(announcement, checkpoint, cancellationToken);
        }
        if (CatalogRecord.TryRead(entries[^1].Span, out _) is not HeadRecord)
        {
            Truncate(held);
            return new FollowResult(FollowOutcome.Garbage, "its last entry is no head");
        }
        try
        {
            Commit(announcement, checkpoint, entries);
        }
        catch (IOException)
        {
            Truncate(State.Count);
            throw;
        }
        return new FollowResult(FollowOutcome.Advanced);
    }

    private void Append(IReadOnlyList<ReadOnlyMemory<byte>> entries)
    {
        lock (_hashes)
        {
            foreach (var entry in entries) _tree.Append(entry.Span);
        }
    }

    private void Truncate(long size)
    {
        lock (_hashes) _tree.Truncate(size);
    }

    private void Commit(CheckpointAnnouncement announcement, Checkpoint checkpoint, IReadOnlyList<ReadOnlyMemory<byte>> entries)
    {
        Keep(announcement, checkpoint);
        for (var i = 0; i < entries.Count; i++)
        {
            _journal.Append(entries[i].Span, durable: i == entries.Count - 1);
            State.Add(entries[i].Span);
        }
        PinCatalogue();
    }

    /// <summary>The entries do not continue ours to the signed root. When the log's files from their beginning do lead there, the log signed two histories; otherwise they are garbage.</summary>
    private async Task<FollowResult> ExplainAsync(CheckpointAnnouncement announcement, Checkpoint checkpoint, CancellationToken cancellationToken)
    {
        var other = new MerkleTree();
        try
        {
            foreach (var entry in await _download.EntriesAsync(announcement.Files, 0, checkpoint.Size, cancellationToken)) other.Append(entry.Span);
        }
        catch (InvalidTreeException fault)
        {
            return new FollowResult(FollowOutcome.Garbage, fault.Message);
        }
        return other.RootAt(checkpoint.Size) == checkpoint.Root ? Contradicts(announcement, other) : new FollowResult(FollowOutcome.Garbage, "its entries do not lead to its root");
    }

    /// <param name="treeOfLarger">The hashes under the larger of the two checkpoints.</param>
    private FollowResult Contradicts(CheckpointAnnouncement announcement, MerkleTree treeOfLarger)
    {
        if (_announcement is null || ForkEvidence.Find(Log, _announcement.Note, announcement.Note, treeOfLarger) is not { } evidence)
            return new FollowResult(FollowOutcome.Garbage, "it contradicts what is held, which cannot be shown to others yet");
        _files.Replace(EvidenceFile, evidence.ToBytes());
        Volatile.Write(ref _fork, evidence);
        CatalogLog.Forked(_log, Log.Name, EvidenceFile);
        return new FollowResult(FollowOutcome.Forked, $"the log {Log.Name} signed two histories");
    }

    private void Keep(CheckpointAnnouncement announcement, Checkpoint checkpoint)
    {
        var before = Files;
        _files.Replace(CheckpointFile, announcement.Record.Span);
        Volatile.Write(ref _checkpoint, checkpoint);
        Volatile.Write(ref _announcement, announcement);
        _store.Pin(announcement.Files, ImporterLog.PinReason);
        if (!before.IsNone && before != announcement.Files) _store.Unpin(before);
    }

    /// <summary>So that light nodes find the catalogue here too, and its past stays readable.</summary>
    private void PinCatalogue()
    {
        var heads = State.Heads;
        if (heads.Count == 0) return;
        _store.Pin(heads[^1].Record.Catalogue, ImporterLog.PinReason);
        var first = heads.Count - ImporterLog.CataloguesKept;
        for (var i = Math.Max(0, first - ImporterLog.CataloguesKept); i < first; i++)
            if (heads[i].Record.Catalogue != heads[^1].Record.Catalogue) _store.Unpin(heads[i].Record.Catalogue);
    }

    private void Load()
    {
        foreach (var entry in _journal.ReadAll())
        {
            if (_tree.Size == _end?.Size) break;
            _tree.Append(entry.Span);
            State.Add(entry.Span);
        }
        if (_files.Read(EvidenceFile) is { } evidence)
            _fork = ForkEvidence.TryRead(evidence, out var fork, out var error) ? fork : throw Damaged($"its evidence of a fork cannot be read: {error}");
        if (_files.Read(CheckpointFile) is not { } record)
        {
            if (_tree.Size > 0) throw Damaged("the journal has entries, but there is no checkpoint of them");
            return;
        }
        if (!CheckpointAnnouncement.TryRead(record, out var announcement, out var reason)) throw Damaged($"its checkpoint cannot be read: {reason}");
        if (!announcement.Log.Equals(Log.Key) || !Checkpoint.TryRead(announcement.Note.Text, out var checkpoint, out _) || announcement.Note.Verify(Log) != NoteVerdict.Valid)
            throw Damaged("its checkpoint is not signed by it");
        if (_end?.Covers(checkpoint) == false)
        {
            EndAt(_end, announcement);
            return;
        }
        if (_tree.Size > checkpoint.Size || (_tree.Size == checkpoint.Size && _tree.RootAt(_tree.Size) != checkpoint.Root))
            throw Damaged("the entries in the journal are not those of the checkpoint");
        (_announcement, _checkpoint) = (announcement, checkpoint);
    }

    /// <summary>The policy ends the log before the checkpoint that was followed last: from now on it is the policy that says what its entries are.</summary>
    private void EndAt(RetiredLog end, CheckpointAnnouncement beyond)
    {
        if (_tree.Size == end.Size && _tree.RootAt(end.Size) == end.Root)
        {
            _checkpoint = new Checkpoint(Log.Name, end.Size, end.Root);
            _store.Unpin(beyond.Files);
            PinCatalogue();
            return;
        }
        _tree.Truncate(0);
        State = new LogState();
        Refusal = $"its first {end.Size} entries as they are held are not those that the policy retired it with, so nothing of it is believed. Move its files ({CheckpointFile} and its journal) away to fetch it again";
        CatalogLog.LogRefused(_log, Log.Name, Refusal);
    }

    private LogDamagedException Damaged(string reason) =>
        new($"What is kept of the log {Log.Name} is damaged: {reason}. Move its files ({CheckpointFile} and its journal) away to fetch it again.");
}
