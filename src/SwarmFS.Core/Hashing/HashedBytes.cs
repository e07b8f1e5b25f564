namespace SwarmFS.Core;

/// <summary>A buffer and the SHA-256 of its first bytes. Only hashing makes one, so that a <see cref="Block"/> can be made of it without hashing again.</summary>
public readonly struct HashedBytes
{
    internal HashedBytes(byte[] buffer, int length, in Sha256Digest digest)
    {
        Buffer = buffer;
        Length = length;
        Digest = digest;
    }

    /// <summary>Not changed by anybody since it was hashed. Null in a value that nobody hashed.</summary>
    public byte[]? Buffer { get; }

    /// <summary>Bytes of the buffer that were hashed.</summary>
    public int Length { get; }

    public Sha256Digest Digest { get; }

    /// <summary>Hashes one buffer.</summary>
    public static HashedBytes Of(byte[] buffer, int length) => new(buffer, length, Sha256Digest.Of(buffer.AsSpan(0, length)));
}
