using Microsoft.Extensions.Logging;

namespace SwarmFS.Catalog;

internal static partial class CatalogLog
{
    [LoggerMessage(5001, LogLevel.Information, "Published {Name} {Version} as {Root}")]
    public static partial void Published(ILogger log, string name, string version, string root);

    [LoggerMessage(5002, LogLevel.Warning, "Skipped a record of the journal: {Reason}")]
    public static partial void RecordSkipped(ILogger log, string reason);

    [LoggerMessage(5003, LogLevel.Warning, "Refused an announcement: {Reason}")]
    public static partial void RecordRefused(ILogger log, string reason);

    [LoggerMessage(5004, LogLevel.Warning, "Declined an announcement of {Name} by {Importer}: too many records")]
    public static partial void RecordDeclined(ILogger log, string name, string importer);

    [LoggerMessage(5005, LogLevel.Warning, "{Name} {Version}: {Other} announces another root than {Believed}, who is believed")]
    public static partial void Conflict(ILogger log, string name, string version, string believed, string other);
}
