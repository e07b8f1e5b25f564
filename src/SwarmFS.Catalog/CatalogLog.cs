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

    [LoggerMessage(5006, LogLevel.Information, "The own log has {Records} records more, {Entries} entries in all")]
    public static partial void BatchClosed(ILogger log, int records, long entries);

    [LoggerMessage(5007, LogLevel.Warning, "The own log's checkpoint of {Entries} entries is not published yet: {Missing}")]
    public static partial void NotCosigned(ILogger log, long entries, string missing);

    [LoggerMessage(5008, LogLevel.Warning, "The own log cannot be served until its next batch: {Reason}")]
    public static partial void LogNotServed(ILogger log, string reason);

    [LoggerMessage(5009, LogLevel.Error, "The log {Name} signed two histories and is believed no further; the evidence is in {Evidence}")]
    public static partial void Forked(ILogger log, string name, string evidence);

    [LoggerMessage(5010, LogLevel.Error, "Peers have a log of this node's key with {Entries} entries, more than it has itself: restore its newest state, or begin a new log with a new key")]
    public static partial void OwnLogAhead(ILogger log, long entries);
}
