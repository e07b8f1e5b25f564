using System.Security.Cryptography;

namespace SwarmFS.Signing;

/// <summary>
/// An Ed25519 public key (RFC 8032), 32 bytes. Which keys count is for a policy to say: a signature that verifies under a key found in a message proves nothing by itself.
/// </summary>
public sealed class Ed25519PublicKey : IEquatable<Ed25519PublicKey>
{
    /// <summary>Length of a key in bytes.</summary>
    public const int Length = 32;

    /// <summary>Length of a signature in bytes.</summary>
    public const int SignatureLength = 64;

    private readonly byte[] _bytes;

    /// <exception cref="ArgumentException">Not 32 bytes.</exception>
    public Ed25519PublicKey(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Length) throw new ArgumentException($"An Ed25519 public key has {Length} bytes, not {bytes.Length}.", nameof(bytes));
        _bytes = bytes.ToArray();
    }

    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>True when the signature is the key's over exactly these bytes; false for anything else, a malformed key or signature included.</summary>
    /// <exception cref="CryptographicException">OpenSSL is out of memory or not usable; nothing was verified.</exception>
    public bool Verify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != SignatureLength) return false;
        using var key = Libcrypto.NewPublicKey(Libcrypto.Ed25519, 0, _bytes, Length);
        if (key.IsInvalid) return false;
        using var context = Libcrypto.NewContext();
        if (context.IsInvalid || Libcrypto.VerifyInit(context, 0, 0, 0, key) != 1)
            throw new CryptographicException("OpenSSL did not start an Ed25519 verification.");
        return Libcrypto.Verify(context, signature, SignatureLength, message, (nuint)message.Length) == 1;
    }

    /// <summary>Canonical base64 (44 characters with padding).</summary>
    public override string ToString() => Convert.ToBase64String(_bytes);

    /// <summary>Reads what <see cref="ToString"/> writes and nothing else: white space, missing padding and stray bits are refused.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Ed25519PublicKey? key)
    {
        key = null;
        Span<byte> bytes = stackalloc byte[Length];
        if (text.Length != 44 || !Convert.TryFromBase64Chars(text, bytes, out var written) || written != Length) return false;
        var candidate = new Ed25519PublicKey(bytes);
        if (!text.SequenceEqual(candidate.ToString())) return false;
        key = candidate;
        return true;
    }

    public bool Equals(Ed25519PublicKey? other) => other is not null && _bytes.AsSpan().SequenceEqual(other._bytes);

    public override bool Equals(object? obj) => Equals(obj as Ed25519PublicKey);

    public override int GetHashCode() => BitConverter.ToInt32(_bytes);
}
