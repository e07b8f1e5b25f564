namespace SwarmFS.Core;

/// <summary>How large chunks are; part of the format, because it decides the root of a tree with large files.</summary>
/// <param name="Minimum">No chunk but a file's last is shorter, in bytes.</param>
/// <param name="Average">A power of two: the size at which cutting becomes likely.</param>
/// <param name="Maximum">No chunk is longer.</param>
public readonly record struct ChunkSizes(int Minimum, int Average, int Maximum)
{
    /// <summary>
    /// The sizes of the format, chosen from the table in FORMAT.md: half the average finds 4 % more of a new version in the old one but needs 42 % more blocks,
    /// twice the average loses 4 %. A random read of 4 KiB fetches 128 KiB on average, 512 KiB at most.
    /// </summary>
    public static readonly ChunkSizes Default = new(32 << 10, 128 << 10, 512 << 10);

    /// <summary>A file of up to this many bytes is one raw block and is not cut. A longer one that comes out as a single chunk is one raw block as well.</summary>
    public const int SingleBlockFile = 128 << 10;
}
