using SwarmFS.Signing;

namespace SwarmFS.Transparency;

/// <summary>Signs notes as a log does. The key stays the caller's, who disposes it after the signer's last use.</summary>
public sealed class NoteSigner(string name, Ed25519PrivateKey key)
{
    /// <summary>What others verify the signatures with.</summary>
    public VerifierKey VerifierKey { get; } = VerifierKey.OfLog(name, key.PublicKey);

    /// <summary>The text under this key's signature.</summary>
    /// <param name="text">Ends with a line feed.</param>
    /// <exception cref="ArgumentException">It cannot be the text of a note, or begins as what a cosignature signs: with one key for both uses it would be one.</exception>
    public SignedNote Sign(string text)
    {
        if (text.StartsWith(Cosignature.Header, StringComparison.Ordinal)) throw new ArgumentException("The text begins as what a cosignature signs.", nameof(text));
        return SignedNote.Of(text, new NoteSignature(VerifierKey.Name, VerifierKey.Id, key.Sign(StrictText.ToBytes(text))));
    }
}
