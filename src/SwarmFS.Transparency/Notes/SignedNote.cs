using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace SwarmFS.Transparency;

/// <summary>What a note says about one key.</summary>
public enum NoteVerdict
{
    /// <summary>The key signed nothing here.</summary>
    Absent,

    /// <summary>The key signed the text.</summary>
    Valid,

    /// <summary>A signature bears the key's name and id and is not the key's: the whole note is to be refused.</summary>
    Invalid,
}

/// <summary>
/// A text and signatures under it, none of them verified yet (C2SP signed-note): <c>NOTE := text LF, LF, 1 to 64 × (LINE LF)</c> in UTF-8, with no control character but the line feed.
/// What is read is written back with the same bytes. Immutable.
/// </summary>
public sealed class SignedNote
{
    /// <summary>The longest note in bytes: room for a checkpoint and <see cref="MaxSignatures"/> signatures of Ed25519, or 16 of ML-DSA-44.</summary>
    public const int MaxLength = 64 << 10;

    /// <summary>Signatures under a note; C2SP asks for 16 or more.</summary>
    public const int MaxSignatures = 64;

    private readonly NoteSignature[] _signatures;

    private SignedNote(string text, NoteSignature[] signatures)
    {
        Text = text;
        _signatures = signatures;
    }

    /// <summary>Ends with a line feed. To be ignored until a key that one trusts has signed it.</summary>
    public string Text { get; }

    public IReadOnlyList<NoteSignature> Signatures => _signatures;

    /// <summary>A note with its first signature.</summary>
    /// <exception cref="ArgumentException">The text does not end with a line feed, has control characters, or is too long.</exception>
    public static SignedNote Of(string text, NoteSignature signature)
    {
        if (!IsText(text)) throw new ArgumentException("The text of a note ends with a line feed, and has no other control characters.", nameof(text));
        return new SignedNote(text, []).With(signature);
    }

    /// <summary>This note with the signature of one key alone, without what witnesses said of it; null when that key did not sign.</summary>
    public SignedNote? BareOf(VerifierKey key) => _signatures.FirstOrDefault(signature => signature.IsOf(key)) is { } own ? Of(Text, own) : null;

    private static bool IsText(ReadOnlySpan<char> text) => text.EndsWith('\n') && StrictText.IsWellFormed(text, hasLines: true);

    /// <summary>This note with one signature more; it takes the place of one with the same name and key id.</summary>
    /// <exception cref="ArgumentException">The note would be too long, or have too many signatures.</exception>
    public SignedNote With(NoteSignature signature)
    {
        if (!NoteSignature.TryParse(signature.ToString(), out _)) throw new ArgumentException("The signature's name is not one, or the signature is empty.", nameof(signature));
        NoteSignature[] signatures = [.. _signatures.Where(other => other.KeyId != signature.KeyId || other.Name != signature.Name), signature];
        var note = new SignedNote(Text, signatures);
        if (signatures.Length > MaxSignatures || note.ToBytes().Length > MaxLength)
            throw new ArgumentException($"A note has at most {MaxLength} bytes and {MaxSignatures} signatures.", nameof(signature));
        return note;
    }

    /// <summary>Reads a note. What is not byte for byte what <see cref="ToBytes"/> writes is refused; signatures of kinds that are not known here are kept as they are.</summary>
    /// <param name="error">Says what is wrong with it.</param>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out SignedNote? note, [NotNullWhen(false)] out string? error)
    {
        (note, error) = (null, null);
        if (bytes.Length > MaxLength) error = $"longer than {MaxLength} bytes";
        else if (!StrictText.TryDecode(bytes, out var whole)) error = "not UTF-8";
        else if (!IsText(whole)) error = "it does not end with a line feed, or has control characters";
        else if (whole.LastIndexOf("\n\n", StringComparison.Ordinal) is var end && end < 0) error = "no empty line parts the text from the signatures";
        else if (TryReadSignatures(whole.AsSpan(end + 2), out error) is { } signatures) note = new SignedNote(whole[..(end + 1)], signatures);
        return note is not null;
    }

    private static NoteSignature[]? TryReadSignatures(ReadOnlySpan<char> lines, out string? error)
    {
        var signatures = new List<NoteSignature>();
        while (StrictText.TryTakeLine(ref lines, out var line))
        {
            error = "a signature is malformed";
            if (!NoteSignature.TryParse(line, out var signature)) return null;
            error = $"more than {MaxSignatures} signatures";
            if (signatures.Count == MaxSignatures) return null;
            signatures.Add(signature);
        }
        error = signatures.Count == 0 ? "it is not signed" : null;
        return signatures.Count == 0 ? null : [.. signatures];
    }

    public byte[] ToBytes()
    {
        var whole = new StringBuilder(Text).Append('\n');
        foreach (var signature in _signatures) whole.Append(signature).Append('\n');
        return StrictText.ToBytes(whole.ToString());
    }

    /// <summary>Did this key sign? Each signature under its name and id is verified, and one that fails spoils the note.</summary>
    public NoteVerdict Verify(VerifierKey key) => Verify(key, out _);

    /// <summary>When did this witness see the checkpoint? Of several cosignatures the newest. False when the verdict on the key is not <see cref="NoteVerdict.Valid"/>, or it is a log's.</summary>
    public bool TryGetCosignatureTime(VerifierKey key, out DateTimeOffset time)
    {
        var verdict = Verify(key, out var newest);
        time = newest ?? default;
        return verdict == NoteVerdict.Valid && newest is not null;
    }

    internal NoteVerdict Verify(VerifierKey key, out DateTimeOffset? newest)
    {
        newest = null;
        var verdict = NoteVerdict.Absent;
        foreach (var signature in _signatures)
        {
            if (!signature.IsOf(key)) continue;
            DateTimeOffset? time = null;
            var isValid = key.Type == SignatureType.Log
                ? key.Key.Verify(StrictText.ToBytes(Text), signature.Signature.Span)
                : Cosignature.TryVerify(key.Key, Text, signature.Signature.Span, out time);
            if (!isValid) return NoteVerdict.Invalid;
            verdict = NoteVerdict.Valid;
            if (newest is null || time > newest) newest = time;
        }
        return verdict;
    }
}
