using System.Diagnostics.CodeAnalysis;

namespace SwarmFS.Core;

/// <summary>Reads the directory structure of a package tree out of a store. Everything in it is hostile until checked: see <see cref="TreeTableBuilder"/> for what is.</summary>
public static class TreeLoader
{
    /// <param name="missing">Gets the distinct CIDs of the nodes that are not in the store, as far as they can be known; what lies below them cannot.</param>
    /// <param name="table">The tree when every node is here.</param>
    /// <exception cref="InvalidTreeException">The root is no package tree, or a node breaks the format; the message names it.</exception>
    public static bool TryLoad(Cid root, IBlockStore store, List<Cid> missing, [NotNullWhen(true)] out TreeTable? table)
    {
        if (root.Codec != CidCodec.MessagePack) throw new InvalidTreeException($"{root} is a block of data, not the root of a tree.");
        table = null;
        if (!store.TryGet(root, out var block))
        {
            missing.Add(root);
            return false;
        }
        using (block)
        {
            var tree = ReadTreeNode(root, block);
            var builder = new TreeTableBuilder(root, tree, store);
            try
            {
                table = builder.TryBuild();
                missing.AddRange(builder.Missing);
            }
            catch (InvalidTreeException)
            {
                foreach (var node in builder.Seen)
                    if (!NodeBytes.IsIntact(store, node)) missing.Add(node);
                if (missing.Count == 0) throw;
            }
            return table is not null;
        }
    }

    private static TreeNode ReadTreeNode(Cid root, Block block)
    {
        try
        {
            return TreeNode.Read(block.Span);
        }
        catch (MessagePackFormatException fault)
        {
            throw new InvalidTreeException($"{root} is not the root of a tree: {fault.Message}");
        }
    }
}
