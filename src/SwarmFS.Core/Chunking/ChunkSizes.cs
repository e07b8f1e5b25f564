namespace SwarmFS.Core;

/// <summary>How large chunks are; part of the format, because it decides the root of a tree with large files.</summary>
/// <param name="Minimum">No chunk but a file's last is shorter, in bytes.</param>
/// <param name="Average">A power of two: the size at which cutting becomes likely.</param>
/// <param name="Maximum">No chunk is longer.</param>
public readonly record struct ChunkSizes(int Minimum, int Average, int Maximum)
{
    /// <summary>The sizes of the format.</summary>
    public static readonly ChunkSizes Default = new(64 << 10, 256 << 10, 1 << 20);

    /// <summary>A file of up to this many bytes is one raw block and is not cut.</summary>
    public const int SingleBlockFile = 256 << 10;
}
