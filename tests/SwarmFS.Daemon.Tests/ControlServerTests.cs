using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using SwarmFS.Control;
using SwarmFS.Core;
using SwarmFS.Daemon.Requests;

namespace SwarmFS.Daemon.Tests;

public sealed class ControlServerTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string _directory = Directory.CreateTempSubdirectory("daemon-test-").FullName;
    private readonly ControlServer _server;
    private readonly TaskCompletionSource _cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HttpClient _http;

    public ControlServerTests()
    {
        var path = Path.Combine(_directory, "s");
        File.WriteAllText(path, "left behind");
        _server = new ControlServer(path, TimeProvider.System, NullLoggerFactory.Instance);
        _http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellationToken) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            },
        })
        { BaseAddress = new Uri("http://node") };
        var json = ControlJson.Default;
        _server.Map("/ok", json.PathRequest, json.ListReport, (request, _, _) => Task.FromResult(new ListReport(request.Path, [])));
        _server.Map("/missing", json.EmptyRequest, json.ListReport, (_, _, _) => Task.FromException<ListReport>(new ContentUnavailableException("nobody has it")));
        _server.Map("/broken", json.EmptyRequest, json.ListReport, (_, _, _) => Task.FromException<ListReport>(new InvalidOperationException("oops")));
        _server.Map("/long", json.EmptyRequest, json.ListReport, async (_, progress, cancellationToken) =>
        {
            for (var i = 0; i < 100_000; i++) progress.Report(new ProgressReport("working", "x", i, 100_000, "blocks"));
            _begun.TrySetResult();
            try
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }
            finally
            {
                _cancelled.TrySetResult();
            }
            return new ListReport("", []);
        });
        _server.MapContent("/content", json.PathRequest, async (request, output, cancellationToken) =>
        {
            if (request.Path == "none") throw new ContentUnavailableException("nobody has it");
            await output.WriteAsync("part one"u8.ToArray(), cancellationToken);
            await output.FlushAsync(cancellationToken);
            if (request.Path == "half") throw new ContentUnavailableException("nobody has the rest");
        });
    }

    public async ValueTask InitializeAsync() => await _server.StartAsync(CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _server.DisposeAsync();
        Directory.GetFiles(_directory).ShouldBeEmpty();
        Directory.Delete(_directory);
    }

    private Task<HttpResponseMessage> PostAsync(string route, string body = "{}", CancellationToken cancellationToken = default)
    {
        var message = new HttpRequestMessage(HttpMethod.Post, route) { Content = new StringContent(body) };
        return _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
    }

    [Fact]
    public void The_socket_is_its_owners_alone() =>
        File.GetUnixFileMode(Path.Combine(_directory, "s")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);

    [Fact]
    public async Task A_result_is_one_line() =>
        (await (await PostAsync("/ok", """{"path":"pkgs"}""")).Content.ReadAsStringAsync()).ShouldBe("{\"result\":{\"path\":\"pkgs\",\"entries\":[]}}\n");

    [Theory]
    [InlineData("/missing", "{}", "unavailable", "nobody has it")]
    [InlineData("/broken", "{}", "failed", "oops")]
    [InlineData("/none", "{}", "usage", "does not know the request")]
    [InlineData("/ok", "{\"path\":", "usage", "malformed")]
    [InlineData("/ok", "null", "usage", "malformed")]
    [InlineData("/content", "{\"path\":\"none\"}", "unavailable", "nobody has it")]
    public async Task An_error_says_its_kind_and_its_reason(string route, string body, string code, string reason)
    {
        var answer = await (await PostAsync(route, body)).Content.ReadAsStringAsync();
        answer.ShouldStartWith($"{{\"error\":{{\"code\":\"{code}\"");
        answer.ShouldContain(reason);
    }

    [Fact]
    public async Task A_request_that_is_too_long_is_refused()
    {
        var answer = await (await PostAsync("/ok", $"{{\"path\":\"{new string('x', ControlProtocol.MaxRequestLength)}\"}}")).Content.ReadAsStringAsync();
        answer.ShouldContain("malformed");
    }

    [Fact]
    public async Task Content_that_breaks_off_cannot_be_taken_for_whole()
    {
        (await (await PostAsync("/content", """{"path":"whole"}""")).Content.ReadAsStringAsync()).ShouldBe("part one");
        await Should.ThrowAsync<HttpRequestException>(async () => await (await PostAsync("/content", """{"path":"half"}""")).Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Closing_the_connection_cancels_the_work()
    {
        using var leave = new CancellationTokenSource();
        var asking = PostAsync("/long", cancellationToken: leave.Token);
        await _begun.Task.WaitAsync(Patience);
        await leave.CancelAsync();
        await _cancelled.Task.WaitAsync(Patience);
        await Should.ThrowAsync<OperationCanceledException>(async () => await (await asking).Content.ReadAsStringAsync(leave.Token));
    }

    [Fact]
    public async Task A_stopping_node_ends_its_requests_and_says_so_and_sends_progress_before()
    {
        using var response = await PostAsync("/long");
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(), Encoding.UTF8);
        (await reader.ReadLineAsync().WaitAsync(Patience))!.ShouldContain("\"progress\":{\"stage\":\"working\"");
        _server.CancelRequests();
        await _cancelled.Task.WaitAsync(Patience);
        var rest = await reader.ReadToEndAsync().WaitAsync(Patience);
        rest.ShouldContain("The node is stopping");
        rest.Split('\n').Length.ShouldBeLessThan(100);
    }
}
