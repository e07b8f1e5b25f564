using SwarmFS.Core;
using SwarmFS.Transparency;

namespace SwarmFS.Catalog;

/// <summary>A log as its files have it, read whole and checked against its newest checkpoint: for proofs of single entries, and for audits.</summary>
public sealed class LogCopy
{
    private readonly MerkleTree _tree = new();
    private readonly IReadOnlyList<ReadOnlyMemory<byte>> _entries;

    private LogCopy(VerifierKey log, SignedNote note, Checkpoint checkpoint, IReadOnlyList<ReadOnlyMemory<byte>> entries)
    {
        (Log, Note, Checkpoint, _entries) = (log, note, checkpoint, entries);
        foreach (var entry in entries) _tree.Append(entry.Span);
    }

    public VerifierKey Log { get; }

    public SignedNote Note { get; }

    public Checkpoint Checkpoint { get; }

    public IReadOnlyList<ReadOnlyMemory<byte>> Entries => _entries;

    /// <summary>True when the log's signature is good and the entries are the ones that it signed.</summary>
    public bool Holds => Note.Verify(Log) == NoteVerdict.Valid && _tree.Size == Checkpoint.Size && _tree.RootAt(_tree.Size) == Checkpoint.Root;

    /// <summary>The proof that an entry stands here; null when it does not.</summary>
    public TlogProof? Prove(ReadOnlySpan<byte> entry)
    {
        for (var index = 0; index < _entries.Count; index++)
            if (entry.SequenceEqual(_entries[index].Span)) return new TlogProof(index, _tree.ProveInclusion(index, _tree.Size), Note);
        return null;
    }

    /// <exception cref="ContentUnavailableException">A file could not be had in time.</exception>
    /// <exception cref="InvalidTreeException">A file is missing or malformed.</exception>
    internal static async Task<LogCopy> ReadAsync(VerifierKey log, CheckpointAnnouncement announcement, ICatalogBlocks blocks, CancellationToken cancellationToken)
    {
        if (!Checkpoint.TryRead(announcement.Note.Text, out var checkpoint, out var error)) throw new InvalidTreeException($"The checkpoint of {log.Name} is malformed: {error}.");
        var entries = await new LogDownload(blocks).EntriesAsync(announcement.Files, 0, checkpoint.Size, cancellationToken);
        return new LogCopy(log, announcement.Note, checkpoint, entries);
    }
}
