using Microsoft.Extensions.Logging;

namespace SwarmFS.Catalog;

internal static partial class CatalogLog
{
    [LoggerMessage(5001, LogLevel.Information, "Published {Name} {Version} as {Root}")]
    public static partial void Published(ILogger log, string name, string version, string root);

    [LoggerMessage(5003, LogLevel.Warning, "Refused an announcement: {Reason}")]
    public static partial void RecordRefused(ILogger log, string reason);

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

    [LoggerMessage(5011, LogLevel.Warning, "An announcement of the log {Name} is not taken up: {Reason}")]
    public static partial void NotFollowed(ILogger log, string name, string reason);

    [LoggerMessage(5012, LogLevel.Information, "The log {Name} has come to {Entries} entries")]
    public static partial void Followed(ILogger log, string name, long entries);

    [LoggerMessage(5013, LogLevel.Warning, "The suite {Namespace} of {Date} cannot be shown yet: {Reason}")]
    public static partial void SuiteMissing(ILogger log, string @namespace, string date, string reason);

    [LoggerMessage(5014, LogLevel.Error, "Keeping the catalogue up to date failed; it goes on with the next change")]
    public static partial void RoundFailed(ILogger log, Exception failure);

    [LoggerMessage(5015, LogLevel.Error, "The trees that were made are not in the own log yet")]
    public static partial void TreesNotLogged(ILogger log, Exception failure);

    [LoggerMessage(5016, LogLevel.Information, "{Names} names changed; {Packages} packages now")]
    public static partial void Changed(ILogger log, int names, int packages);

    [LoggerMessage(5017, LogLevel.Error, "The log {Name} is refused: {Reason}")]
    public static partial void LogRefused(ILogger log, string name, string reason);

    [LoggerMessage(5018, LogLevel.Warning, "A suite is not recorded: '{Namespace}' is no namespace of one")]
    public static partial void SuiteRefused(ILogger log, string @namespace);

    [LoggerMessage(5019, LogLevel.Warning, "The newest announcement of the log {Name} is not on disk: {Reason}")]
    public static partial void AnnouncementNotOnDisk(ILogger log, string name, string reason);
}
