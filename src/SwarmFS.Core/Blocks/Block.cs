
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

    private byte[]? _buffer;
    private readonly int _length;
    private int _references = 1;

    private Block(Cid cid, byte[] buffer, int length)
    {
        Cid = cid;
        _buffer = buffer;
        _length = length;
    }

    public Cid Cid { get; }

    public int Length => _length;

    /// <exception cref="ObjectDisposedException">All references were disposed.</exception>
    public ReadOnlyMemory<byte> Bytes => (_buffer ?? throw new ObjectDisposedException(nameof(Block))).AsMemory(0, _length);

    public ReadOnlySpan<byte> Span => (_buffer ?? throw new ObjectDisposedException(nameof(Block))).AsSpan(0, _length);

    /// <summary>Copies the bytes and computes their CID.</summary>
    /// <exception cref="ArgumentException">More than <see cref="MaxLength"/> bytes.</exception>
    public static Block Create(CidCodec codec, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > MaxLength) throw new ArgumentException($"A block has at most {MaxLength} bytes, not {bytes.Length}.", nameof(bytes));
        var buffer = BlockBuffers.Shared.Rent(bytes.Length);
        bytes.CopyTo(buffer);
        return new Block(Cid.Of(codec, bytes), buffer, bytes.Length);
    }

    /// <summary>Copies the bytes if they have this CID; otherwise returns null and nothing is kept.</summary>
    public static Block? TryVerify(in Cid expected, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > MaxLength || Sha256Digest.Of(bytes) != expected.Digest) return null;
        var buffer = BlockBuffers.Shared.Rent(bytes.Length);
        bytes.CopyTo(buffer);
        return new Block(expected, buffer, bytes.Length);
    }

    /// <summary>
    /// Takes over a buffer rented from <see cref="BlockBuffers.Shared"/> if its first <paramref name="length"/> bytes have this CID.
    /// On null the buffer stays the caller's, to return or to reuse.
    /// </summary>
    public static Block? TryAdopt(in Cid expected, byte[] rented, int length) =>
        length > MaxLength ? null : TryAdopt(expected, HashedBytes.Of(rented, length));

    /// <summary>The same for a buffer that was hashed already.</summary>
    public static Block? TryAdopt(in Cid expected, in HashedBytes rented)
    {
        if (rented.Buffer is null || rented.Length > MaxLength || rented.Digest != expected.Digest) return null;
        return new Block(expected, rented.Buffer, rented.Length);
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

    public void Dispose()
    {
        var left = Interlocked.Decrement(ref _references);
        if (left < 0) throw new ObjectDisposedException(nameof(Block), "One reference too many was disposed.");
        if (left == 0 && Interlocked.Exchange(ref _buffer, null) is { } buffer) BlockBuffers.Shared.Return(buffer);
    }
}
