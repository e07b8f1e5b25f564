using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using SwarmFS.Core;
using SwarmFS.Signing;

namespace SwarmFS.Transparency;

/// <summary>What a key's signatures mean (C2SP signed-note, signature types); the others of that list are not for us.</summary>
public enum SignatureType : byte
{
    /// <summary>Ed25519 over the text of a note: a log's.</summary>
    Log = 0x01,

    /// <summary>Ed25519 over a time and the text of a checkpoint: a witness's (C2SP tlog-cosignature).</summary>
    Cosignature = 0x04,
}

/// <summary>
/// A public key by which notes are verified, under the name that it signs with: <c>VKEY := name '+' 8 hex digits of the id '+' base64(u8 type, 32 bytes key)</c> (C2SP signed-note).
/// </summary>
public sealed record VerifierKey
{
    /// <summary>Letters of the longest vkey: a name, the id and 33 bytes in base64.</summary>
    private const int MaxLength = KeyName.MaxLength + 1 + IdDigits + 1 + 44;

    private const int IdDigits = 8;

    private VerifierKey(string name, SignatureType type, Ed25519PublicKey key)
    {
        Name = KeyName.Checked(name);
        Type = type;
        Key = key;
        Id = IdOf(name, TypeAndKey());
    }

    /// <summary>Of a log the origin of its checkpoints.</summary>
    public string Name { get; }

    /// <summary>Tells the keys of one name apart; too short to prove anything.</summary>
    public uint Id { get; }

    public SignatureType Type { get; }

    public Ed25519PublicKey Key { get; }

    /// <exception cref="ArgumentException">The name is not one.</exception>
    public static VerifierKey OfLog(string name, Ed25519PublicKey key) => new(name, SignatureType.Log, key);

    /// <inheritdoc cref="OfLog"/>
    public static VerifierKey OfWitness(string name, Ed25519PublicKey key) => new(name, SignatureType.Cosignature, key);

    private byte[] TypeAndKey() => [(byte)Type, .. Key.Bytes];

    private static uint IdOf(string name, ReadOnlySpan<byte> typeAndKey)
    {
        Span<byte> digest = stackalloc byte[Sha256Digest.Length];
        Sha256Digest.Of([.. StrictText.ToBytes(name), (byte)'\n', .. typeAndKey]).CopyTo(digest);
        return BinaryPrimitives.ReadUInt32BigEndian(digest);
    }

    public override string ToString() => $"{Name}+{Id.ToString("x8", CultureInfo.InvariantCulture)}+{Convert.ToBase64String(TypeAndKey())}";

    /// <summary>Reads what <see cref="ToString"/> writes and nothing else; an id that is not the key's is refused.</summary>
    /// <param name="error">Says what is wrong with it.</param>
    public static bool TryParse(ReadOnlySpan<char> text, [NotNullWhen(true)] out VerifierKey? key, [NotNullWhen(false)] out string? error)
    {
        (key, error) = (null, null);
        var plus = text.IndexOf('+');
        if (text.Length > MaxLength || plus < 0 || !KeyName.IsValid(text[..plus])) error = "it does not begin with a name and '+'";
        else if (text.Length < plus + IdDigits + 3 || text[plus + IdDigits + 1] != '+') error = "its key's id is not 8 digits";
        else if (!StrictText.TryParseBase64(text[(plus + IdDigits + 2)..], out var bytes) || bytes.Length == 0) error = "its key is not base64";
        else if ((SignatureType)bytes[0] is not (SignatureType.Log or SignatureType.Cosignature)) error = $"its signatures are of type {bytes[0]}, of which nothing is known here";
        else if (bytes.Length != 1 + Ed25519PublicKey.Length) error = "its key is not one of Ed25519";
        else key = new VerifierKey(text[..plus].ToString(), (SignatureType)bytes[0], new Ed25519PublicKey(bytes.AsSpan(1)));
        if (key is not null && !text.SequenceEqual(key.ToString())) (key, error) = (null, "its id is not that of its key");
        return key is not null;
    }

    /// <inheritdoc cref="TryParse(ReadOnlySpan{char}, out VerifierKey?, out string?)"/>
    public static bool TryParse(ReadOnlySpan<char> text, [NotNullWhen(true)] out VerifierKey? key) => TryParse(text, out key, out _);
}
