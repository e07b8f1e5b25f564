using Microsoft.Extensions.Logging;
using SwarmFS.Core;

namespace SwarmFS.Store;

/// <summary>The room's log messages; event ids 1000–1999.</summary>
internal static partial class StoreLog
{
    [LoggerMessage(1000, LogLevel.Information, "Store {Directory} opened: {Blocks} blocks, {DiskBytes} of {QuotaBytes} bytes on disk, {Pins} pinned roots")]
    public static partial void Opened(ILogger logger, string directory, long blocks, long diskBytes, long quotaBytes, int pins);

    [LoggerMessage(1001, LogLevel.Warning, "Pack {Path} ended in the middle of a record, as after a crash: cut back from {Found} to {Sound} bytes")]
    public static partial void PackCutBack(ILogger logger, string path, long found, long sound);

    [LoggerMessage(1002, LogLevel.Warning, "{Path} is left over from a crash and was removed: {Reason}")]
    public static partial void LeftOverRemoved(ILogger logger, string path, string reason);

    [LoggerMessage(1003, LogLevel.Error, "Block {Cid} in {Path} is damaged ({Reason}) and was dropped; it will be fetched again when it is needed")]
    public static partial void BlockDamaged(ILogger logger, Cid cid, string path, string reason);

    [LoggerMessage(1004, LogLevel.Information, "Evicted {Blocks} blocks, {Bytes} bytes; {DiskBytes} of {QuotaBytes} bytes on disk are left")]
    public static partial void Evicted(ILogger logger, long blocks, long bytes, long diskBytes, long quotaBytes);

    [LoggerMessage(1005, LogLevel.Warning,
        "The store is full and all of it is pinned, mounted or held: new blocks are used once and not kept. Unpin something or raise the quota ({QuotaBytes} bytes)")]
    public static partial void NothingToEvict(ILogger logger, long quotaBytes);

    [LoggerMessage(1006, LogLevel.Warning, "The disk that holds {Directory} is full: new blocks are used once and not kept until there is space again")]
    public static partial void DiskFull(ILogger logger, string directory);

    [LoggerMessage(1007, LogLevel.Error, "{Path} could not be evicted and stays")]
    public static partial void EvictionFailed(ILogger logger, string path, Exception failure);

    [LoggerMessage(1008, LogLevel.Error, "Flushing the store failed; it is tried again")]
    public static partial void FlushFailed(ILogger logger, Exception failure);

    [LoggerMessage(1009, LogLevel.Warning, "Node {Cid} is none that this version can read: {Reason}. What it links to is not kept with it")]
    public static partial void UnreadableNode(ILogger logger, Cid cid, string reason);

    [LoggerMessage(1010, LogLevel.Error, "Writing to {Directory} failed; what was to be written is used from memory alone")]
    public static partial void WriteFailed(ILogger logger, string directory, Exception failure);

    [LoggerMessage(1011, LogLevel.Error, "Fetched blocks that waited to be written to {Directory} could not be; they are gone and will be fetched again when they are needed")]
    public static partial void WaitingBlocksLost(ILogger logger, string directory, Exception failure);

    [LoggerMessage(1012, LogLevel.Error, "Housekeeping of the store {Directory} met what it does not know and goes on; check the owner and the attributes of its files")]
    public static partial void HousekeepingFailed(ILogger logger, string directory, Exception failure);

    [LoggerMessage(1013, LogLevel.Error, "The disk cannot give what {Path} says ({Reason}): blocks that nothing else lists are fetched again when they are needed. Look at the disk")]
    public static partial void Unreadable(ILogger logger, string path, string reason);
}
