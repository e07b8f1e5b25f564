namespace SwarmFS.Control;

/// <param name="PublicKey">Base64.</param>
/// <param name="Vkey">The public key under a name, as policies and other tools take it.</param>
public sealed record KeyReport(string File, string PublicKey, string Vkey);

/// <param name="Signer">The vkey that signed.</param>
/// <param name="IsRootKey">Whether this version counts the signature; otherwise only the version before it may.</param>
/// <param name="Signatures">Root keys of this version that have signed it by now.</param>
public sealed record PolicySignReport(string File, long Version, string Signer, bool IsRootKey, int Signatures, int Threshold);

/// <param name="Reason">Why it is not valid.</param>
/// <param name="Expires">A date, or "never".</param>
/// <param name="Signers">Root keys of this version that signed it.</param>
/// <param name="RemovedLogs">Logs that the version before it named and this one does not.</param>
public sealed record PolicyCheckReport(
    bool Valid, string? Reason, long Version, string Expires, IReadOnlyList<string> RootKeys, int Threshold, IReadOnlyList<string> Signers, int Importers, long MaxAgeSeconds,
    IReadOnlyList<string> Logs, IReadOnlyList<string> Witnesses, IReadOnlyList<string>? RemovedLogs = null);

/// <param name="Log">The vkey under which it holds.</param>
/// <param name="CosignedAt">Seconds since 1970: since then the quorum has seen the checkpoint, at the least. Null when no quorum is asked for.</param>
/// <param name="Stale">Whether that is longer ago than the policy's max-age; null when it has none.</param>
public sealed record ProofCheckReport(bool Valid, string? Reason = null, string? Log = null, long? Index = null, long? Size = null, long? CosignedAt = null, bool? Stale = null);

/// <param name="Valid">The log signed two checkpoints that contradict each other.</param>
public sealed record EvidenceReport(bool Valid, string? Reason = null, string? Log = null, long? FirstSize = null, long? SecondSize = null);

/// <summary>A witness that answers.</summary>
public sealed record WitnessReport(string Listen, string Vkey, string State, int Pid);
