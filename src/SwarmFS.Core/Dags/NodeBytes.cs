namespace SwarmFS.Core;

/// <summary>
/// The bytes of a node as a store has them. A store verifies a block when it takes it and at its first read after start; a walk over thousands of nodes does not hash each of them again, as
/// <see cref="IBlockStore.TryGet"/> would. Whoever finds such a node malformed asks that for it first: should the bytes have changed under the store, they are dropped and fetched again.
/// </summary>
internal readonly ref struct NodeBytes : IDisposable
{
    private readonly byte[] _buffer;
    private readonly int _length;

    private NodeBytes(byte[] buffer, int length)
    {
        (_buffer, _length) = (buffer, length);
    }

    public ReadOnlySpan<byte> Span => _buffer.AsSpan(0, _length);

    /// <returns>False when the block is absent.</returns>
    public static bool TryRead(IBlockStore store, in Cid cid, out NodeBytes bytes)
    {
        bytes = default;
        if (!store.TryGetLength(cid, out var length)) return false;
        var buffer = BlockBuffers.Shared.Rent(length);
        if (store.Read(cid, 0, buffer.AsSpan(0, length)) != length)
        {
            BlockBuffers.Shared.Return(buffer);
            return false;
        }
        bytes = new NodeBytes(buffer, length);
        return true;
    }

    /// <summary>Hashes the block.</summary>
    /// <returns>False when the store has none, or drops it because its bytes have another hash.</returns>
    public static bool IsIntact(IBlockStore store, in Cid cid)
    {
        if (!store.TryGet(cid, out var block)) return false;
        block.Dispose();
        return true;
    }

    public void Dispose() => BlockBuffers.Shared.Return(_buffer);
}
