using System.Diagnostics.CodeAnalysis;

namespace SwarmFS.Core;

/// <summary>Gives a block that it verified, from wherever it has it; the caller disposes it.</summary>
/// <exception cref="ContentUnavailableException">It could not be had in time.</exception>
public delegate ValueTask<Block> BlockGetter(Cid cid, CancellationToken cancellationToken);

/// <summary>One link, in memory of its own.</summary>
public readonly record struct Link(ReadOnlyMemory<byte> Name, ReadOnlyMemory<byte> Target);

/// <summary>A part of a directory of links, ascending by name.</summary>
/// <param name="IsWhole">False when there are more than the bound.</param>
public sealed record LinkRange(IReadOnlyList<Link> Links, bool IsWhole);

/// <summary>
/// Reads directories of links (<see cref="LinkDirectoryBuilder"/>). A lookup reads the nodes on one path and holds each against its parent: level, first name, names below those of the
/// next node, number of entries. So the root proves what is there, and the leaf in which a name would stand proves that it is not.
/// The synchronous methods take the nodes from a store, the asynchronous ones from anywhere: for a node that has not all of them.
/// </summary>
public static partial class LinkDirectory
{
    /// <summary>Links that <see cref="RangeAsync"/> gives at most: hundreds of versions of one name, and 5 MiB at the very most.</summary>
    public const int RangeMax = 1024;

    /// <summary>How many entries the directory says that it has.</summary>
    /// <exception cref="ContentUnavailableException">The top node is not in the store.</exception>
    /// <exception cref="InvalidTreeException">It is no directory.</exception>
    public static int Count(IBlockStore store, Cid root)
    {
        var claim = NodeClaim.Top(root);
        using var node = Get(store, root);
        if (claim.IsLeaf(node)) return new LinkLeafReader(node, claim).Count;
        var index = new LinkIndexReader(node, claim);
        var count = 0;
        while (index.Next()) count += index.Current.Rows;
        return count;
    }

    /// <returns>False when the directory has no such name.</returns>
    /// <exception cref="ContentUnavailableException">A node on the path is not in the store.</exception>
    /// <exception cref="InvalidTreeException">A node on the path is not what its parent says, or no part of a directory of links.</exception>
    public static bool TryFind(IBlockStore store, Cid root, ReadOnlySpan<byte> name, [NotNullWhen(true)] out byte[]? target)
    {
        for (var claim = NodeClaim.Top(root); ;)
        {
            using var node = Get(store, claim.Node);
            if (claim.IsLeaf(node)) return (target = FindInLeaf(node, claim, name)) is not null;
            claim = ChildFor(node, claim, name);
        }
    }

    /// <summary>As <see cref="TryFind"/>: the target, or null when the directory has no such name.</summary>
    /// <exception cref="ContentUnavailableException">A node on the path could not be had.</exception>
    /// <exception cref="InvalidTreeException">A node on the path is not what its parent says, or no part of a directory of links.</exception>
    public static async ValueTask<byte[]?> FindAsync(Cid root, ReadOnlyMemory<byte> name, BlockGetter get, CancellationToken cancellationToken)
    {
        for (var claim = NodeClaim.Top(root); ;)
        {
            using var node = await get(claim.Node, cancellationToken);
            if (claim.IsLeaf(node)) return FindInLeaf(node, claim, name.Span);
            claim = ChildFor(node, claim, name.Span);
        }
    }

    /// <summary>The links whose names begin with a prefix, the first <see cref="RangeMax"/> of them.</summary>
    /// <param name="prefix">Empty: all.</param>
    /// <exception cref="ContentUnavailableException">A node on the way could not be had.</exception>
    /// <exception cref="InvalidTreeException">A node on the way is not what its parent says, or no part of a directory of links.</exception>
    public static async ValueTask<LinkRange> RangeAsync(Cid root, ReadOnlyMemory<byte> prefix, BlockGetter get, CancellationToken cancellationToken)
    {
        var links = new List<Link>();
        var pending = new Stack<NodeClaim>();
        pending.Push(NodeClaim.Top(root));
        while (links.Count <= RangeMax && pending.TryPop(out var claim))
        {
            using var node = await get(claim.Node, cancellationToken);
            if (claim.IsLeaf(node)) CollectLinks(node, claim, prefix.Span, links);
            else PushChildren(node, claim, prefix.Span, pending);
        }
        if (links.Count <= RangeMax) return new LinkRange(links, IsWhole: true);
        links.RemoveRange(RangeMax, links.Count - RangeMax);
        return new LinkRange(links, IsWhole: false);
    }

    internal static Block Get(IBlockStore store, Cid node) =>
        store.TryGet(node, out var block) ? block : throw new ContentUnavailableException($"The directory node {node} is not in the store.");

    private static byte[]? FindInLeaf(Block node, in NodeClaim claim, ReadOnlySpan<byte> name)
    {
        byte[]? target = null;
        var leaf = new LinkLeafReader(node, claim);
        while (leaf.Next())
            if (leaf.Name.SequenceEqual(name)) target = leaf.Target.ToArray();
        return target;
    }

    /// <summary>The child in which a name would stand: the last that begins at or before it, or the very first.</summary>
    internal static NodeClaim ChildFor(Block node, in NodeClaim claim, ReadOnlySpan<byte> name)
    {
        NodeClaim? found = null;
        var index = new LinkIndexReader(node, claim);
        while (index.Next())
            if (found is null && (index.Following.IsEmpty || index.Following.SequenceCompareTo(name) > 0)) found = index.Claim();
        return found!.Value;
    }

    private static void CollectLinks(Block node, in NodeClaim claim, ReadOnlySpan<byte> prefix, List<Link> into)
    {
        var leaf = new LinkLeafReader(node, claim);
        while (leaf.Next())
            if (into.Count <= RangeMax && leaf.Name.StartsWith(prefix)) into.Add(new Link(leaf.Name.ToArray(), leaf.Target.ToArray()));
    }

    /// <summary>Puts the children that may hold names with the prefix on the stack, the first on top.</summary>
    private static void PushChildren(Block node, in NodeClaim claim, ReadOnlySpan<byte> prefix, Stack<NodeClaim> pending)
    {
        var children = new List<NodeClaim>();
        var index = new LinkIndexReader(node, claim);
        while (index.Next())
        {
            var endsBefore = !index.Following.IsEmpty && index.Following.SequenceCompareTo(prefix) <= 0;
            var first = index.Current.FirstName;
            var beginsBehind = first.SequenceCompareTo(prefix) > 0 && !first.StartsWith(prefix);
            if (!endsBefore && !beginsBehind) children.Add(index.Claim());
        }
        for (var i = children.Count - 1; i >= 0; i--) pending.Push(children[i]);
    }
}
