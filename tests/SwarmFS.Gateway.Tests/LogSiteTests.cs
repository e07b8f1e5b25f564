using System.Net;
using System.Text;
using SwarmFS.Transparency;
using SwarmFS.Transparency.Tests;

namespace SwarmFS.Gateway.Tests;

public sealed class LogSiteTests : IAsyncLifetime
{
    private readonly SampleLog _log = new(300);
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false });
    private GatewayServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        var files = new MemoryLogFiles();
        foreach (var tile in LogTiles.Of(300).Where(tile => tile.Level != LogTile.Entries)) files.Files[tile.Path] = _log.Tree.Tile(tile.Level, tile.Index, tile.Width);
        foreach (var tile in LogTiles.Of(300).Where(tile => tile.Level == LogTile.Entries))
            files.Files[tile.Path] = LogTiles.EncodeEntries([.. Enumerable.Range(0, tile.Width).Select(i => (ReadOnlyMemory<byte>)_log.Entry(tile.Index * LogTile.FullWidth + i))]);
        files.Files["checkpoint"] = _log.CheckpointAt(300).ToBytes();
        files.Files["head"] = _log.Entry(299);
        files.Files["head.tlog-proof"] = new TlogProof(299, _log.Tree.ProveInclusion(299, 300), _log.CheckpointAt(300)).ToBytes();
        files.Files["secret"] = "not to be served"u8.ToArray();
        var other = new MemoryLogFiles { Files = { ["checkpoint"] = "other"u8.ToArray() } };
        _server = await Loopback.ServeAsync(new LogSite(new Dictionary<string, ILogFiles> { [""] = files, ["logs/other.example"] = other, ["broken"] = new BrokenLogFiles() }));
        _http.BaseAddress = _server.Url();
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _http.Dispose();
        _log.Dispose();
    }

    [Fact]
    public async Task What_is_served_proves_itself_to_a_client()
    {
        SignedNote.TryRead(await _http.GetByteArrayAsync("checkpoint"), out var note, out _).ShouldBeTrue();
        note!.Verify(_log.Key).ShouldBe(NoteVerdict.Valid);
        Checkpoint.TryRead(note.Text, out var checkpoint, out _).ShouldBeTrue();
        var tree = new MerkleTree();
        foreach (var tile in LogTiles.Of(checkpoint!.Size).Where(tile => tile.Level == LogTile.Entries))
        {
            LogTiles.TryReadEntries(await _http.GetByteArrayAsync(tile.Path), tile.Width, out var entries).ShouldBeTrue();
            foreach (var entry in entries!) tree.Append(entry.Span);
        }
        tree.RootAt(checkpoint.Size).ShouldBe(checkpoint.Root);
        TlogProof.TryRead(await _http.GetByteArrayAsync("head.tlog-proof"), out var proof, out _).ShouldBeTrue();
        proof!.Verify(_log.Key, MerkleHash.OfLeaf(await _http.GetByteArrayAsync("head")), out var error).ShouldBeTrue(error);
    }

    [Theory]
    [InlineData("checkpoint", "text/plain; charset=utf-8", "no-cache")]
    [InlineData("head", "text/plain; charset=utf-8", "no-cache")]
    [InlineData("head.tlog-proof", "text/plain; charset=utf-8", "no-cache")]
    [InlineData("tile/0/000", "application/octet-stream", "public, max-age=31536000, immutable")]
    [InlineData("tile/entries/000", "application/octet-stream", "public, max-age=31536000, immutable")]
    [InlineData("tile/0/001.p/44", "application/octet-stream", "public, max-age=31536000, immutable")]
    public async Task Caches_and_browsers_are_told_what_a_file_is_and_how_long_it_holds(string path, string type, string cache)
    {
        using var got = await _http.GetAsync(path);
        got.StatusCode.ShouldBe(HttpStatusCode.OK);
        got.Content.Headers.ContentType!.ToString().ShouldBe(type);
        string.Join(", ", got.Headers.GetValues("Cache-Control")).ShouldBe(cache);
        using var head = await _http.SendAsync(new HttpRequestMessage(HttpMethod.Head, path));
        head.StatusCode.ShouldBe(HttpStatusCode.OK);
        head.Content.Headers.ContentLength.ShouldBe((await got.Content.ReadAsByteArrayAsync()).Length);
        (await head.Content.ReadAsByteArrayAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Several_logs_stand_at_prefixes_of_their_own() => (await _http.GetStringAsync("logs/other.example/checkpoint")).ShouldBe("other");

    [Theory]
    [InlineData("/")]
    [InlineData("/secret")]
    [InlineData("/tile/0/002")]
    [InlineData("/tile/0/0")]
    [InlineData("/tile/0/000.p/256")]
    [InlineData("/tile/00/000")]
    [InlineData("/tile/0/000/")]
    [InlineData("/checkpoint?x")]
    [InlineData("/checkpoint/")]
    [InlineData("/%63heckpoint")]
    [InlineData("//checkpoint")]
    [InlineData("/x/../checkpoint")]
    [InlineData("/./checkpoint")]
    [InlineData("/logs/other.example/../../secret")]
    [InlineData("/logs/other.example/tile/0/000")]
    [InlineData("/logs/other.examples/checkpoint")]
    [InlineData("/CHECKPOINT")]
    public async Task One_thing_has_one_address_and_everything_else_is_not_there(string target)
    {
        var answer = await Loopback.SendRawAsync(_server, $"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        answer.ShouldStartWith("HTTP/1.1 404");
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("PUT")]
    [InlineData("DELETE")]
    [InlineData("OPTIONS")]
    public async Task Nothing_can_be_done_but_reading(string method)
    {
        using var answer = await _http.SendAsync(new HttpRequestMessage(new HttpMethod(method), "checkpoint"));
        answer.StatusCode.ShouldBe(HttpStatusCode.MethodNotAllowed);
        answer.Content.Headers.Allow.ShouldBe(["GET", "HEAD"]);
    }

    [Fact]
    public async Task A_file_that_cannot_be_read_is_an_error_and_not_an_absence()
    {
        using var answer = await _http.GetAsync("broken/checkpoint");
        answer.StatusCode.ShouldBe(HttpStatusCode.InternalServerError);
        (await answer.Content.ReadAsStringAsync()).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("garbage\r\n\r\n", "HTTP/1.1 400")]
    [InlineData("GET /checkpoint HTTP/1.1\r\n\r\n", "HTTP/1.1 400")]
    public async Task Garbage_is_answered_with_a_refusal(string request, string answer) => (await Loopback.SendRawAsync(_server, request)).ShouldStartWith(answer);

    [Fact]
    public async Task Headers_without_an_end_are_cut_off() =>
        (await Loopback.SendRawAsync(_server, "GET /checkpoint HTTP/1.1\r\nHost: x\r\nX: " + new string('x', 1 << 20))).ShouldBeRefusedWith(431);

    [Theory]
    [InlineData("/")]
    [InlineData("/a")]
    [InlineData("a/")]
    [InlineData("a//b")]
    [InlineData("a/../b")]
    [InlineData("a b")]
    [InlineData("a%2fb")]
    public void A_prefix_that_would_have_to_be_escaped_is_refused(string prefix) =>
        Should.Throw<ArgumentException>(() => new LogSite(new Dictionary<string, ILogFiles> { [prefix] = new MemoryLogFiles() }));

    private sealed class MemoryLogFiles : ILogFiles
    {
        public Dictionary<string, byte[]> Files { get; } = [];

        public bool TryRead(string path, out ReadOnlyMemory<byte> content)
        {
            var found = Files.TryGetValue(path, out var bytes);
            content = bytes;
            return found;
        }
    }

    private sealed class BrokenLogFiles : ILogFiles
    {
        public bool TryRead(string path, out ReadOnlyMemory<byte> content) => throw new IOException("the disk is gone");
    }
}
