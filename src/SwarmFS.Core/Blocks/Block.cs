
namespace SwarmFS.Core;

/// <summary>
/// Bytes that are known to have their CID: there is no way to make one without hashing. So what takes a <see cref="Block"/> need not verify again.
/// <para>
/// Ownership: reference counted. Who gets a block from a method owns one reference and disposes it; who passes it to a method keeps its own
/// reference unless the method says that it takes it. To keep a block beyond a call, <see cref="Retain"/>. The buffer goes back to the pool with the
/// last reference; <see cref="Bytes"/> of a returned block throws.
/// </para>
/// </summary>
public sealed class Block : IDisposable
{
    /// <summary>The largest block in bytes: 1 MiB, the unit of transfer and verification.</summary>
    public const int MaxLength = 1 << 20;

    private readonly RentedBytes _bytes;
    private int _references = 1;

    private Block(Cid cid, in RentedBytes bytes)
    {
        Cid = cid;
        _bytes = bytes;
    }

    public Cid Cid { get; }

    public int Length => _bytes.Length;

    /// <exception cref="ObjectDisposedException">All references were disposed.</exception>
    public ReadOnlyMemory<byte> Bytes => Held.Array.AsMemory(_bytes.Offset, _bytes.Length);

    public ReadOnlySpan<byte> Span => Held.Span;

    private RentedBytes Held => Volatile.Read(ref _references) > 0 ? _bytes : throw new ObjectDisposedException(nameof(Block));

    /// <summary>Copies the bytes and computes their CID.</summary>
    /// <exception cref="ArgumentException">More than <see cref="MaxLength"/> bytes.</exception>
    public static Block Create(CidCodec codec, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > MaxLength) throw new ArgumentException($"A block has at most {MaxLength} bytes, not {bytes.Length}.", nameof(bytes));
        return new Block(Cid.Of(codec, bytes), Copy(bytes));
    }

    /// <summary>Copies the bytes if they have this CID; otherwise returns null and nothing is kept.</summary>
    public static Block? TryVerify(in Cid expected, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > MaxLength || Sha256Digest.Of(bytes) != expected.Digest) return null;
        return new Block(expected, Copy(bytes));
    }

    private static RentedBytes Copy(ReadOnlySpan<byte> bytes)
    {
        var rented = RentedBytes.Rent(bytes.Length);
        bytes.CopyTo(rented.Array);
        return rented;
    }

    /// <summary>Takes the bytes over if they have this CID. On null they stay the caller's, to return or to reuse.</summary>
    public static Block? TryAdopt(in Cid expected, in RentedBytes rented) =>
        rented.Length > MaxLength ? null : TryAdopt(expected, HashedBytes.Of(rented));

    /// <summary>The same for bytes that were hashed already.</summary>
    public static Block? TryAdopt(in Cid expected, in HashedBytes rented)
    {
        if (rented.Bytes.Array is null || rented.Bytes.Length > MaxLength || rented.Digest != expected.Digest) return null;
        return new Block(expected, rented.Bytes);
    }

    /// <summary>Adds a reference and returns the same block, so that a hand-over reads <c>other.Take(block.Retain())</c>.</summary>
    public Block Retain()
    {
        int seen;
        do
        {
            seen = Volatile.Read(ref _references);
            if (seen == 0) throw new ObjectDisposedException(nameof(Block));
        }
        while (Interlocked.CompareExchange(ref _references, seen + 1, seen) != seen);
        return this;
    }

    /// <summary>For who keeps the block for long: the same with a reference more, or where it is part of a buffer that others have parts of, a copy that keeps no more than itself.</summary>
    public Block RetainAlone() => _bytes.Owner is null ? Retain() : new Block(Cid, Copy(Span));

    public void Dispose()
    {
        var left = Interlocked.Decrement(ref _references);
        if (left < 0) throw new ObjectDisposedException(nameof(Block), "One reference too many was disposed.");
        if (left == 0) _bytes.Return();
    }
}
