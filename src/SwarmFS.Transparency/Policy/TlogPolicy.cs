using System.Diagnostics.CodeAnalysis;

namespace SwarmFS.Transparency;

/// <summary>A log or witness that a policy names.</summary>
/// <param name="Url">Where it can be asked, if the policy says so; what it means is the reader's matter.</param>
public sealed record PolicyMember(VerifierKey Key, string? Url);

/// <summary>What a policy says of a checkpoint.</summary>
/// <param name="Checkpoint">Null when the note is not a checkpoint.</param>
/// <param name="Time">
/// The newest instant t at which the quorum holds by cosignatures of t and later alone: how fresh the checkpoint is known to be. Null when not met, and when the policy asks for no witness.
/// The witnesses' clocks made it: it may lie in the future.
/// </param>
/// <param name="Reason">Why it is not met; null when it is.</param>
public sealed record PolicyVerdict(Checkpoint? Checkpoint, DateTimeOffset? Time, string? Reason)
{
    /// <summary>True when the log signed the checkpoint and the quorum cosigned it.</summary>
    [MemberNotNullWhen(true, nameof(Checkpoint))]
    [MemberNotNullWhen(false, nameof(Reason))]
    public bool IsMet => Reason is null && Checkpoint is not null;
}

/// <summary>Which logs are believed, and which of which witnesses must have cosigned their checkpoints (C2SP tlog-policy). Immutable.</summary>
public sealed class TlogPolicy
{
    /// <summary>The longest policy file in bytes.</summary>
    public const int MaxLength = 64 << 10;

    /// <summary>Logs, witnesses and groups of each kind; C2SP asks for 32 or more.</summary>
    public const int MaxMembers = 64;

    private readonly QuorumRule? _quorum;

    internal TlogPolicy(IReadOnlyList<PolicyMember> logs, IReadOnlyList<PolicyMember> witnesses, QuorumRule? quorum)
    {
        Logs = logs;
        Witnesses = witnesses;
        _quorum = quorum;
    }

    /// <summary>Each public key once. Empty when the log is known from elsewhere.</summary>
    public IReadOnlyList<PolicyMember> Logs { get; }

    /// <summary>Each public key once.</summary>
    public IReadOnlyList<PolicyMember> Witnesses { get; }

    /// <summary>False for "quorum none": the log's signature is enough, and nothing tells how fresh a checkpoint is.</summary>
    public bool AsksForWitnesses => _quorum is not null;

    /// <summary>Reads a policy file.</summary>
    /// <param name="error">Says in which line what is wrong.</param>
    public static bool TryRead(ReadOnlySpan<byte> file, [NotNullWhen(true)] out TlogPolicy? policy, [NotNullWhen(false)] out string? error)
    {
        policy = new PolicyReader().Read(file, out error);
        return policy is not null;
    }

    /// <summary>Is this a checkpoint of the log, with the log's signature and a quorum of cosignatures? One bad signature of the log or of a witness of this policy spoils it.</summary>
    public PolicyVerdict Evaluate(SignedNote note, VerifierKey log)
    {
        if (!Checkpoint.TryRead(note.Text, out var checkpoint, out var reason)) return new PolicyVerdict(null, null, $"it is no checkpoint: {reason}");
        if (Logs.Count > 0 && Logs.All(member => member.Key != log)) return Refuse(checkpoint, "the policy does not name its log");
        if (log.Type != SignatureType.Log || checkpoint.Origin != log.Name) return Refuse(checkpoint, "it is of another log");
        if (note.Verify(log) != NoteVerdict.Valid) return Refuse(checkpoint, "its log did not sign it");
        var cosignatures = new Dictionary<VerifierKey, DateTimeOffset>();
        foreach (var witness in Witnesses)
        {
            var verdict = note.Verify(witness.Key, out var time);
            if (verdict == NoteVerdict.Invalid) return Refuse(checkpoint, $"a cosignature under the name of {witness.Key.Name} is not its");
            if (verdict == NoteVerdict.Valid) cosignatures[witness.Key] = time!.Value;
        }
        if (_quorum is null) return new PolicyVerdict(checkpoint, null, null);
        return _quorum.MetSince(cosignatures) is { } since
            ? new PolicyVerdict(checkpoint, since, null)
            : Refuse(checkpoint, $"{cosignatures.Count} of {Witnesses.Count} witnesses cosigned it, which is no quorum");
    }

    private static PolicyVerdict Refuse(Checkpoint checkpoint, string reason) => new(checkpoint, null, reason);
}
