using SwarmFS.Core;

namespace SwarmFS.Store;

/// <summary>What the index knows of a block besides where it is.</summary>
[Flags]
internal enum BlockFlags : uint
{
    None = 0,

    /// <summary>The block is a node; its CID's codec is MessagePack.</summary>
    Node = 1 << 24,

    /// <summary>The bytes were hashed since the store was opened.</summary>
    Verified = 1 << 25,

    /// <summary>Asked for since it was written or survived an eviction: it gets a second chance.</summary>
    Used = 1 << 26,

    /// <summary>Reached from a pin, a mounted root or a hold by the collection that is under way, or added since it began.</summary>
    Marked = 1 << 27,
}

/// <summary>Where a block lies: 16 bytes.</summary>
internal readonly record struct BlockPlace(int Container, uint Meta, long Offset)
{
    private const uint LengthMask = (1 << 24) - 1;

    public BlockPlace(int container, long offset, int length, BlockFlags flags) : this(container, (uint)length | (uint)flags, offset) { }

    /// <summary>What the index says of a block that it does not have.</summary>
    public bool IsNowhere => Container == 0;

    public int Length => (int)(Meta & LengthMask);

    public BlockFlags Flags => (BlockFlags)(Meta & ~LengthMask);

    public bool IsVerified => (Flags & BlockFlags.Verified) != 0;

    public CidCodec Codec => (Flags & BlockFlags.Node) != 0 ? CidCodec.MessagePack : CidCodec.Raw;

    public bool SameSpot(BlockPlace other) => Container == other.Container && Offset == other.Offset;

    public BlockPlace With(BlockFlags flags) => new(Container, Meta | (uint)flags, Offset);

    public BlockPlace Without(BlockFlags flags) => new(Container, Meta & ~(uint)flags, Offset);

    public static BlockFlags FlagOf(CidCodec codec) => codec == CidCodec.MessagePack ? BlockFlags.Node : BlockFlags.None;
}
