using System.Diagnostics.CodeAnalysis;

namespace SwarmFS.Core;

/// <summary>Reads the chunk list of a large file out of a store; what it reads is hostile until checked.</summary>
public static class FileLayoutLoader
{
    /// <param name="file">The top file node.</param>
    /// <param name="expectedSize">What the entry that names it says.</param>
    /// <param name="missing">Gets the distinct CIDs of the nodes that are not in the store, as far as they can be known.</param>
    /// <exception cref="InvalidTreeException">A node breaks the format or the size differs; the message names it.</exception>
    public static bool TryLoad(Cid file, long expectedSize, IBlockStore store, List<Cid> missing, [NotNullWhen(true)] out FileLayout? layout)
    {
        if (file.Codec != CidCodec.MessagePack) throw new InvalidTreeException($"{file} is a block of data, not a file node.");
        var walk = new Walk(store);
        walk.Read(file, level: -1, expectedSize, isLast: true);
        missing.AddRange(walk.Missing);
        layout = walk.Missing.Count > 0 ? null : new FileLayout(file, [.. walk.Digests], [.. walk.Ends]);
        return layout is not null;
    }

    private sealed class Walk(IBlockStore store)
    {
        public HashSet<Cid> Missing { get; } = [];

        public List<Sha256Digest> Digests { get; } = [];

        public List<long> Ends { get; } = [];

        public void Read(Cid cid, int level, long size, bool isLast)
        {
            if (!store.TryGet(cid, out var block))
            {
                Missing.Add(cid);
                return;
            }
            using (block)
            {
                var node = Decode(cid, block);
                if (level >= 0 && node.Level != level) throw Invalid(cid, $"its level is {node.Level}, not the {level} below its parent's");
                if (node.Size != size) throw Invalid(cid, $"it has {node.Size} bytes, not the {size} that are declared");
                if (level < 0 && node.Count == 1) throw Invalid(cid, "the top node of a file has one link only");
                if (!isLast && node.Count != Limits.LinksPerNode) throw Invalid(cid, "a node that is not the last of its level is not full");
                if (node.Level == 0) AddChunks(cid, node, isLast);
                else ReadChildren(node, isLast);
            }
        }

        private void ReadChildren(in FileNode node, bool isLast)
        {
            for (var i = 0; i < node.Count; i++) Read(node.Link(i), node.Level - 1, node.Sizes[i], isLast && i == node.Count - 1);
        }

        private void AddChunks(Cid cid, in FileNode node, bool isLast)
        {
            if (Digests.Count + node.Count > Limits.ChunksPerFile) throw Invalid(cid, $"the file has more than {Limits.ChunksPerFile} chunks");
            var end = Ends.Count == 0 ? 0 : Ends[^1];
            for (var i = 0; i < node.Count; i++)
            {
                var isLastOfFile = isLast && i == node.Count - 1;
                if (node.Sizes[i] > ChunkSizes.Default.Maximum || (node.Sizes[i] < ChunkSizes.Default.Minimum && !isLastOfFile))
                    throw Invalid(cid, $"a chunk of {node.Sizes[i]} bytes is none that chunking makes");
                Digests.Add(node.Digest(i));
                Ends.Add(end += node.Sizes[i]);
            }
        }

        private static FileNode Decode(Cid cid, Block block)
        {
            try
            {
                return new FileNode(block.Span);
            }
            catch (MessagePackFormatException fault)
            {
                throw Invalid(cid, fault.Message);
            }
        }

        private static InvalidTreeException Invalid(Cid node, string reason) => new($"The file node {node} is malformed: {reason.TrimEnd('.')}.");
    }
}
