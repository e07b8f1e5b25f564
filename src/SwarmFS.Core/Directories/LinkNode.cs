namespace SwarmFS.Core;

/// <summary>What is known of a node before it is read, for the node to be held against.</summary>
/// <param name="Level">0: a leaf; n: an index of that level; −1: the top of a directory, which may be either.</param>
/// <param name="First">The name that it must begin with; null for the top.</param>
/// <param name="Before">A name that all its names are below; null: none.</param>
/// <param name="Rows">The entries at and below it; −1: not told.</param>
internal readonly record struct NodeClaim(Cid Node, int Level, byte[]? First, byte[]? Before, int Rows)
{
    public static NodeClaim Top(Cid root) => new(root, -1, null, null, -1);

    public InvalidTreeException Refuse(string reason) => new($"The directory of links is malformed at node {Node}: {reason}.");

    /// <exception cref="InvalidTreeException">It is no directory node of the claimed level.</exception>
    public bool IsLeaf(Block node)
    {
        if (node.Cid != Node) throw new InvalidOperationException($"Asked for {Node}, got {node.Cid}.");
        try
        {
            var kind = NodeHeader.Peek(node.Span);
            if (kind == NodeKind.DirectoryLeaf && Level <= 0) return true;
            if (kind == NodeKind.DirectoryIndex && Level != 0) return false;
            throw Refuse($"a node of kind {(int)kind} stands where a directory node of level {Level} belongs");
        }
        catch (MessagePackFormatException fault)
        {
            throw Refuse(fault.Message);
        }
    }

    /// <summary>The order of the names within the node is its decoder's affair.</summary>
    public void CheckName(ReadOnlySpan<byte> name, bool isFirst)
    {
        if (isFirst && First is not null && !name.SequenceEqual(First)) throw Refuse("its first name is not the one that its parent lists");
        if (Before is not null && name.SequenceCompareTo(Before) >= 0) throw Refuse("it has a name that stands in a later node");
    }
}

/// <summary>Reads a leaf of links and holds it against what its parent claims. The spans are views of the block, which the caller keeps.</summary>
internal ref struct LinkLeafReader
{
    private readonly NodeClaim _claim;
    private DirectoryLeafReader _reader;
    private bool _isFirst = true;

    /// <exception cref="InvalidTreeException">It is none, or not of the claimed size.</exception>
    public LinkLeafReader(Block node, scoped in NodeClaim claim)
    {
        _claim = claim;
        try
        {
            _reader = new DirectoryLeafReader(node.Span);
        }
        catch (MessagePackFormatException fault)
        {
            throw claim.Refuse(fault.Message);
        }
        if (claim.Rows >= 0 && _reader.Count != claim.Rows) throw claim.Refuse($"it has {_reader.Count} entries, not {claim.Rows}");
    }

    public readonly int Count => _reader.Count;

    public readonly ReadOnlySpan<byte> Name => _reader.Current.Name;

    public readonly ReadOnlySpan<byte> Target => _reader.Current.Target;

    /// <exception cref="InvalidTreeException">The next entry is malformed, no link, or out of its place.</exception>
    public bool Next()
    {
        try
        {
            if (!_reader.Next()) return false;
        }
        catch (MessagePackFormatException fault)
        {
            throw _claim.Refuse(fault.Message);
        }
        if (!LinkEntry.Is(_reader.Current)) throw _claim.Refuse($"'{TreePath.Show(Name)}' is no link with the fixed attributes");
        _claim.CheckName(Name, _isFirst);
        _isFirst = false;
        return true;
    }
}

/// <summary>Reads an index node's children as claims that they are held against, and the node against what its own parent claims.</summary>
internal ref struct LinkIndexReader
{
    private readonly NodeClaim _claim;
    private DirectoryIndexReader _reader;
    private DirectoryShard _ahead;
    private bool _hasAhead;
    private long _rows;

    /// <exception cref="InvalidTreeException">It is none, or not of the claimed level.</exception>
    public LinkIndexReader(Block node, scoped in NodeClaim claim)
    {
        _claim = claim;
        try
        {
            _reader = new DirectoryIndexReader(node.Span);
        }
        catch (MessagePackFormatException fault)
        {
            throw claim.Refuse(fault.Message);
        }
        if (claim.Level >= 0 && _reader.Level != claim.Level) throw claim.Refuse($"its level is {_reader.Level}, its parent's says {claim.Level}");
        if (claim.Level < 0 && _reader.Count == 1) throw claim.Refuse("the top of a directory's index has one child only");
        ReadAhead(isFirst: true);
    }

    public readonly int Level => _reader.Level;

    public DirectoryShard Current { get; private set; }

    /// <summary>The first name of the child behind; empty when there is none in this node.</summary>
    public readonly ReadOnlySpan<byte> Following => _hasAhead ? _ahead.FirstName : [];

    /// <summary>What the current child has to be.</summary>
    public readonly NodeClaim Claim() =>
        new(Current.Node, Level - 1, Current.FirstName.ToArray(), _hasAhead ? _ahead.FirstName.ToArray() : _claim.Before, Current.Rows);

    /// <exception cref="InvalidTreeException">The next child is malformed or out of its place, or their sum is not the claimed one.</exception>
    public bool Next()
    {
        if (!_hasAhead)
        {
            if (_claim.Rows >= 0 && _rows != _claim.Rows) throw _claim.Refuse($"its children have {_rows} entries, not {_claim.Rows}");
            return false;
        }
        Current = _ahead;
        _rows += Current.Rows;
        if (_rows > Limits.EntriesPerTree) throw _claim.Refuse($"it has more than {Limits.EntriesPerTree} entries");
        ReadAhead(isFirst: false);
        return true;
    }

    private void ReadAhead(bool isFirst)
    {
        try
        {
            _hasAhead = _reader.Next();
        }
        catch (MessagePackFormatException fault)
        {
            throw _claim.Refuse(fault.Message);
        }
        if (!_hasAhead) return;
        _ahead = _reader.Current;
        _claim.CheckName(_ahead.FirstName, isFirst);
    }
}
