using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SwarmFS.Control;

namespace SwarmFS.Daemon.Requests;

/// <summary>
/// The control socket (see <see cref="ControlProtocol"/>): takes a request apart, runs the operation that belongs to its route, and writes what comes of it.
/// A request ends when its connection does, or when the node stops.
/// </summary>
internal sealed class ControlServer : IAsyncDisposable
{
    // Kestrel's defaults serve thousands; this socket serves the people of one machine. 64 long commands at once is more than anybody types.
    private const int ConnectionsMax = 64;

    private readonly WebApplication _web;
    private readonly string _socketPath;
    private readonly Dictionary<string, Func<HttpContext, CancellationToken, Task>> _routes = [];
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stopping = new();

    public ControlServer(string socketPath, TimeProvider time, ILoggerFactory loggers)
    {
        _socketPath = socketPath;
        _time = time;
        _log = loggers.CreateLogger("SwarmFS.Daemon");
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(loggers);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options =>
        {
            options.ListenUnixSocket(socketPath, listen => listen.Protocols = HttpProtocols.Http1);
            options.Limits.MaxConcurrentConnections = ConnectionsMax;
            options.Limits.MaxRequestBodySize = ControlProtocol.MaxRequestLength;
            // A pager reads as slowly as a person.
            options.Limits.MinResponseDataRate = null;
            options.AddServerHeader = false;
        });
        _web = builder.Build();
        _web.Run(AnswerAsync);
    }

    /// <summary>Answers a route with events: progress, then one result.</summary>
    public void Map<TRequest, TResult>(
        string route, JsonTypeInfo<TRequest> requestType, JsonTypeInfo<TResult> resultType, Func<TRequest, IProgress<ProgressReport>, CancellationToken, Task<TResult>> operation) =>
        _routes[route] = async (context, cancellationToken) =>
        {
            var request = await ReadAsync(context, requestType, cancellationToken);
            var answer = new EventAnswer(context, _time);
            var work = Task.Run(() => operation(request, answer, cancellationToken), CancellationToken.None);
            await answer.FollowAsync(work, cancellationToken);
            await answer.ResultAsync(await work, resultType, cancellationToken);
        };

    /// <summary>Answers a route with content. What fails before the first byte is told; what fails after it breaks the answer off.</summary>
    public void MapContent<TRequest>(string route, JsonTypeInfo<TRequest> requestType, Func<TRequest, Stream, CancellationToken, Task> operation) =>
        _routes[route] = async (context, cancellationToken) =>
        {
            var request = await ReadAsync(context, requestType, cancellationToken);
            context.Response.ContentType = ControlProtocol.BytesType;
            await operation(request, context.Response.Body, cancellationToken);
        };

    /// <summary>Answers routes with the reason why this node does not serve them.</summary>
    public void Refuse(IEnumerable<string> routes, ControlError error)
    {
        foreach (var route in routes) _routes[route] = (_, _) => throw new RequestException(error.Code, error.Message, error.Remedy);
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        // Left behind by a node that was killed; the state directory's lock says that none is running.
        File.Delete(_socketPath);
        await _web.StartAsync(cancellationToken);
        File.SetUnixFileMode(_socketPath, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    /// <summary>Ends what is being answered, but for requests that wait for the end of the node itself.</summary>
    public void CancelRequests() => _stopping.Cancel();

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _web.StopAsync();
        await _web.DisposeAsync();
        File.Delete(_socketPath);
        _stopping.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var route = context.Request.Path.Value ?? "";
        var patient = route == ControlRoutes.Down;
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, patient ? CancellationToken.None : _stopping.Token);
        try
        {
            if (!HttpMethods.IsPost(context.Request.Method) || !_routes.TryGetValue(route, out var operation))
                throw new RequestException(ControlErrors.Usage, $"This node does not know the request {context.Request.Method} {route}.", "Use the swarmfs that belongs to the node.");
            await operation(context, ends.Token);
        }
        catch (OperationCanceledException) when (ends.IsCancellationRequested)
        {
            await FailAsync(context, new ControlError(ControlErrors.Failed, "The node is stopping.", "Start it again with swarmfs up."));
        }
        catch (Exception e)
        {
            var error = ControlErrorMap.Of(e);
            if (error is null) _log.RequestFailed(route, e);
            await FailAsync(context, error ?? new ControlError(ControlErrors.Failed, $"The node could not do it: {e.GetType().Name}: {e.Message}", "The node's log has the details."));
        }
    }

    private async Task FailAsync(HttpContext context, ControlError error)
    {
        if (context.RequestAborted.IsCancellationRequested) return;
        if (context.Response.HasStarted && context.Response.ContentType != ControlProtocol.EventsType) context.Abort();
        else await new EventAnswer(context, _time).ErrorAsync(error, context.RequestAborted);
    }

    private static async Task<TRequest> ReadAsync<TRequest>(HttpContext context, JsonTypeInfo<TRequest> type, CancellationToken cancellationToken)
    {
        try
        {
            return await JsonSerializer.DeserializeAsync(context.Request.Body, type, cancellationToken) ?? throw new JsonException("the body is null");
        }
        catch (Exception e) when (e is JsonException or Microsoft.AspNetCore.Http.BadHttpRequestException)
        {
            throw new RequestException(ControlErrors.Usage, $"The request's body is malformed: {e.Message}", "Use the swarmfs that belongs to the node.");
        }
    }
}
