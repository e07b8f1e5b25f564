using Microsoft.Extensions.Logging;

namespace SwarmFS.Import;

internal static partial class ImportLog
{
    [LoggerMessage(6000, LogLevel.Information, "Imported {Name} {Version}: {Entries} entries, {Bytes} bytes, root {Root}; {Evidence}")]
    public static partial void Imported(ILogger logger, string name, string version, int entries, long bytes, string root, string evidence);

    [LoggerMessage(6001, LogLevel.Warning, "Import refused: {Reason}")]
    public static partial void Refused(ILogger logger, string reason);

    [LoggerMessage(6002, LogLevel.Information, "Accepted {Source} of {Date}, signed by {Signers}")]
    public static partial void SuiteAccepted(ILogger logger, string source, DateTimeOffset date, string signers);

    [LoggerMessage(6003, LogLevel.Warning, "Package source left out: {Reason}")]
    public static partial void SourceLeftOut(ILogger logger, string reason);

    [LoggerMessage(6004, LogLevel.Warning, "{Source} cannot be reached; what it said on {Date} stands: {Reason}")]
    public static partial void SourceUnreachable(ILogger logger, string source, DateTimeOffset date, string reason);

    [LoggerMessage(6005, LogLevel.Debug, "Fetching {Address} again from byte {Offset}: {Reason}")]
    public static partial void FetchResumed(ILogger logger, string address, long offset, string reason);

    [LoggerMessage(6006, LogLevel.Warning, "{Index}: {Count} packages were passed over, because their names or versions cannot stand in an index")]
    public static partial void PackagesPassedOver(ILogger logger, string index, int count);

    [LoggerMessage(6007, LogLevel.Warning, "An index is fetched again: {Reason}")]
    public static partial void IndexDamaged(ILogger logger, string reason);
}
