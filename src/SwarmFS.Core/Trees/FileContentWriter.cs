using System.Buffers;

namespace SwarmFS.Core;

/// <summary>Cuts the contents of files into blocks and puts them into a store: one raw block, or chunks and the file nodes that list them.</summary>
internal sealed class FileContentWriter(IBlockStore store)
{
    private readonly Chunker _chunker = Chunker.Default;

    /// <param name="missing">Bytes that the content lacks; when it is not 0 nothing usable was written.</param>
    public Cid Write(Stream content, long size, out long missing)
    {
        var window = BlockBuffers.Shared.Rent(size <= ChunkSizes.SingleBlockFile ? (int)size : 2 * _chunker.Sizes.Maximum);
        try
        {
            var source = new ContentWindow(content, size, window);
            missing = source.Fill();
            if (missing > 0) return default;
            if (size <= ChunkSizes.SingleBlockFile || (size <= _chunker.Sizes.Maximum && _chunker.FirstChunk(source.Bytes) == size)) return WriteSingle(source.Bytes);
            return WriteChunked(ref source, size, out missing);
        }
        finally
        {
            BlockBuffers.Shared.Return(window);
        }
    }

    private Cid WriteSingle(ReadOnlySpan<byte> bytes)
    {
        using var block = Block.Create(CidCodec.Raw, bytes);
        BlockPut.Require(store, block);
        return block.Cid;
    }

    private Cid WriteChunked(ref ContentWindow source, long size, out long missing)
    {
        var digests = new List<Sha256Digest>();
        var ends = new List<long>();
        using var file = store.BeginLargeFile(size);
        missing = 0;
        for (long end = 0; end < size;)
        {
            if (source.Bytes.Length < _chunker.Sizes.Maximum) missing = source.Fill();
            if (missing > 0) return default;
            if (digests.Count == Limits.ChunksPerFile) throw new InvalidTreeException($"A file of {size} bytes has more than {Limits.ChunksPerFile} chunks.");
            var length = _chunker.FirstChunk(source.Bytes);
            using var chunk = Block.Create(CidCodec.Raw, source.Bytes[..length]);
            file.Append(chunk);
            source.Drop(length);
            end += length;
            digests.Add(chunk.Cid.Digest);
            ends.Add(end);
        }
        var top = FileNodeTree.Write(store, digests, ends);
        file.Commit(new FileLayout(top, [.. digests], [.. ends]));
        return top;
    }

    /// <summary>A window that slides over a stream of known length.</summary>
    private ref struct ContentWindow(Stream content, long size, byte[] window)
    {
        private long _left = size;
        private int _start;
        private int _end;

        public readonly ReadOnlySpan<byte> Bytes => window.AsSpan(_start.._end);

        public void Drop(int length) => _start += length;

        /// <returns>How many bytes the stream lacks: 0 unless it ended early.</returns>
        public long Fill()
        {
            Bytes.CopyTo(window);
            (_start, _end) = (0, _end - _start);
            var wanted = (int)Math.Min(_left, window.Length - _end);
            var got = content.ReadAtLeast(window.AsSpan(_end, wanted), wanted, throwOnEndOfStream: false);
            _end += got;
            _left -= got;
            return got < wanted ? _left : 0;
        }
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
