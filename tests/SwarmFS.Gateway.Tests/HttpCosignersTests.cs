using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using SwarmFS.Catalog;
using SwarmFS.Testing;
using SwarmFS.Transparency;
using SwarmFS.Transparency.Tests;

namespace SwarmFS.Gateway.Tests;

public sealed class HttpCosignersTests : IAsyncDisposable
{
    private readonly SampleLog _log = new(300);
    private readonly ManualTimeProvider _time = new();
    private readonly List<SampleWitness> _keys = [.. Enumerable.Range(1, 4).Select(number => new SampleWitness($"w{number}.example"))];
    private readonly List<GatewayServer> _servers = [];

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers) await server.DisposeAsync();
        _keys.ForEach(key => key.Dispose());
        _log.Dispose();
    }

    private CosigningRequest Request(SignedNote? note = null) => new(note ?? _log.CheckpointAt(300), 0, from => _log.Tree.ProveConsistency(from, 300));

    private async Task<string> HonestAsync(int number)
    {
        var witness = new Witness(_keys[number - 1].Cosigner, [_log.Key], new MemoryWitnessStore(), _time);
        _servers.Add(await Loopback.ServeAsync(new WitnessSite(witness, _ => { }, _time, NullLoggerFactory.Instance)));
        return _servers[^1].Url().ToString();
    }

    private TlogPolicy Policy(int threshold, params string?[] urls)
    {
        var witnesses = string.Concat(urls.Select((url, index) => $"witness w{index + 1} {_keys[index].Key} {url}\n"));
        var names = string.Join(' ', urls.Select((_, index) => $"w{index + 1}"));
        TlogPolicy.TryRead(Encoding.UTF8.GetBytes($"log {_log.Key}\n{witnesses}group g {threshold} {names}\nquorum g\n"), out var policy, out var error).ShouldBeTrue(error);
        return policy!;
    }

    private async Task<PolicyVerdict> GatherAsync(TlogPolicy policy, SignedNote? note = null)
    {
        using var cosigners = new HttpCosigners(policy, _log.Key, _time, NullLoggerFactory.Instance);
        var gathered = await cosigners.GatherAsync(Request(note), CancellationToken.None).WaitAsync(Loopback.Patience);
        return policy.Evaluate(gathered.Signatures.Aggregate(note ?? _log.CheckpointAt(300), (note, signature) => note.With(signature)), _log.Key);
    }

    [Fact]
    public async Task A_quorum_is_reached_past_a_dead_a_lying_and_a_silent_witness()
    {
        using var liar = RawServer.Saying(_ => RawServer.Answer(200, $"{_keys[2].Cosign(_log.CheckpointAt(200), 1)}\n"));
        using var silent = new RawServer(async (_, stream, token) => await stream.ReadExactlyAsync(new byte[1], token));
        var dead = RawServer.Saying(_ => "");
        var nobody = dead.Url.ToString();
        dead.Dispose();
        var policy = Policy(1, await HonestAsync(1), nobody, liar.Url.ToString(), silent.Url.ToString());
        var verdict = await GatherAsync(policy);
        verdict.IsMet.ShouldBeTrue(verdict.Reason);
    }

    [Fact]
    public async Task What_came_is_given_when_there_is_no_quorum_in_time()
    {
        using var silent = new RawServer(async (_, stream, token) => await stream.ReadExactlyAsync(new byte[1], token));
        using var refusing = RawServer.Saying(_ => RawServer.Answer(403, "no\n"));
        using var honest = RawServer.Saying(_ => RawServer.Answer(200, $"{_keys[0].Cosign(_log.CheckpointAt(300), 1)}\n"));
        using var cosigners = new HttpCosigners(Policy(2, honest.Url.ToString(), silent.Url.ToString(), refusing.Url.ToString()), _log.Key, _time, NullLoggerFactory.Instance);
        var gathering = cosigners.GatherAsync(Request(), CancellationToken.None);
        // Each witness that is waited for has a timer.
        while (silent.Requests + refusing.Requests + honest.Requests < 3 || _time.PendingTimers > 1) await Task.Yield();
        gathering.IsCompleted.ShouldBeFalse();
        _time.Advance(HttpWitness.Within + TimeSpan.FromSeconds(1));
        (await gathering.WaitAsync(Loopback.Patience)).Signatures.Select(signature => signature.Name).ShouldBe(["w1.example"]);
    }

    [Fact]
    public async Task Two_of_three_witnesses_are_enough_and_old_cosignatures_do_not_count()
    {
        var policy = Policy(2, await HonestAsync(1), await HonestAsync(2), await HonestAsync(3));
        var old = _keys.Take(3).Aggregate(_log.CheckpointAt(300), (note, key) => note.With(key.Cosign(note, 1_000_000)));
        policy.Evaluate(old, _log.Key).Time!.Value.ToUnixTimeSeconds().ShouldBe(1_000_000);
        (await GatherAsync(policy, old)).Time.ShouldBe(_time.GetUtcNow());
    }

    [Fact]
    public async Task Nobody_is_asked_for_a_checkpoint_that_the_log_did_not_sign()
    {
        using var server = RawServer.Saying(_ => RawServer.Answer(500, ""));
        using var other = new SampleLog(300, "other.example/log");
        using var cosigners = new HttpCosigners(Policy(1, server.Url.ToString()), _log.Key, _time, NullLoggerFactory.Instance);
        (await cosigners.GatherAsync(Request(other.CheckpointAt(300)), CancellationToken.None)).Signatures.ShouldBeEmpty();
        server.Requests.ShouldBe(0);
    }

    [Fact]
    public async Task Who_does_not_cosign_is_named_with_the_reason()
    {
        using var refusing = RawServer.Saying(_ => RawServer.Answer(422, "two histories\n"));
        using var cosigners = new HttpCosigners(Policy(2, await HonestAsync(1), refusing.Url.ToString()), _log.Key, _time, NullLoggerFactory.Instance);
        var gathered = await cosigners.GatherAsync(Request(), CancellationToken.None).WaitAsync(Loopback.Patience);
        gathered.Signatures.Count.ShouldBe(1);
        gathered.Refusals.ShouldHaveSingleItem().ShouldEndWith(": it answers 422: two histories");
    }

    [Fact]
    public async Task A_witness_without_a_usable_address_is_left_out() =>
        (await GatherAsync(Policy(1, null, "ftp://w.example", await HonestAsync(3)))).IsMet.ShouldBeTrue();

    [Fact]
    public async Task Only_cancelling_fails()
    {
        using var silent = new RawServer(async (_, stream, token) => await stream.ReadExactlyAsync(new byte[1], token));
        using var cosigners = new HttpCosigners(Policy(1, silent.Url.ToString()), _log.Key, _time, NullLoggerFactory.Instance);
        using var stop = new CancellationTokenSource();
        var gathering = cosigners.GatherAsync(Request(), stop.Token);
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(gathering);
    }
}
