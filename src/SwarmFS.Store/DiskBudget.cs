namespace SwarmFS.Store;

/// <summary>
/// Counts the disk bytes of all data files against the quota. Counted before they are written, so that the quota holds for whoever looks at the disk.
/// </summary>
internal sealed class DiskBudget(long quota)
{
    /// <summary>Bytes of a disk block, the granularity of ext4, XFS and tmpfs on 4 KiB pages.</summary>
    private const long DiskBlock = 4096;

    private long _used;

    public long Quota { get; } = quota;

    public long Used => Interlocked.Read(ref _used);

    /// <summary>False, and nothing counted, when it would exceed the quota.</summary>
    public bool TryTake(long bytes)
    {
        long seen;
        do
        {
            seen = Interlocked.Read(ref _used);
            if (seen + bytes > Quota) return false;
        }
        while (Interlocked.CompareExchange(ref _used, seen + bytes, seen) != seen);
        return true;
    }

    /// <summary>Counts what is there already or what an eviction must copy to get on.</summary>
    public void Take(long bytes) => Interlocked.Add(ref _used, bytes);

    public void GiveBack(long bytes) => Interlocked.Add(ref _used, -bytes);

    public static long Rounded(long bytes) => (bytes + DiskBlock - 1) / DiskBlock * DiskBlock;
}
