using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using SwarmFS.Control;

namespace SwarmFS.Cli;

/// <summary>The node said no, or why it could not.</summary>
internal sealed class ControlException(ControlError error) : Exception(error.Message)
{
    public ControlError Error { get; } = error;
}

/// <summary>What was typed makes no sense, which only shows when it is looked at closely.</summary>
internal sealed class UsageException(string message) : Exception(message);

/// <summary>No node listens on the control socket.</summary>
internal sealed class NoNodeException(string message) : Exception(message);

/// <summary>One request to a running node. Cancelling closes the connection, which ends the work in the node.</summary>
internal sealed class ControlClient : IDisposable
{
    private readonly string _socketPath;
    private readonly HttpClient _http;

    public ControlClient(string stateDirectory)
    {
        _socketPath = ControlProtocol.SocketPath(stateDirectory);
        var handler = new SocketsHttpHandler { ConnectCallback = ConnectAsync, UseProxy = false, UseCookies = false };
        _http = new HttpClient(handler) { BaseAddress = new Uri("http://swarmfs"), Timeout = Timeout.InfiniteTimeSpan };
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Sends a request and follows its events to the result.</summary>
    /// <exception cref="ControlException">The node refused or failed.</exception>
    /// <exception cref="NoNodeException">There is no node, or it went away before it answered.</exception>
    public async Task<TResult> CallAsync<TRequest, TResult>(
        string route, TRequest request, JsonTypeInfo<TRequest> requestType, JsonTypeInfo<TResult> resultType, IProgress<ProgressReport>? progress, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(route, request, requestType, cancellationToken);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken), Encoding.UTF8);
        while (await ReadEventAsync(reader, cancellationToken) is { } happened)
        {
            if (happened.Error is { } error) throw new ControlException(error);
            if (happened.Result is { } result) return result.Deserialize(resultType)!;
            if (happened.Progress is { } report) progress?.Report(report);
        }
        throw new NoNodeException("The node ended before it answered. Its log says why; swarmfs status tells whether it runs again.");
    }

    /// <summary>Copies an answer that is content.</summary>
    /// <returns>Its length.</returns>
    /// <exception cref="ControlException">The node refused or failed before the first byte.</exception>
    /// <exception cref="NoNodeException">There is no node, or it went away in the middle.</exception>
    public async Task<long> DownloadAsync<TRequest>(string route, TRequest request, JsonTypeInfo<TRequest> requestType, Stream destination, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(route, request, requestType, cancellationToken);
        await using var content = await response.Content.ReadAsStreamAsync(cancellationToken);
        if (response.Content.Headers.ContentType?.MediaType == ControlProtocol.BytesType)
        {
            try
            {
                return await CopyAsync(content, destination, cancellationToken);
            }
            catch (HttpIOException)
            {
                throw new ControlException(new ControlError(
                    ControlErrors.Unavailable, "The content broke off in the middle: a part of it could not be had in time.", "Try again when a peer that holds it is connected: swarmfs peers."));
            }
        }
        using var reader = new StreamReader(content, Encoding.UTF8);
        throw new ControlException((await ReadEventAsync(reader, cancellationToken))?.Error ?? new ControlError(ControlErrors.Failed, $"The node answered {route} with neither content nor an error."));
    }

    private static async Task<long> CopyAsync(Stream source, Stream destination, CancellationToken cancellationToken)
    {
        var buffer = new byte[1 << 20];
        long length = 0;
        while (await source.ReadAsync(buffer, cancellationToken) is var read and > 0)
        {
            await destination.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            length += read;
        }
        return length;
    }

    private async Task<HttpResponseMessage> SendAsync<TRequest>(string route, TRequest request, JsonTypeInfo<TRequest> type, CancellationToken cancellationToken)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, route)
        {
            Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(request, type)) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
        };
        try
        {
            return await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }
        catch (HttpRequestException e) when (e.InnerException is NoNodeException missing)
        {
            throw new NoNodeException(missing.Message);
        }
        catch (HttpRequestException e) when (e.InnerException is HttpIOException)
        {
            throw new NoNodeException("The node closed the connection before it answered. Its log says why; swarmfs status tells whether it runs.");
        }
    }

    private static async Task<ControlEvent?> ReadEventAsync(StreamReader reader, CancellationToken cancellationToken)
    {
        try
        {
            return await reader.ReadLineAsync(cancellationToken) is { Length: > 0 } line ? JsonSerializer.Deserialize(line, ControlJson.Default.ControlEvent) : null;
        }
        catch (Exception e) when (e is HttpIOException or JsonException)
        {
            return null;
        }
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(_socketPath), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AccessDenied)
        {
            socket.Dispose();
            throw new NoNodeException($"The control socket {_socketPath} belongs to another user. Run the command as that user, or with sudo.");
        }
        catch (Exception e) when (e is SocketException or ArgumentOutOfRangeException)
        {
            socket.Dispose();
            var state = Path.GetDirectoryName(_socketPath);
            throw new NoNodeException($"No node is running on {state}. Start one with: swarmfs --state {state} up");
        }
    }
}
