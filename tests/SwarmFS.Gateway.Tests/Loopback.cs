using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;

namespace SwarmFS.Gateway.Tests;

/// <summary>Real sockets on this machine.</summary>
internal static class Loopback
{
    /// <summary>What any single step of a test may take on a busy machine.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static Task<GatewayServer> ServeAsync(ISite site) =>
        GatewayServer.StartAsync(new IPEndPoint(IPAddress.Loopback, 0), site, NullLoggerFactory.Instance, CancellationToken.None);

    public static Uri Url(this GatewayServer server) => new($"http://{server.EndPoint}/");

    /// <summary>Sends bytes as they are and reads until the server closes.</summary>
    public static async Task<string> SendRawAsync(GatewayServer server, string request)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server.EndPoint);
        await using var stream = new NetworkStream(socket);
        var answer = new MemoryStream();
        try
        {
            await stream.WriteAsync(Encoding.Latin1.GetBytes(request));
            await stream.CopyToAsync(answer).WaitAsync(Patience);
        }
        catch (IOException)
        {
            // Reset by the server, after what it had to say.
        }
        return Encoding.Latin1.GetString(answer.ToArray());
    }

    /// <summary>A server that closes on a client that still sends may take its own answer back; then there is nothing.</summary>
    public static void ShouldBeRefusedWith(this string answer, int status)
    {
        if (answer.Length > 0) answer.ShouldStartWith($"HTTP/1.1 {status} ");
    }
}

/// <summary>A server that says what a test wants, byte for byte, to every request.</summary>
internal sealed class RawServer : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Func<int, NetworkStream, CancellationToken, Task> _answer;
    private readonly CancellationTokenSource _end = new();
    private int _requests;

    /// <param name="answer">Gets the number of the request, from 1, and the connection.</param>
    public RawServer(Func<int, NetworkStream, CancellationToken, Task> answer)
    {
        _answer = answer;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(16);
        _ = AcceptAsync();
    }

    public static RawServer Saying(Func<int, string> answer) => new((request, stream, token) => stream.WriteAsync(Encoding.UTF8.GetBytes(answer(request)), token).AsTask());

    public static string Answer(int status, string body, string type = "text/plain") =>
        $"HTTP/1.1 {status} X\r\nContent-Type: {type}\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n\r\n{body}";

    public int Requests => Volatile.Read(ref _requests);

    public Uri Url => new($"http://{_listener.LocalEndPoint}/");

    /// <summary>Ends when a client has left before its answer was whole.</summary>
    public TaskCompletionSource ClientLeft { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Dispose()
    {
        _end.Cancel();
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = ServeAsync(await _listener.AcceptAsync(_end.Token));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        await using var stream = new NetworkStream(client, ownsSocket: true);
        try
        {
            await ReadRequestAsync(stream);
            await _answer(Interlocked.Increment(ref _requests), stream, _end.Token);
            client.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or SocketException)
        {
            ClientLeft.TrySetResult();
        }
    }

    private static async Task ReadRequestAsync(NetworkStream stream)
    {
        var text = "";
        var buffer = new byte[16 << 10];
        while (true)
        {
            var read = await stream.ReadAsync(buffer);
            if (read == 0) throw new IOException("The client left.");
            text += Encoding.Latin1.GetString(buffer, 0, read);
            var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end < 0) continue;
            var mark = text.IndexOf("Content-Length: ", StringComparison.OrdinalIgnoreCase) + "Content-Length: ".Length;
            if (text.Length >= end + 4 + int.Parse(text[mark..text.IndexOf('\r', mark)])) return;
        }
    }
}
