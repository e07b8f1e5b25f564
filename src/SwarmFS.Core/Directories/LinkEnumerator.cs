namespace SwarmFS.Core;

public static partial class LinkDirectory
{
    /// <summary>All links ascending by name, for one <c>foreach</c>.</summary>
    /// <exception cref="ContentUnavailableException">While enumerating: a node is not in the store.</exception>
    /// <exception cref="InvalidTreeException">While enumerating: a node is not what its parent says, or no part of a directory of links.</exception>
    public static LinkEnumerator Enumerate(IBlockStore store, Cid root) => new(store, root, []);

    /// <summary>As <see cref="Enumerate(IBlockStore, Cid)"/>, from the first name that is not below <paramref name="from"/> on.</summary>
    public static LinkEnumerator Enumerate(IBlockStore store, Cid root, ReadOnlySpan<byte> from) => new(store, root, from);
}

/// <summary>Walks a directory of links in order, allocating per node and not per entry. What it shows is valid until the next step.</summary>
public ref struct LinkEnumerator
{
    private readonly IBlockStore _store;
    private readonly ReadOnlySpan<byte> _from;

    /// <summary>Nodes still to be read, the next on top: at most one index node's children a level.</summary>
    private readonly Stack<NodeClaim> _pending = new();
    private LinkLeafReader _leaf;
    private Block? _block;

    internal LinkEnumerator(IBlockStore store, Cid root, ReadOnlySpan<byte> from)
    {
        _store = store;
        _from = from;
        _pending.Push(NodeClaim.Top(root));
    }

    /// <summary>This enumerator: made for <c>foreach</c>, once.</summary>
    public readonly LinkEnumerator GetEnumerator() => this;

    public readonly LinkView Current => new(_leaf.Name, _leaf.Target);

    public bool MoveNext()
    {
        while (true)
        {
            while (_block is not null && _leaf.Next())
                if (_leaf.Name.SequenceCompareTo(_from) >= 0) return true;
            Dispose();
            if (!_pending.TryPop(out var claim)) return false;
            Read(claim);
        }
    }

    public void Dispose()
    {
        _block?.Dispose();
        _block = null;
    }

    private void Read(NodeClaim claim)
    {
        var node = LinkDirectory.Get(_store, claim.Node);
        if (claim.IsLeaf(node))
        {
            _block = node;
            _leaf = new LinkLeafReader(node, claim);
            return;
        }
        using (node)
        {
            var children = new List<NodeClaim>();
            var index = new LinkIndexReader(node, claim);
            while (index.Next())
                if (index.Following.IsEmpty || index.Following.SequenceCompareTo(_from) > 0) children.Add(index.Claim());
            for (var i = children.Count - 1; i >= 0; i--) _pending.Push(children[i]);
        }
    }
}

/// <summary>One link as it stands in a node: views that hold until the enumerator's next step.</summary>
public readonly ref struct LinkView(ReadOnlySpan<byte> name, ReadOnlySpan<byte> target)
{
    public ReadOnlySpan<byte> Name { get; } = name;

    public ReadOnlySpan<byte> Target { get; } = target;
}
