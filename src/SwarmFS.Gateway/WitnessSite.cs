using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using SwarmFS.Transparency;

namespace SwarmFS.Gateway;

/// <summary>
/// A witness over HTTP (C2SP tlog-witness): <c>POST /add-checkpoint</c>, with the status codes of <see cref="WitnessOutcome"/>; besides them 405 and 404 for what is nothing of that, 408, 413 and 429
/// for clients that take too long, send or ask too much, and 500 when the witness's memory fails: then no cosignature has left.
/// </summary>
/// <param name="evidence">Told when a log was caught with two histories; on the thread of the request, before the answer.</param>
public sealed class WitnessSite(Witness witness, Action<ForkEvidence> evidence, TimeProvider time, ILoggerFactory loggers) : ISite
{
    /// <summary>Requests of one client at once. A log sends one after another; a reverse proxy is one client.</summary>
    public const int ClientRequestsMax = 16;

    private const string Target = "/add-checkpoint";

    /// <summary>A body has at most 70 KiB; that takes longer only on purpose.</summary>
    private static readonly TimeSpan BodyWithin = TimeSpan.FromSeconds(10);

    private readonly ClientSlots _clients = new(ClientRequestsMax);
    private readonly ILogger _log = loggers.CreateLogger("SwarmFS.Gateway");

    public long MaxBodyLength => AddCheckpointRequest.MaxLength;

    public async Task AnswerAsync(HttpContext context)
    {
        var response = context.Response;
        if (SiteTarget.Of(context) != Target)
        {
            response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }
        if (!HttpMethods.IsPost(context.Request.Method))
        {
            (response.StatusCode, response.Headers.Allow) = (StatusCodes.Status405MethodNotAllowed, "POST");
            return;
        }
        if (_clients.TryEnter(context.Connection.RemoteIpAddress) is not { } client)
        {
            response.StatusCode = StatusCodes.Status429TooManyRequests;
            return;
        }
        try
        {
            await CosignAsync(context);
        }
        finally
        {
            _clients.Leave(client);
        }
    }

    private async Task CosignAsync(HttpContext context)
    {
        var response = context.Response;
        if (await ReadBodyAsync(context) is not { } body)
        {
            response.StatusCode = StatusCodes.Status408RequestTimeout;
            response.Headers.Connection = "close";
            return;
        }
        var answer = witness.AddCheckpoint(body.Span);
        var client = context.Connection.RemoteIpAddress?.ToString() ?? "?";
        if (answer.Outcome == WitnessOutcome.Cosigned) GatewayLog.Cosigned(_log, client, answer.Body.TrimEnd());
        else GatewayLog.Refused(_log, client, answer.StatusCode, answer.Body.TrimEnd());
        if (answer.Evidence is { } fork)
        {
            GatewayLog.Fork(_log, fork.Log.Name, client);
            evidence(fork);
        }
        var bytes = Encoding.UTF8.GetBytes(answer.Body);
        (response.StatusCode, response.ContentType, response.ContentLength) = (answer.StatusCode, answer.ContentType, bytes.Length);
        await response.Body.WriteAsync(bytes, context.RequestAborted);
    }

    /// <returns>Null when it does not come in time.</returns>
    /// <exception cref="BadHttpRequestException">It is longer than allowed (413), or the client breaks off.</exception>
    private async Task<ReadOnlyMemory<byte>?> ReadBodyAsync(HttpContext context)
    {
        using var patience = new CancellationTokenSource(BodyWithin, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, context.RequestAborted);
        var buffer = new byte[AddCheckpointRequest.MaxLength + 1];
        try
        {
            var length = await context.Request.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, either.Token);
            return buffer.AsMemory(0, length);
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested)
        {
            return null;
        }
    }
}
