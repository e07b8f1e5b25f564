using SwarmFS.Catalog;
using SwarmFS.Control;
using SwarmFS.Transparency;

namespace SwarmFS.Cli.Trust;

/// <summary>Verifies proofs without a node and without the net: by the logs of a policy, or by one log's key alone.</summary>
internal sealed class ProofVerifier
{
    /// <summary>How far the clocks of witnesses may be ahead of this one.</summary>
    private static readonly TimeSpan SkewMax = TimeSpan.FromMinutes(5);

    private readonly TlogPolicy _policy;
    private readonly IReadOnlyList<VerifierKey> _logs;
    private readonly PolicyFile? _file;

    private ProofVerifier(TlogPolicy policy, IReadOnlyList<VerifierKey> logs, PolicyFile? file) => (_policy, _logs, _file) = (policy, logs, file);

    /// <summary>Believes a log's signature, whoever else has seen the checkpoint.</summary>
    public static ProofVerifier ByLog(VerifierKey log) => new(CatalogPolicy.NoWitnesses, [log], file: null);

    /// <param name="path">Of a signed policy, or of a plain C2SP tlog-policy; that it is the right one is the word of who named it.</param>
    /// <exception cref="IOException">It is neither, it is not signed by its own root keys, or it has expired.</exception>
    public static ProofVerifier ByPolicy(string path, DateTimeOffset now)
    {
        var bytes = InputFile.Read(path, SignedPolicy.MaxLength);
        if (!SignedPolicy.TryRead(bytes, out var signed, out var asSigned))
            return TlogPolicy.TryRead(bytes, out var plain, out var asPlain) ? new ProofVerifier(plain, [.. plain.Logs.Select(log => log.Key)], file: null)
                : throw new IOException($"{path} is no policy: as a signed one: {asSigned}; as a tlog-policy: {asPlain}.");
        if (!signed.IsSignedFor(signed.Policy, out var error)) throw new IOException($"{path} does not hold: {error}.");
        if (signed.Policy.IsExpired(now)) throw new IOException($"{path} has expired; get the version that follows it.");
        return new ProofVerifier(signed.Policy.Witnesses, [.. signed.Policy.Logs], signed.Policy);
    }

    /// <exception cref="IOException">A file cannot be read, or is too long.</exception>
    public ProofCheckReport Verify(string proofFile, string entryFile, DateTimeOffset now)
    {
        if (!TlogProof.TryRead(InputFile.Read(proofFile, TlogProof.MaxLength), out var proof, out var error)) return new ProofCheckReport(Valid: false, $"it is no proof: {error}");
        if (!Checkpoint.TryRead(proof.Note.Text, out var checkpoint, out error)) return new ProofCheckReport(Valid: false, error);
        var leaf = MerkleHash.OfLeaf(InputFile.Read(entryFile, LogTiles.MaxEntryLength));
        var report = new ProofCheckReport(Valid: false, $"nothing says that the log {checkpoint.Origin} is to be believed");
        foreach (var log in _logs.Where(log => log.Name == checkpoint.Origin))
        {
            report = !proof.Verify(log, leaf, out error) ? new ProofCheckReport(Valid: false, error) : Judge(proof, log, checkpoint, now);
            if (report.Valid) return report;
        }
        return report;
    }

    private ProofCheckReport Judge(TlogProof proof, VerifierKey log, Checkpoint checkpoint, DateTimeOffset now)
    {
        var verdict = _policy.Evaluate(proof.Note, log);
        var retired = _file?.Retired.FirstOrDefault(retired => retired.Log == log);
        var reason = verdict.Reason
            ?? (verdict.Time > now + SkewMax ? "its cosignatures are of a time to come" : null)
            ?? (retired?.Covers(checkpoint) == false ? $"the log is retired at {retired.Size} entries" : null);
        bool? stale = _file is not null && verdict.Time is { } seen ? now - seen > _file.MaxAge : null;
        return new ProofCheckReport(reason is null, reason, log.ToString(), proof.Index, checkpoint.Size, verdict.Time?.ToUnixTimeSeconds(), stale);
    }

    /// <exception cref="IOException">The file cannot be read, or is too long.</exception>
    public static EvidenceReport VerifyEvidence(string path)
    {
        if (!ForkEvidence.TryRead(InputFile.Read(path, ForkEvidence.MaxLength), out var evidence, out var error)) return new EvidenceReport(Valid: false, $"it is no evidence: {error}");
        if (!evidence.Verify(out error)) return new EvidenceReport(Valid: false, error, evidence.Log.ToString());
        _ = Checkpoint.TryRead(evidence.First.Text, out var first, out _) & Checkpoint.TryRead(evidence.Second.Text, out var second, out _);
        return new EvidenceReport(Valid: true, Reason: null, evidence.Log.ToString(), first!.Size, second!.Size);
    }
}
