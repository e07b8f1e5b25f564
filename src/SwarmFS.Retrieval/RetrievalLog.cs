using Microsoft.Extensions.Logging;

namespace SwarmFS.Retrieval;

internal static partial class RetrievalLog
{
    [LoggerMessage(4000, LogLevel.Warning, "Source {Source} broke its promise while fetching for root {Root}: it is treated as having nothing")]
    public static partial void SourceFailed(this ILogger logger, Exception error, string source, string root);

    [LoggerMessage(4001, LogLevel.Warning, "{Count} block(s) of root {Root} could not be had in time: {Explanation}")]
    public static partial void Unavailable(this ILogger logger, int count, string root, string? explanation);

    [LoggerMessage(4002, LogLevel.Warning, "Root {Root} is malformed and refused: {Reason}")]
    public static partial void HostileTree(this ILogger logger, string root, string reason);

    [LoggerMessage(4003, LogLevel.Warning, "The store could not write a block; reads go on from memory")]
    public static partial void StoreWriteFailed(this ILogger logger, Exception error);

    [LoggerMessage(4004, LogLevel.Debug, "{Count} block(s), {Bytes} bytes, asked ahead for root {Root}")]
    public static partial void Prefetching(this ILogger logger, int count, long bytes, string root);

    [LoggerMessage(4005, LogLevel.Debug, "Directory structure of root {Root} is here: {Entries} entries in {Milliseconds} ms")]
    public static partial void TreeLoaded(this ILogger logger, string root, int entries, long milliseconds);

    [LoggerMessage(4006, LogLevel.Debug, "A prefetch for root {Root} came back short by {Missing} block(s): {Explanation}")]
    public static partial void PrefetchShort(this ILogger logger, string root, int missing, string? explanation);
}
