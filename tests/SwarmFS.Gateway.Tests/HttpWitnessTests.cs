using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using SwarmFS.Catalog;
using SwarmFS.Testing;
using SwarmFS.Transparency;
using SwarmFS.Transparency.Tests;

namespace SwarmFS.Gateway.Tests;

public sealed class HttpWitnessTests : IDisposable
{
    private readonly SampleLog _log = new(300);
    private readonly SampleWitness _key = new("w.example");
    private readonly ManualTimeProvider _time = new();
    private readonly HttpMessageInvoker _http = HttpWitness.CreateClient();

    public void Dispose()
    {
        _log.Dispose();
        _key.Dispose();
        _http.Dispose();
    }

    private CosigningRequest Request(long oldSize, long size) => new(_log.CheckpointAt(size), oldSize, from => _log.Tree.ProveConsistency(from, size));

    private HttpWitness At(Uri url) => new(_key.Key, url, _http, _time);

    private Task<WitnessReply> AskAsync(Uri url, long oldSize = 0, long size = 300) => At(url).CosignAsync(Request(oldSize, size), CancellationToken.None).WaitAsync(Loopback.Patience);

    private Task<GatewayServer> ServeAsync() =>
        Loopback.ServeAsync(new WitnessSite(new Witness(_key.Cosigner, [_log.Key], new MemoryWitnessStore(), _time), _ => { }, _time, NullLoggerFactory.Instance));

    private string Cosignature(long size = 300) => $"{_key.Cosign(_log.CheckpointAt(size), _time.GetUtcNow().ToUnixTimeSeconds())}\n";

    private async Task IsRefusedAsync(Func<int, string> answer, string reason)
    {
        using var server = RawServer.Saying(answer);
        var reply = await AskAsync(server.Url);
        reply.IsCosigned.ShouldBeFalse();
        reply.Cosignature.ShouldBeNull();
        reply.Reason.ShouldNotBeNull().ShouldContain(reason);
    }

    [Fact]
    public async Task An_honest_witness_cosigns_and_goes_on_from_the_size_that_it_has_seen()
    {
        await using var server = await ServeAsync();
        (await AskAsync(server.Url(), 0, 10)).IsCosigned.ShouldBeTrue();
        var reply = await AskAsync(server.Url(), 250, 300);
        reply.Reason.ShouldBeNull();
        _log.CheckpointAt(300).With(reply.Cosignature!).TryGetCosignatureTime(_key.Key, out var time).ShouldBeTrue();
        time.ShouldBe(_time.GetUtcNow());
    }

    [Fact]
    public async Task A_renewal_brings_a_newer_time_for_the_same_checkpoint()
    {
        await using var server = await ServeAsync();
        await AskAsync(server.Url());
        _time.Advance(TimeSpan.FromHours(1));
        var reply = await AskAsync(server.Url(), 300, 300);
        _log.CheckpointAt(300).With(reply.Cosignature!).TryGetCosignatureTime(_key.Key, out var time).ShouldBeTrue();
        time.ShouldBe(_time.GetUtcNow());
    }

    [Fact]
    public async Task A_log_that_was_taken_back_is_told_that_the_witness_has_seen_more()
    {
        await using var server = await ServeAsync();
        await AskAsync(server.Url(), 0, 300);
        (await AskAsync(server.Url(), 0, 200)).Reason.ShouldNotBeNull().ShouldContain("it has seen 300 entries of this log, which now has only 200");
    }

    [Fact]
    public async Task A_cosignature_of_another_checkpoint_or_key_is_none()
    {
        using var other = new SampleWitness("other.example");
        using var impostor = SampleLog.KeyOf("impostor");
        await IsRefusedAsync(_ => RawServer.Answer(200, Cosignature(size: 200)), "not its");
        await IsRefusedAsync(_ => RawServer.Answer(200, $"{other.Cosign(_log.CheckpointAt(300), 1)}\n"), "no cosignature in the name of w.example");
        await IsRefusedAsync(_ => RawServer.Answer(200, $"{new Cosigner("w.example", impostor).Cosign(_log.CheckpointAt(300).Text, _time.GetUtcNow())}\n"), "no cosignature in the name");
        await IsRefusedAsync(_ => RawServer.Answer(200, ""), "no cosignature in the name");
        await IsRefusedAsync(_ => RawServer.Answer(200, "garbage\n"), "not made of signatures");
    }

    [Fact]
    public async Task A_cosignature_from_the_future_is_none()
    {
        await IsRefusedAsync(_ => RawServer.Answer(200, $"{_key.Cosign(_log.CheckpointAt(300), _time.GetUtcNow().ToUnixTimeSeconds() + 301)}\n"), "is to come");
        using var server = RawServer.Saying(_ => RawServer.Answer(200, $"{_key.Cosign(_log.CheckpointAt(300), _time.GetUtcNow().ToUnixTimeSeconds() + 299)}\n"));
        (await AskAsync(server.Url)).IsCosigned.ShouldBeTrue();
    }

    [Fact]
    public async Task Lines_of_other_keys_in_an_answer_are_passed_over()
    {
        using var other = new SampleWitness("other.example");
        using var server = RawServer.Saying(_ => RawServer.Answer(200, $"{other.Cosign(_log.CheckpointAt(300), 1)}\n{Cosignature()}"));
        (await AskAsync(server.Url)).IsCosigned.ShouldBeTrue();
    }

    [Fact]
    public async Task A_redirect_is_not_followed()
    {
        using var target = RawServer.Saying(_ => RawServer.Answer(200, Cosignature()));
        await IsRefusedAsync(_ => $"HTTP/1.1 307 X\r\nLocation: {target.Url}add-checkpoint\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", "307");
        target.Requests.ShouldBe(0);
    }

    [Theory]
    [InlineData(403, "it answers 403: the log did not sign this")]
    [InlineData(404, "it answers 404")]
    [InlineData(422, "it answers 422")]
    [InlineData(500, "it answers 500")]
    [InlineData(409, "it answers 409")]
    public async Task A_refusal_is_told_with_what_the_witness_said(int status, string reason) => await IsRefusedAsync(_ => RawServer.Answer(status, "the log did not sign this\n"), reason);

    [Fact]
    public async Task Nothing_that_a_witness_says_reaches_a_terminal_as_a_control_character()
    {
        using var server = RawServer.Saying(_ => RawServer.Answer(500, "\x1b[2J" + new string('x', 1000)));
        var reason = (await AskAsync(server.Url)).Reason.ShouldNotBeNull();
        reason.ShouldNotContain("\x1b");
        reason.Length.ShouldBeLessThan(300);
    }

    [Theory]
    [InlineData("0\n")]
    [InlineData("0300\n")]
    [InlineData("-1\n")]
    [InlineData("100")]
    [InlineData(" 100\n")]
    [InlineData("\n")]
    [InlineData("9223372036854775808\n")]
    [InlineData("9223372036854775807\n")]
    [InlineData("100\n100\n")]
    public async Task A_size_that_is_none_or_cannot_be_ends_the_attempt(string size)
    {
        using var server = RawServer.Saying(_ => RawServer.Answer(409, size, "text/x.tlog.size"));
        var reply = await AskAsync(server.Url);
        reply.Reason.ShouldNotBeNull();
        server.Requests.ShouldBe(1);
    }

    [Fact]
    public async Task A_witness_that_changes_its_mind_for_ever_is_left()
    {
        using var server = RawServer.Saying(request => RawServer.Answer(409, $"{request}\n", "text/x.tlog.size"));
        (await AskAsync(server.Url)).Reason.ShouldNotBeNull().ShouldContain("changes with every question");
        server.Requests.ShouldBe(3);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 X\r\nContent-Length: 99999999999\r\n\r\n")]
    [InlineData("HTTP/1.1 200 X\r\nConnection: close\r\n\r\n")]
    public async Task An_answer_without_an_end_is_cut_off(string head)
    {
        using var server = new RawServer(async (_, stream, token) =>
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(head), token);
            var block = new byte[64 << 10];
            while (true) await stream.WriteAsync(block, token);
        });
        (await AskAsync(server.Url)).Reason.ShouldNotBeNull().ShouldContain("too long");
        await server.ClientLeft.Task.WaitAsync(Loopback.Patience);
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 200 X\r\n")]
    [InlineData("HTTP/1.1 200 X\r\nContent-Length: 200\r\n\r\n— w")]
    public async Task An_answer_that_drips_is_not_waited_for_beyond_ten_seconds(string beginning)
    {
        var said = new TaskCompletionSource();
        using var drip = new SemaphoreSlim(0);
        using var server = new RawServer(async (_, stream, token) =>
        {
            await stream.WriteAsync(Encoding.UTF8.GetBytes(beginning), token);
            said.SetResult();
            while (true)
            {
                await drip.WaitAsync(token);
                await stream.WriteAsync("x"u8.ToArray(), token);
            }
        });
        var asking = AskAsync(server.Url);
        await said.Task.WaitAsync(Loopback.Patience);
        for (var second = 1; second < HttpWitness.Within.TotalSeconds; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            drip.Release();
        }
        asking.IsCompleted.ShouldBeFalse();
        _time.Advance(TimeSpan.FromSeconds(2));
        (await asking).Reason.ShouldNotBeNull().ShouldContain("no answer within 10 s");
    }

    [Fact]
    public async Task Nobody_at_the_address_is_a_reason()
    {
        var server = RawServer.Saying(_ => "");
        var url = server.Url;
        server.Dispose();
        (await AskAsync(url)).Reason.ShouldNotBeNull();
    }

    [Fact]
    public async Task Cancelling_ends_it_with_an_exception()
    {
        using var server = new RawServer(async (_, stream, token) => await stream.ReadExactlyAsync(new byte[1], token));
        using var stop = new CancellationTokenSource();
        var asking = At(server.Url).CosignAsync(Request(0, 300), stop.Token);
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(asking);
    }

    [Theory]
    [InlineData("https://w.example/prefix", true)]
    [InlineData("http://127.0.0.1:80", true)]
    [InlineData("ftp://w.example", false)]
    [InlineData("file:///etc/passwd", false)]
    [InlineData("/path", false)]
    [InlineData("https://user@w.example/", false)]
    [InlineData("https://w.example/?q", false)]
    [InlineData("https://w.example/#f", false)]
    [InlineData(null, false)]
    public void Only_plain_addresses_of_the_web_are_asked(string? url, bool isOne) => HttpWitness.TryParsePrefix(url, out _).ShouldBe(isOne);
}
