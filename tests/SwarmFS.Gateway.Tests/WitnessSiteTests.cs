using System.Net;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using SwarmFS.Testing;
using SwarmFS.Transparency;
using SwarmFS.Transparency.Tests;

namespace SwarmFS.Gateway.Tests;

public sealed class WitnessSiteTests : IAsyncLifetime
{
    private readonly SampleLog _log = new(300);
    private readonly SampleWitness _witness = new("w.example");
    private readonly ManualTimeProvider _time = new();
    private readonly List<ForkEvidence> _evidence = [];
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false });
    private readonly SwitchableStore _store = new();
    private GatewayServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await Loopback.ServeAsync(new WitnessSite(new Witness(_witness.Cosigner, [_log.Key], _store, _time), _evidence.Add, _time, NullLoggerFactory.Instance));
        _http.BaseAddress = _server.Url();
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _http.Dispose();
        _log.Dispose();
        _witness.Dispose();
    }

    private Task<HttpResponseMessage> SubmitAsync(AddCheckpointRequest request) => SubmitAsync(request.ToBytes());

    private Task<HttpResponseMessage> SubmitAsync(byte[] body) => _http.PostAsync("add-checkpoint", new ByteArrayContent(body));

    [Fact]
    public async Task A_checkpoint_that_extends_the_last_one_is_answered_with_a_cosignature()
    {
        using var answer = await SubmitAsync(_log.Request(0, 100));
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        var line = await answer.Content.ReadAsStringAsync();
        line.ShouldEndWith("\n");
        NoteSignature.TryParse(line.AsSpan(..^1), out var signature).ShouldBeTrue();
        _log.CheckpointAt(100).With(signature!).TryGetCosignatureTime(_witness.Key, out var time).ShouldBeTrue();
        time.ShouldBe(_time.GetUtcNow());
        (await SubmitAsync(_log.Request(100, 300))).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Another_old_size_is_answered_with_409_and_the_size_in_its_own_type()
    {
        (await SubmitAsync(_log.Request(0, 100))).StatusCode.ShouldBe(HttpStatusCode.OK);
        using var answer = await SubmitAsync(_log.Request(50, 300));
        answer.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        answer.Content.Headers.ContentType!.ToString().ShouldBe("text/x.tlog.size");
        (await answer.Content.ReadAsStringAsync()).ShouldBe("100\n");
    }

    [Fact]
    public async Task Each_refusal_has_the_status_of_the_specification()
    {
        using var other = new SampleLog(300, "other.example/log");
        (await SubmitAsync(other.Request(0, 100))).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        using var impostor = SampleLog.KeyOf("impostor");
        var forged = new NoteSigner(_log.Key.Name, impostor).Sign(_log.CheckpointAt(100).Text);
        (await SubmitAsync(new AddCheckpointRequest(0, [], forged))).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await SubmitAsync(_log.Request(0, 100) with { OldSize = 101 })).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await SubmitAsync("old 0\n"u8.ToArray())).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await SubmitAsync(_log.Request(0, 100))).StatusCode.ShouldBe(HttpStatusCode.OK);
        ((int)(await SubmitAsync(_log.Request(100, 300) with { Proof = [] })).StatusCode).ShouldBe(422);
        _evidence.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_second_history_is_refused_and_its_evidence_is_kept()
    {
        using var fork = new SampleLog(300, history: "another");
        (await SubmitAsync(_log.Request(0, 100))).StatusCode.ShouldBe(HttpStatusCode.OK);
        ((int)(await SubmitAsync(fork.Request(100, 100))).StatusCode).ShouldBe(422);
        _evidence.Count.ShouldBe(1);
        _evidence[0].Verify(out var error).ShouldBeTrue(error);
    }

    [Theory]
    [InlineData("GET /add-checkpoint", "405")]
    [InlineData("PUT /add-checkpoint", "405")]
    [InlineData("POST /", "404")]
    [InlineData("POST /add-checkpoint/", "404")]
    [InlineData("POST /add-checkpoint?x", "404")]
    [InlineData("POST /x/../add-checkpoint", "404")]
    [InlineData("GET /checkpoint", "404")]
    public async Task There_is_one_question(string line, string status) =>
        (await Loopback.SendRawAsync(_server, $"{line} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")).ShouldStartWith($"HTTP/1.1 {status}");

    [Fact]
    public async Task A_body_that_is_announced_as_too_long_is_refused_before_it_is_sent() =>
        (await Loopback.SendRawAsync(_server, "POST /add-checkpoint HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\nConnection: close\r\n\r\n")).ShouldStartWith("HTTP/1.1 413");

    [Fact]
    public async Task A_body_without_an_announced_end_is_refused_at_the_bound()
    {
        var chunk = $"{1 << 16:x}\r\n{new string('x', 1 << 16)}\r\n";
        var answer = await Loopback.SendRawAsync(_server, $"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n{chunk}{chunk}{chunk}");
        answer.ShouldBeRefusedWith(413);
        (await SubmitAsync(_log.Request(0, 100))).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_body_that_does_not_come_to_its_end_is_given_up_and_one_client_has_so_many_slots()
    {
        var waiting = Enumerable.Range(0, WitnessSite.ClientRequestsMax)
            .Select(_ => Loopback.SendRawAsync(_server, "POST /add-checkpoint HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nold 0\n")).ToList();
        while (_time.PendingTimers < WitnessSite.ClientRequestsMax) await Task.Yield();
        using (var refused = await SubmitAsync(_log.Request(0, 100))) refused.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        _time.Advance(TimeSpan.FromSeconds(11));
        foreach (var answer in await Task.WhenAll(waiting)) answer.ShouldBeRefusedWith(408);
        using var served = await SubmitAsync(_log.Request(0, 100));
        served.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task When_its_memory_fails_no_cosignature_leaves()
    {
        _store.Fails = true;
        using (var refused = await SubmitAsync(_log.Request(0, 100)))
        {
            refused.StatusCode.ShouldBe(HttpStatusCode.InternalServerError);
            (await refused.Content.ReadAsStringAsync()).ShouldBeEmpty();
        }
        _store.Fails = false;
        using var served = await SubmitAsync(_log.Request(0, 100));
        served.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Sizes_never_go_back_whatever_arrives_at_once()
    {
        (await SubmitAsync(_log.Request(0, 1))).StatusCode.ShouldBe(HttpStatusCode.OK);
        var answers = await Task.WhenAll(Enumerable.Range(2, 12).Select(size => SubmitAsync(_log.Request(1, size))));
        answers.Count(answer => answer.StatusCode == HttpStatusCode.OK).ShouldBe(1);
        answers.ShouldAllBe(answer => answer.StatusCode == HttpStatusCode.OK || answer.StatusCode == HttpStatusCode.Conflict);
    }

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1", "192.0.2.2")]
    [InlineData("::ffff:192.0.2.1", "192.0.2.1", "192.0.2.2")]
    [InlineData("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:2::1")]
    public void An_address_or_a_network_of_64_bits_is_one_client(string one, string same, string other)
    {
        var slots = new ClientSlots(max: 1);
        var client = slots.TryEnter(IPAddress.Parse(one)).ShouldNotBeNull();
        slots.TryEnter(IPAddress.Parse(same)).ShouldBeNull();
        slots.TryEnter(IPAddress.Parse(other)).ShouldNotBeNull();
        slots.Leave(client);
        slots.TryEnter(IPAddress.Parse(same)).ShouldNotBeNull();
    }

    private sealed class SwitchableStore : IWitnessStore
    {
        private readonly MemoryWitnessStore _memory = new();

        public bool Fails { get; set; }

        public byte[]? Read(string origin) => _memory.Read(origin);

        public void Write(string origin, ReadOnlySpan<byte> note)
        {
            if (Fails) throw new IOException("the disk is full");
            _memory.Write(origin, note);
        }
    }
}
