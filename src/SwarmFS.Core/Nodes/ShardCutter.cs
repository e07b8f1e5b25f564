namespace SwarmFS.Core;

/// <summary>
/// Decides where a large directory's nodes end, from the names alone (a prolly tree: the shape is a function of the set of entries, so a changed entry changes one
/// node a level). A node ends after an item when the item's name says so, or when the node is full. One cutter per node.
/// </summary>
internal struct ShardCutter(int level)
{
    /// <summary>Bytes counted for an entry besides its name, target and attributes: about what digest, size and keys take.</summary>
    public const int FixedWeight = 64;

    /// <summary>
    /// A directory of at most this weight and <see cref="Limits.LinksPerNode"/> entries is one leaf, and a node of this weight is full: 128 KiB, so that a node with
    /// the largest possible entry at its end (144 KiB) stays far below the 1 MiB of a block.
    /// </summary>
    public const int MaxWeight = 128 << 10;

    /// <summary>
    /// One name in 128 ends a node. Whoever proves one name reads a node a level: about 30 KB of a list of 60,000 packages, where one in 512 took 80; whoever takes the whole list asks for it
    /// in one request. Few nodes end because they are full (e^-8 by the number of entries).
    /// </summary>
    private const ulong BoundaryMask = 128 - 1;

    private int _items;
    private int _weight;

    public static bool FitsOneLeaf(int entries, long weight) => entries <= Limits.LinksPerNode && weight <= MaxWeight;

    /// <summary>Counts the item in; true when the node ends after it.</summary>
    public bool Add(ReadOnlySpan<byte> name, int weight)
    {
        _items++;
        _weight += weight;
        return _items == Limits.LinksPerNode || _weight >= MaxWeight || IsBoundary(name);
    }

    /// <summary>True when the first 8 bytes of SHA-256(level, name) as a big-endian number end in seven zero bits. The level is one byte: 0 for leaves.</summary>
    private readonly bool IsBoundary(ReadOnlySpan<byte> name)
    {
        Span<byte> input = stackalloc byte[1 + Limits.NameLength];
        input[0] = (byte)level;
        name.CopyTo(input[1..]);
        return (Sha256Digest.Of(input[..(1 + name.Length)]).Prefix & BoundaryMask) == 0;
    }
}
