using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace SwarmFS.Gateway;

/// <summary>What stands at an address: <see cref="LogSite"/> or <see cref="WitnessSite"/>.</summary>
public interface ISite
{
    /// <summary>The longest body of a request in bytes; 0 where none is read.</summary>
    long MaxBodyLength { get; }

    /// <summary>Answers one request.</summary>
    /// <exception cref="IOException">It cannot be answered now; the client learns no more than that.</exception>
    Task AnswerAsync(HttpContext context);
}

internal static class SiteTarget
{
    /// <summary>What was asked for, as the client wrote it: nothing is decoded and no dot is followed, so that one thing has one address.</summary>
    public static string Of(HttpContext context) => context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
}
