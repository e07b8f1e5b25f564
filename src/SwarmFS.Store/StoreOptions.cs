namespace SwarmFS.Store;

/// <summary>How a store is to be kept. The defaults suit a workstation.</summary>
public sealed record StoreOptions
{
    /// <summary>The store's own directory; made when it is not there (mode 0700). Nothing else may write into it.</summary>
    public required string Directory
    {
        get;
        init => field = value.Length > 0 ? Path.GetFullPath(value) : throw new ArgumentException("The store's directory has no name.", nameof(value));
    }

    /// <summary>The most disk bytes that the store takes, counted in allocated blocks. At least 1 MiB, the size of one block.</summary>
    public long QuotaBytes
    {
        get;
        init => field = value >= 1 << 20 ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "The quota holds at least one block: 1048576 bytes.");
    } = 20L << 30;

    /// <summary>The share of the quota at which eviction starts in the background.</summary>
    public double HighWatermark
    {
        get;
        init => field = InUnitInterval(value);
    } = 0.95;

    /// <summary>
    /// The share of the quota down to which an eviction goes; the distance to the high one is what a collection's walk over all pins is spread over.
    /// </summary>
    public double LowWatermark
    {
        get;
        init => field = InUnitInterval(value);
    } = 0.85;

    /// <summary>Files and raw blocks from this size in bytes lie in a file of their own, which the kernel can read directly.</summary>
    public int FlatFileThreshold { get; init; } = 128 << 10;

    /// <summary>
    /// Bytes after which a pack is sealed. A pack is evicted whole and its survivors are copied, so this bounds by how much a collection overshoots the quota.
    /// </summary>
    public int PackBytes { get; init; } = 32 << 20;

    /// <summary>Descriptors held open at most, leaving aside files that are being written and handles given out.</summary>
    public int OpenFiles { get; init; } = 256;

    /// <summary>
    /// Of a large file that is being fetched, about so many of the bytes written last stay in the page cache. More than what one reader has asked for ahead of itself (64 MiB),
    /// so that it finds in memory what has come for it.
    /// </summary>
    public long RecentBytes { get; init; } = 80 << 20;

    /// <summary>How long a block stays unprotected against a power cut at most (not against a crash of this process: for that nothing need be flushed).</summary>
    public TimeSpan FlushInterval { get; init; } = TimeSpan.FromSeconds(15);

    private static double InUnitInterval(double value) =>
        value is > 0 and <= 1 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "A watermark is a share of the quota: above 0, at most 1.");
}
