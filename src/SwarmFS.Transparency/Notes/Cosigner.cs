using SwarmFS.Signing;

namespace SwarmFS.Transparency;

/// <summary>
/// Makes a witness's signatures and checks nothing: whoever calls has seen that the checkpoint extends every other that this key cosigned (<see cref="Witness"/> does).
/// The key stays the caller's, who disposes it after the cosigner's last use. One key serves one witness only: the signature does not tell the name.
/// </summary>
public sealed class Cosigner(string name, Ed25519PrivateKey key)
{
    /// <summary>What others verify the cosignatures with.</summary>
    public VerifierKey VerifierKey { get; } = VerifierKey.OfWitness(name, key.PublicKey);

    /// <param name="text">Of a checkpoint.</param>
    /// <param name="time">When it was seen, to the second; after 1970, for 0 means that no time is stated.</param>
    /// <exception cref="ArgumentException">The text is no checkpoint, or the time too early.</exception>
    public NoteSignature Cosign(string text, DateTimeOffset time)
    {
        if (!Checkpoint.TryRead(text, out _, out var error)) throw new ArgumentException($"Only a checkpoint is cosigned: {error}.", nameof(text));
        if (time.ToUnixTimeSeconds() <= 0) throw new ArgumentException("A cosignature states a time after 1970.", nameof(time));
        return new NoteSignature(VerifierKey.Name, VerifierKey.Id, Cosignature.Make(key, text, time));
    }
}
