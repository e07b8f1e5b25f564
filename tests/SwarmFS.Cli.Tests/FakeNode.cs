using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using SwarmFS.Control;

namespace SwarmFS.Cli.Tests;

/// <summary>A node's control socket that gives prepared answers, and remembers what it was asked. Speaks just enough HTTP.</summary>
internal sealed class FakeNode : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly Dictionary<string, (string Type, byte[] Body, bool Whole)> _answers = [];
    private readonly List<(string Route, string Body)> _asked = [];
    private readonly Task _serving;

    public FakeNode()
    {
        State = Directory.CreateTempSubdirectory("cli-test-").FullName;
        _listener.Bind(new UnixDomainSocketEndPoint(ControlProtocol.SocketPath(State)));
        _listener.Listen(8);
        _serving = ServeAsync();
    }

    public string State { get; }

    public IReadOnlyList<(string Route, string Body)> Asked => _asked;

    /// <summary>Set when a client went away before its answer was whole.</summary>
    public TaskCompletionSource ClientLeft { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource GotRequest { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public FakeNode Answers<T>(string route, T result, JsonTypeInfo<T> type, params ProgressReport[] progress)
    {
        var lines = progress.Select(report => JsonSerializer.Serialize(new ControlEvent(Progress: report), ControlJson.Default.ControlEvent))
            .Append($"{{\"result\":{JsonSerializer.Serialize(result, type)}}}");
        return Answer(route, ControlProtocol.EventsType, string.Join('\n', lines) + "\n");
    }

    public FakeNode Refuses(string route, ControlError error) =>
        Answer(route, ControlProtocol.EventsType, JsonSerializer.Serialize(new ControlEvent(Error: error), ControlJson.Default.ControlEvent) + "\n");

    public FakeNode Sends(string route, string content, bool whole = true) => Answer(route, ControlProtocol.BytesType, content, whole);

    /// <summary>Takes the request and never answers.</summary>
    public FakeNode Hangs(string route) => Answer(route, "", "");

    public void Dispose()
    {
        _listener.Dispose();
        Directory.Delete(State, recursive: true);
    }

    private FakeNode Answer(string route, string type, string body, bool whole = true)
    {
        _answers[route] = (type, Encoding.UTF8.GetBytes(body), whole);
        return this;
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptAsync();
                await ServeAsync(client);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        var request = await ReadRequestAsync(client);
        _asked.Add(request);
        GotRequest.TrySetResult();
        var (type, body, whole) = _answers[request.Route];
        if (type.Length == 0)
        {
            var left = await client.ReceiveAsync(new byte[1]);
            if (left == 0) ClientLeft.TrySetResult();
            return;
        }
        var length = whole ? body.Length : body.Length + 1000;
        await client.SendAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: {type}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"));
        await client.SendAsync(body);
        client.Shutdown(SocketShutdown.Both);
    }

    private static async Task<(string Route, string Body)> ReadRequestAsync(Socket client)
    {
        var text = "";
        var buffer = new byte[4096];
        while (true)
        {
            text += Encoding.UTF8.GetString(buffer, 0, await client.ReceiveAsync(buffer));
            var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end < 0) continue;
            var mark = text.IndexOf("Content-Length: ", StringComparison.OrdinalIgnoreCase) + "Content-Length: ".Length;
            var length = int.Parse(text[mark..text.IndexOf('\r', mark)]);
            if (text.Length >= end + 4 + length) return (text.Split(' ')[1], text[(end + 4)..]);
        }
    }
}
