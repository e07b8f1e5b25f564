using System.Buffers;

namespace SwarmFS.Core;

/// <summary>Cuts the contents of files into blocks and puts them into a store: one raw block, or chunks and the file nodes that list them.</summary>
internal sealed class FileContentWriter(IBlockStore store)
{
    private readonly Chunker _chunker = Chunker.Default;

    /// <param name="missing">Bytes that the content lacks; when it is not 0 nothing usable was written.</param>
    public Cid Write(Stream content, long size, out long missing)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(size <= ChunkSizes.SingleBlockFile ? (int)size : 2 * _chunker.Sizes.Maximum);
        try
        {
            return size <= ChunkSizes.SingleBlockFile ? WriteSingle(content, buffer, (int)size, out missing) : WriteChunked(content, buffer, size, out missing);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private Cid WriteSingle(Stream content, byte[] buffer, int size, out long missing)
    {
        missing = size - content.ReadAtLeast(buffer.AsSpan(0, size), size, throwOnEndOfStream: false);
        if (missing > 0) return default;
        using var block = Block.Create(CidCodec.Raw, buffer.AsSpan(0, size));
        BlockPut.Require(store, block);
        return block.Cid;
    }

    private Cid WriteChunked(Stream content, byte[] buffer, long size, out long missing)
    {
        var digests = new List<Sha256Digest>();
        var ends = new List<long>();
        using var file = store.BeginLargeFile(size);
        var (start, filled, left) = (0, 0, size);
        for (long end = 0; end < size;)
        {
            if (filled - start < _chunker.Sizes.Maximum && left > 0)
            {
                buffer.AsSpan(start, filled - start).CopyTo(buffer);
                (start, filled) = (0, filled - start);
                var wanted = (int)Math.Min(left, 2 * _chunker.Sizes.Maximum - filled);
                var got = content.ReadAtLeast(buffer.AsSpan(filled, wanted), wanted, throwOnEndOfStream: false);
                (filled, left) = (filled + got, left - got);
                missing = got < wanted ? left : 0;
                if (missing > 0) return default;
            }
            var length = _chunker.FirstChunk(buffer.AsSpan(start, filled - start));
            using var chunk = Block.Create(CidCodec.Raw, buffer.AsSpan(start, length));
            file.Append(chunk);
            start += length;
            end += length;
            digests.Add(chunk.Cid.Digest);
            ends.Add(end);
        }
        missing = 0;
        var top = FileNodeTree.Write(store, digests, ends);
        file.Commit(new FileLayout(top, [.. digests], [.. ends]));
        return top;
    }
}

/// <summary>Puts blocks that a build cannot do without.</summary>
internal static class BlockPut
{
    /// <exception cref="StoreFullException">The store has no space for it.</exception>
    public static void Require(IBlockStore store, Block block)
    {
        if (store.Put(block) == PutResult.NoSpace)
            throw new StoreFullException($"The store has no space for a block of {block.Length} bytes: raise the quota, unpin something or free disk space.");
    }

    /// <exception cref="StoreFullException">The store has no space for it.</exception>
    public static Cid Node(IBlockStore store, ReadOnlySpan<byte> node)
    {
        using var block = Block.Create(CidCodec.MessagePack, node);
        Require(store, block);
        return block.Cid;
    }
}

/// <summary>The file nodes of a chunk list: nodes filled in order, level by level, until one is left.</summary>
internal static class FileNodeTree
{
    /// <param name="ends">For each chunk the offset of the first byte after it.</param>
    /// <returns>The top node.</returns>
    public static Cid Write(IBlockStore store, List<Sha256Digest> chunks, List<long> ends)
    {
        Sha256Digest[] digests = [.. chunks];
        var sizes = new long[ends.Count];
        for (var i = 0; i < sizes.Length; i++) sizes[i] = ends[i] - (i == 0 ? 0 : ends[i - 1]);
        var buffer = new ArrayBufferWriter<byte>();
        for (var level = 0; ; level++)
        {
            var nodes = (digests.Length + Limits.LinksPerNode - 1) / Limits.LinksPerNode;
            var parents = new Sha256Digest[nodes];
            var totals = new long[nodes];
            for (var node = 0; node < nodes; node++)
            {
                var first = node * Limits.LinksPerNode;
                var last = Math.Min(first + Limits.LinksPerNode, digests.Length);
                buffer.ResetWrittenCount();
                FileNode.Write(new MessagePackWriter(buffer), level, digests.AsSpan(first..last), sizes.AsSpan(first..last));
                parents[node] = BlockPut.Node(store, buffer.WrittenSpan).Digest;
                foreach (var size in sizes.AsSpan(first..last)) totals[node] += size;
            }
            if (nodes == 1) return new Cid(CidCodec.MessagePack, parents[0]);
            (digests, sizes) = (parents, totals);
        }
    }
}
