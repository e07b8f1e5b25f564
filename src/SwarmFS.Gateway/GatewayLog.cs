using Microsoft.Extensions.Logging;

namespace SwarmFS.Gateway;

internal static partial class GatewayLog
{
    [LoggerMessage(10000, LogLevel.Error, "A request for {Target} could not be answered: {Reason}")]
    public static partial void Failed(ILogger log, string target, string reason);

    [LoggerMessage(10001, LogLevel.Information, "Cosigned for {Client}: {Cosignature}")]
    public static partial void Cosigned(ILogger log, string client, string cosignature);

    [LoggerMessage(10004, LogLevel.Debug, "Refused {Client} with {Status}: {Reason}")]
    public static partial void Refused(ILogger log, string client, int status, string reason);

    [LoggerMessage(10002, LogLevel.Critical, "The log {Origin} signed two histories; evidence of it was submitted by {Client}")]
    public static partial void Fork(ILogger log, string origin, string client);

    [LoggerMessage(10003, LogLevel.Warning, "The witness {Name} did not cosign: {Reason}")]
    public static partial void NotCosigned(ILogger log, string name, string reason);
}
