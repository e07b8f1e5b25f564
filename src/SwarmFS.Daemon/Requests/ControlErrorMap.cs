using SwarmFS.Catalog;
using SwarmFS.Control;
using SwarmFS.Core;
using SwarmFS.Import;

namespace SwarmFS.Daemon.Requests;

/// <summary>The one place where what the rooms throw becomes what a person is told.</summary>
internal static class ControlErrorMap
{
    /// <summary>Null for what nobody expected: that belongs into the log with its stack.</summary>
    public static ControlError? Of(Exception exception) => exception switch
    {
        RequestException request => request.Error,
        ImportRefusedException refused => new ControlError(ControlErrors.Refused, refused.Message),
        CatalogRefusedException refused => new ControlError(ControlErrors.Refused, refused.Message),
        NotProvableYetException waiting => new ControlError(ControlErrors.Unavailable, waiting.Message),
        SourceUnavailableException unreachable => new ControlError(ControlErrors.Unavailable, unreachable.Message),
        InvalidTreeException invalid => new ControlError(ControlErrors.Refused, invalid.Message),
        ContentUnavailableException missing => new ControlError(ControlErrors.Unavailable, missing.Message),
        StoreFullException full => new ControlError(ControlErrors.Failed, full.Message),
        HttpRequestException failed => new ControlError(ControlErrors.Unavailable, failed.Message, "Check the network and the repository's address."),
        IOException or UnauthorizedAccessException => new ControlError(ControlErrors.Failed, exception.Message),
        _ => null,
    };
}
