using System.Diagnostics.CodeAnalysis;
using SwarmFS.Transparency;

namespace SwarmFS.Gateway;

/// <summary>What came of asking a witness.</summary>
/// <param name="Cosignature">Verified; null when there is none.</param>
/// <param name="Reason">Why there is none, for people; nothing in it is longer than a line.</param>
public sealed record WitnessReply(NoteSignature? Cosignature, string? Reason)
{
    [MemberNotNullWhen(true, nameof(Cosignature))]
    [MemberNotNullWhen(false, nameof(Reason))]
    public bool IsCosigned => Cosignature is not null && Reason is null;
}
