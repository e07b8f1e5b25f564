using System.Diagnostics.CodeAnalysis;
using SwarmFS.Transparency;

namespace SwarmFS.Catalog;

/// <summary>A policy with the signatures under it, not verified until <see cref="IsSignedFor"/> says so.</summary>
public sealed record SignedPolicy(PolicyFile Policy, SignedNote Note)
{
    /// <summary>The longest file in bytes.</summary>
    public const int MaxLength = SignedNote.MaxLength;

    /// <param name="error">Says what is wrong with it.</param>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out SignedPolicy? policy, [NotNullWhen(false)] out string? error)
    {
        policy = null;
        if (!SignedNote.TryRead(bytes, out var note, out error) || !PolicyFile.TryRead(note.Text, out var file, out error)) return false;
        policy = new SignedPolicy(file, note);
        return true;
    }

    /// <summary>The root keys of <paramref name="policy"/> that signed this one: each public key once, however many names and signatures it has.</summary>
    public IReadOnlyList<VerifierKey> SignersOf(PolicyFile policy) =>
        [.. policy.RootKeys.Where(key => Note.Verify(key) == NoteVerdict.Valid).DistinctBy(key => key.Key)];

    /// <summary>Is the threshold of a policy reached under this one? A false signature in the name of one of its keys spoils it.</summary>
    /// <param name="policy">This one itself, or the one before it.</param>
    public bool IsSignedFor(PolicyFile policy, [NotNullWhen(false)] out string? error)
    {
        error = null;
        var signers = SignersOf(policy).Count;
        if (policy.RootKeys.FirstOrDefault(key => Note.Verify(key) == NoteVerdict.Invalid) is { } forged) error = $"version {Policy.Version} bears a signature in the name of {forged.Name} that is not its";
        else if (signers < policy.RootThreshold) error = $"version {Policy.Version} is signed by {signers} root keys of version {policy.Version}, which asks for {policy.RootThreshold}";
        return error is null;
    }

    /// <summary>May it take the place of <paramref name="before"/>: the next version, signed by the thresholds of both? Expiry is another question.</summary>
    public bool Follows(PolicyFile before, [NotNullWhen(false)] out string? error)
    {
        error = $"version {Policy.Version} does not follow version {before.Version}";
        return Policy.Version - 1 == before.Version && IsSignedFor(before, out error) && IsSignedFor(Policy, out error);
    }
}
