namespace SwarmFS.Transparency;

/// <summary>
/// One log as its witness sees it. Checking against the last checkpoint and writing the new one is one step under one lock: otherwise of two requests that are checked at the same time the smaller
/// could be written last, and the tree would shrink.
/// </summary>
internal sealed class WitnessedLog(VerifierKey[] keys, Cosigner cosigner, IWitnessStore store, TimeProvider time)
{
    private readonly Lock _gate = new();

    /// <summary>What the store holds; null before it was asked, and after it failed.</summary>
    private State? _known;

    private sealed record State(SignedNote? Note, Checkpoint Checkpoint);

    internal SignedNote? Latest()
    {
        lock (_gate) return Known().Note;
    }

    internal WitnessAnswer Add(AddCheckpointRequest request, Checkpoint checkpoint)
    {
        var verdicts = keys.Select(key => request.Note.Verify(key)).ToList();
        if (verdicts.Contains(NoteVerdict.Invalid) || !verdicts.Contains(NoteVerdict.Valid)) return new WitnessAnswer(WitnessOutcome.NotSigned, "the log did not sign this\n");
        if (request.OldSize > checkpoint.Size) return new WitnessAnswer(WitnessOutcome.Malformed, "the old size is above the checkpoint's\n");
        lock (_gate)
        {
            var last = Known();
            if (request.OldSize != last.Checkpoint.Size) return new WitnessAnswer(WitnessOutcome.OldSizeDiffers, StrictText.Decimal(last.Checkpoint.Size) + "\n");
            if (!MerkleProof.VerifyConsistency(request.OldSize, checkpoint.Size, request.Proof, last.Checkpoint.Root, checkpoint.Root))
                return new WitnessAnswer(WitnessOutcome.Inconsistent, "the checkpoint is not shown to extend the last one\n", EvidenceAgainst(last.Note, request.Note));
            return Cosign(request.Note, checkpoint);
        }
    }

    private WitnessAnswer Cosign(SignedNote submitted, Checkpoint checkpoint)
    {
        var cosignature = cosigner.Cosign(submitted.Text, time.GetUtcNow());
        var signatures = submitted.Signatures.Where(signature => keys.Any(signature.IsOf)).ToList();
        var note = signatures.Skip(1).Aggregate(SignedNote.Of(submitted.Text, signatures[0]), (note, signature) => note.With(signature)).With(cosignature);
        // Should the store fail it is asked again, since it may have the new note or the old one; either is consistent with all that was cosigned.
        _known = null;
        store.Write(checkpoint.Origin, note.ToBytes());
        _known = new State(note, checkpoint);
        return new WitnessAnswer(WitnessOutcome.Cosigned, cosignature + "\n");
    }

    private ForkEvidence? EvidenceAgainst(SignedNote? last, SignedNote submitted) =>
        last is null ? null : keys.Select(key => ForkEvidence.Find(key, last, submitted, treeOfLarger: null)).FirstOrDefault(evidence => evidence is not null);

    private State Known() => _known ??= Load();

    /// <exception cref="IOException">The store holds something else than what was written: nothing is cosigned until someone has looked, for the true size cannot be told.</exception>
    private State Load()
    {
        var origin = keys[0].Name;
        if (store.Read(origin) is not { } bytes) return new State(null, new Checkpoint(origin, 0, MerkleHash.EmptyRoot));
        if (SignedNote.TryRead(bytes, out var note, out _) && Checkpoint.TryRead(note.Text, out var checkpoint, out _) && checkpoint.Origin == origin
            && keys.Append(cosigner.VerifierKey).Any(key => note.Verify(key) == NoteVerdict.Valid))
            return new State(note, checkpoint);
        throw new IOException($"The witness's record of '{origin}' is damaged: restore it from a backup. Without it the log could be rewritten unseen.");
    }
}
