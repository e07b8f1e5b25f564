namespace SwarmFS.Core;

/// <summary>Bytes in a rented buffer and their SHA-256. Only hashing makes one, so that a <see cref="Block"/> can be made of it without hashing again.</summary>
public readonly struct HashedBytes
{
    internal HashedBytes(in RentedBytes bytes, in Sha256Digest digest)
    {
        Bytes = bytes;
        Digest = digest;
    }

    /// <summary>Not changed by anybody since they were hashed. Without an array in a value that nobody hashed.</summary>
    public RentedBytes Bytes { get; }

    public Sha256Digest Digest { get; }

    /// <summary>Hashes one.</summary>
    public static HashedBytes Of(in RentedBytes bytes) => new(bytes, Sha256Digest.Of(bytes.Span));
}
