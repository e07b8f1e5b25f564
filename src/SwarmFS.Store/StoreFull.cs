using SwarmFS.Core;

namespace SwarmFS.Store;

/// <summary>The words for a store that cannot take more.</summary>
internal static class StoreFull
{
    public static StoreFullException For(string directory, long missingBytes, DiskBudget budget) => new(
        $"The store in '{directory}' cannot take {missingBytes} more bytes: {budget.Used} of {budget.Quota} bytes are taken and nothing more may be evicted, "
        + "or the disk itself is full. Unpin what is not needed, raise the quota, or free disk space.");
}
