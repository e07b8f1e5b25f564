using Microsoft.Extensions.Logging;
using SwarmFS.Core;
using SwarmFS.Transparency;

namespace SwarmFS.Catalog;

/// <summary>
/// A log as a light node knows it: its last checkpoint, kept on disk, and the head that the log proves under it. A newer checkpoint is believed when the tiles show that it extends the one
/// kept; it is on disk before anything under it is answered. Safe from any thread; one verification at a time.
/// </summary>
internal sealed class LightLog : IDisposable
{
    private readonly TlogPolicy _witnesses;
    private readonly RetiredLog? _end;
    private readonly AnnouncementBoard _board;
    private readonly IStateFiles _files;
    private readonly LogDownload _download;
    private readonly ILogger _log;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private CheckpointAnnouncement? _announcement;
    private HeadRecord? _head;
    private ForkEvidence? _fork;
    private long _proofs;

    /// <exception cref="LogDamagedException">What is kept of the log is damaged.</exception>
    public LightLog(VerifierKey log, CatalogPolicy policy, AnnouncementBoard board, IStateFiles files, ICatalogBlocks blocks, ILogger logger)
    {
        Log = log;
        _witnesses = policy.Witnesses;
        _end = policy.EndOf(log);
        _board = board;
        _files = files;
        _download = new LogDownload(blocks);
        _log = logger;
        if (_files.Read(EvidenceFile) is { } evidence) _fork = ForkEvidence.TryRead(evidence, out var fork, out var error) ? fork : throw Damaged(error);
        if (_files.Read(CheckpointFile) is not { } record) return;
        if (!CheckpointAnnouncement.TryRead(record, out var announcement, out var reason)) throw Damaged(reason);
        if (!announcement.Log.Equals(log.Key) || !Checkpoint.TryRead(announcement.Note.Text, out var checkpoint, out _) || announcement.Note.Verify(log) != NoteVerdict.Valid)
            throw Damaged("it is not signed by the log");
        // One beyond the end that the policy has set since is not believed any more: the log begins anew with what is heard up to there.
        if (_end?.Covers(checkpoint) != false) _announcement = announcement;
    }

    public VerifierKey Log { get; }

    public ForkEvidence? Fork => Volatile.Read(ref _fork);

    public SignedNote? Note => Volatile.Read(ref _announcement)?.Note;

    public HeadRecord? Head => Volatile.Read(ref _head);

    /// <summary>Proofs of inclusion and consistency that held.</summary>
    public long ProofsChecked => Interlocked.Read(ref _proofs);

    private string CheckpointFile => $"light-{FollowedLog.IdOf(Log)}";

    private string EvidenceFile => $"evidence/{FollowedLog.IdOf(Log)}.txt";

    /// <summary>The newest head that holds; null when the log has none that may be believed, with the reason.</summary>
    /// <exception cref="ContentUnavailableException">A proof could not be had in time.</exception>
    public async Task<(HeadRecord? Head, string? Reason)> HeadAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (_fork is not null) return (null, "it signed two histories");
            var newest = _board.Newest(Log);
            if (newest is not null && !IsNewer(newest)) newest = null;
            if (newest is null && _announcement is null) return (null, _end is null ? "nothing was heard of it yet" : $"it is retired at {_end.Size} entries, and nothing was heard of it up to there");
            if (newest is null) return (_head ??= await ProveHeadAsync(_announcement!, cancellationToken), _head is null ? "its head is not proven" : null);
            return await AdvanceAsync(newest, cancellationToken);
        }
        catch (ContentUnavailableException e) when (_head is not null)
        {
            return (_head, e.Message);
        }
        catch (InvalidTreeException fault)
        {
            return (_head, fault.Message);
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task<(HeadRecord? Head, string? Reason)> AdvanceAsync(CheckpointAnnouncement newest, CancellationToken cancellationToken)
    {
        var verdict = _witnesses.Evaluate(newest.Note, Log);
        if (!verdict.IsMet) return (_head, verdict.Reason);
        if (_end?.Covers(verdict.Checkpoint) == false) return (_head, "it is retired");
        if (!await ExtendsAsync(newest, verdict.Checkpoint, cancellationToken))
            return _fork is null ? (_head, "its tiles do not show that it extends what was believed") : (null, "it signed two histories");
        if (await ProveHeadAsync(newest, cancellationToken) is not { } head) return (_head, "its head is not proven");
        _files.Replace(CheckpointFile, newest.Record.Span);
        Volatile.Write(ref _announcement, newest);
        Volatile.Write(ref _head, head);
        return (head, null);
    }

    /// <summary>One of fewer entries takes nothing back: the board's state may be older than this one's.</summary>
    private bool IsNewer(CheckpointAnnouncement other)
    {
        if (_announcement is null) return true;
        if (!Checkpoint.TryRead(_announcement.Note.Text, out var held, out _) || !Checkpoint.TryRead(other.Note.Text, out var heard, out _)) return false;
        return heard.Size > held.Size || (heard.Size == held.Size && !other.Record.Span.SequenceEqual(_announcement.Record.Span));
    }

    private async Task<bool> ExtendsAsync(CheckpointAnnouncement newest, Checkpoint checkpoint, CancellationToken cancellationToken)
    {
        if (_announcement is null || !Checkpoint.TryRead(_announcement.Note.Text, out var held, out _)) return true;
        if (checkpoint.Size == held.Size) return checkpoint.Root == held.Root || Contradicts(newest, null);
        var tiles = new TileHashes(_download, newest.Files, checkpoint.Size);
        var proof = await tiles.ProveConsistencyAsync(held.Size, cancellationToken);
        if (MerkleProof.VerifyConsistency(held.Size, checkpoint.Size, proof, held.Root, checkpoint.Root))
        {
            Interlocked.Increment(ref _proofs);
            return true;
        }
        return Contradicts(newest, new ForkProof(await tiles.RootAsync(held.Size, cancellationToken), proof));
    }

    /// <returns>False: it is not to be believed, fork or garbage.</returns>
    private bool Contradicts(CheckpointAnnouncement newest, ForkProof? proof)
    {
        var evidence = new ForkEvidence(Log, _announcement!.Note, newest.Note, proof);
        if (!evidence.Verify(out _)) return false;
        _files.Replace(EvidenceFile, evidence.ToBytes());
        Volatile.Write(ref _fork, evidence);
        CatalogLog.Forked(_log, Log.Name, EvidenceFile);
        return false;
    }

    /// <summary>The last entry of the log must be a head, and the proof of it must be under this very checkpoint.</summary>
    private async Task<HeadRecord?> ProveHeadAsync(CheckpointAnnouncement announcement, CancellationToken cancellationToken)
    {
        var bytes = await _download.ReadAsync(announcement.Files, LogFiles.HeadProof, TlogProof.MaxLength, cancellationToken);
        if (!TlogProof.TryRead(bytes, out var proof, out _) || proof.Extra is not { } entry || proof.Note.Text != announcement.Note.Text) return null;
        if (!Checkpoint.TryRead(proof.Note.Text, out var checkpoint, out _) || proof.Index != checkpoint.Size - 1) return null;
        if (!proof.Verify(Log, MerkleHash.OfLeaf(entry.Span), out _)) return null;
        Interlocked.Increment(ref _proofs);
        return CatalogRecord.TryRead(entry.Span, out _) as HeadRecord;
    }

    private LogDamagedException Damaged(string? reason) => new($"What is kept of the log {Log.Name} is damaged: {reason}. Move the file {CheckpointFile} away to begin with its newest checkpoint.");

    public void Dispose() => _gate.Dispose();
}
