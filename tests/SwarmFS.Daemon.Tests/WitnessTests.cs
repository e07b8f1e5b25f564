using SwarmFS.Catalog;
using SwarmFS.Gateway;
using SwarmFS.Transparency;
using SwarmFS.Transparency.Tests;

namespace SwarmFS.Daemon.Tests;

public sealed class WitnessTests : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("witness-test-").FullName;
    private readonly SampleLog _log = new(200);
    private readonly HttpMessageInvoker _http = HttpWitness.CreateClient();
    private readonly WitnessProcess _witness;

    public WitnessTests() => _witness = new WitnessProcess(_directory);

    public async ValueTask DisposeAsync()
    {
        await _witness.DisposeAsync();
        _http.Dispose();
        _log.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>The witness runs, the node counts it from its next start on, and has ended.</summary>
    private async Task StopUnderPolicyAsync(NodeProcess node)
    {
        var log = System.Text.Json.JsonDocument.Parse((await node.SwarmfsAsync("id", "--json")).Out).RootElement.GetProperty("importerKey").GetString()!;
        await MakeKeyAsync();
        await _witness.StartAsync(log);
        (await node.SwarmfsAsync("policy", "apply", await PolicyAsync(log))).ExitCode.ShouldBe(0);
        (await node.SwarmfsAsync("down")).ExitCode.ShouldBe(0);
    }

    private async Task MakeKeyAsync() => (await NodeProcess.RunAsync(WitnessProcess.Swarmfs, "key", "gen", _witness.Key, "--name", "w.example", "--witness")).ExitCode.ShouldBe(0);

    private Task<WitnessReply> AskAsync(SampleLog log, long oldSize, long size)
    {
        VerifierKey.TryParse(_witness.Vkey, out var key).ShouldBeTrue();
        var request = new CosigningRequest(log.CheckpointAt(size), oldSize, from => log.Tree.ProveConsistency(from, size));
        return new HttpWitness(key!, _witness.Url, _http, TimeProvider.System).CosignAsync(request, CancellationToken.None);
    }

    [Fact]
    public async Task Sizes_never_go_back_when_it_is_killed_between_requests()
    {
        await MakeKeyAsync();
        for (var size = 50; size <= 150; size += 50)
        {
            await _witness.StartAsync(_log.Key.ToString());
            var reply = await AskAsync(_log, size - 50, size);
            reply.IsCosigned.ShouldBeTrue(reply.Reason);
            await _witness.KillAsync();
        }
        await _witness.StartAsync(_log.Key.ToString());
        (await AskAsync(_log, 0, 100)).Reason.ShouldNotBeNull().ShouldContain("it has seen 150 entries");
        using var fork = new SampleLog(200, history: "another");
        (await AskAsync(fork, 150, 200)).Reason.ShouldNotBeNull().ShouldContain("422");
        (await AskAsync(_log, 150, 200)).IsCosigned.ShouldBeTrue();
    }

    [Fact]
    public async Task Killed_at_any_moment_under_load_it_has_forgotten_nothing_that_it_signed()
    {
        await MakeKeyAsync();
        var signed = 0L;
        for (var round = 0; round < 3; round++)
        {
            await _witness.StartAsync(_log.Key.ToString());
            var until = signed + 3;
            var submitting = Task.Run(async () =>
            {
                for (var size = signed + 1; size <= 200; size++)
                {
                    if (!(await AskAsync(_log, size - 1, size)).IsCosigned) return;
                    Interlocked.Exchange(ref signed, size);
                }
            });
            while (Interlocked.Read(ref signed) < until) await Task.Yield();
            await _witness.KillAsync();
            await submitting.WaitAsync(TimeSpan.FromSeconds(60));
        }
        await _witness.StartAsync(_log.Key.ToString());
        using var fork = new SampleLog(200, history: "another");
        (await AskAsync(fork, signed, signed)).IsCosigned.ShouldBeFalse();
        (await AskAsync(_log, signed, 200)).IsCosigned.ShouldBeTrue();
    }

    [Fact]
    public async Task Evidence_against_a_log_is_kept_as_a_file_that_the_command_verifies()
    {
        await MakeKeyAsync();
        await _witness.StartAsync(_log.Key.ToString());
        await AskAsync(_log, 0, 200);
        using var fork = new SampleLog(200, history: "another");
        (await AskAsync(fork, 200, 200)).IsCosigned.ShouldBeFalse();
        var file = Directory.GetFiles(Path.Combine(_witness.State, "evidence")).ShouldHaveSingleItem();
        var verified = await NodeProcess.RunAsync(WitnessProcess.Swarmfs, "evidence", "verify", file);
        verified.ExitCode.ShouldBe(0, verified.Error);
        verified.Out.ShouldContain("signed two histories");
    }

    [Fact]
    public async Task A_node_whose_policy_begins_to_ask_for_a_witness_shows_its_names_when_that_has_answered_and_says_until_then_what_it_waits_for()
    {
        await using var node = new NodeProcess();
        await node.UpAsync("--no-mount");
        (await ImportAsync(node, "1.0")).ExitCode.ShouldBe(0);
        var log = System.Text.Json.JsonDocument.Parse((await node.SwarmfsAsync("id", "--json")).Out).RootElement.GetProperty("importerKey").GetString()!;
        await MakeKeyAsync();
        await _witness.StartAsync(log);
        (await node.SwarmfsAsync("policy", "apply", await PolicyAsync(log))).ExitCode.ShouldBe(0);
        await _witness.KillAsync();
        (await node.SwarmfsAsync("down")).ExitCode.ShouldBe(0);
        await node.WaitForEndAsync();

        await node.UpAsync("--no-mount");
        var status = await node.SwarmfsAsync("status");
        status.ExitCode.ShouldBe(1);
        status.Out.ShouldMatch("health +degraded\n +This node's log has [0-9]+ entries, and the newest are not shown yet: ");
        status.Out.ShouldMatch(@"log .* \(own\): [1-9][0-9]* entries, never, unpublished\n");
        var checkpoint = await node.SwarmfsAsync("log", "checkpoint");
        checkpoint.ExitCode.ShouldBe(1);
        checkpoint.Error.ShouldStartWith("swarmfs: This node's log has ");
        var audit = await node.SwarmfsAsync("audit");
        audit.ExitCode.ShouldBe(1);
        audit.Out.ShouldContain("are not shown yet");

        await _witness.StartAsync(log, listen: _witness.Url.Authority);
        for (var tries = 0; tries < 60 && !(await node.SwarmfsAsync("ls", "pkgs")).Out.Contains("tool", StringComparison.Ordinal); tries++) await Task.Delay(TimeSpan.FromSeconds(1));
        (await node.SwarmfsAsync("status")).Out.ShouldMatch("health +ok");
        (await node.SwarmfsAsync("log", "checkpoint")).Out.ShouldContain("w.example");
    }

    [Fact]
    public async Task A_node_that_has_lost_its_policy_does_not_start_as_one_that_never_had_any()
    {
        await using var node = new NodeProcess();
        await node.UpAsync("--no-mount");
        await StopUnderPolicyAsync(node);
        await node.WaitForEndAsync();
        var kept = Path.Combine(node.State, "catalogue/policy");
        File.Delete(Path.Combine(kept, "newest"));
        await RefusesAsync();
        Directory.Delete(kept, recursive: true);
        await File.WriteAllTextAsync(kept, "");
        await RefusesAsync();

        async Task RefusesAsync()
        {
            (await node.TryUpAsync("--no-mount")).ShouldBe(1);
            node.Output.ShouldContain("The policy that this node follows is damaged: restore the directory catalogue/policy/");
            node.Output.ShouldNotContain("Check the state directory");
        }
    }

    [Fact]
    public async Task A_node_whose_state_was_copied_says_what_the_witness_has_against_its_log()
    {
        await using var node = new NodeProcess();
        await using var copy = new NodeProcess();
        await node.UpAsync("--no-mount");
        await StopUnderPolicyAsync(node);
        (await NodeProcess.RunAsync("cp", "-a", node.State, copy.State)).ExitCode.ShouldBe(0);

        await node.UpAsync("--no-mount");
        (await ImportAsync(node, "1.0")).ExitCode.ShouldBe(0);
        (await node.SwarmfsAsync("down")).ExitCode.ShouldBe(0);
        await copy.UpAsync("--no-mount");
        var refused = await ImportAsync(copy, "2.0");
        refused.ExitCode.ShouldBe(1);
        refused.Error.ShouldContain("w.example: it ");
        var status = await copy.SwarmfsAsync("status");
        status.ExitCode.ShouldBe(1);
        status.Out.ShouldContain("w.example: it ");
    }

    private static async Task<Ended> ImportAsync(NodeProcess node, string version)
    {
        var tree = Directory.CreateDirectory(Path.Combine(node.Directory, "tree")).FullName;
        await File.WriteAllTextAsync(Path.Combine(tree, "a"), "a");
        return await node.SwarmfsAsync("import", "tree", tree, "--name", "tool", "--version", version);
    }

    /// <summary>A signed policy of the log, as the running witness must have seen it.</summary>
    private async Task<string> PolicyAsync(string log)
    {
        var (key, policy) = (Path.Combine(_directory, "root.key"), Path.Combine(_directory, "policy.1"));
        var root = (await NodeProcess.RunAsync(WitnessProcess.Swarmfs, "key", "gen", key, "--name", "root")).Out.Trim();
        await File.WriteAllTextAsync(
            policy, $"swarmfs.policy/v1\nversion 1\nexpires never\nroot-key {root}\nroot-threshold 1\nimporters 1\nmax-age 24h\nlog {log}\nwitness w {_witness.Vkey} {_witness.Url}\nquorum w\n");
        (await NodeProcess.RunAsync(WitnessProcess.Swarmfs, "policy", "sign", policy, "--key", key, "--name", "root")).ExitCode.ShouldBe(0);
        return policy;
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public async Task A_signal_ends_it_cleanly_and_its_clock_is_the_one_of_SWARMFS_NOW(string signal)
    {
        await MakeKeyAsync();
        await _witness.StartAsync(_log.Key.ToString(), now: "1700000000");
        var reply = await AskAsync(_log, 0, 10);
        VerifierKey.TryParse(_witness.Vkey, out var key).ShouldBeTrue();
        _log.CheckpointAt(10).With(reply.Cosignature.ShouldNotBeNull(reply.Reason)).TryGetCosignatureTime(key!, out var time).ShouldBeTrue();
        time.ToUnixTimeSeconds().ShouldBeInRange(1_700_000_000, 1_700_000_120);
        (await _witness.TerminateAsync(signal)).ShouldBe(0);
    }

    [Fact]
    public async Task Two_witnesses_never_share_a_directory()
    {
        await MakeKeyAsync();
        await _witness.StartAsync(_log.Key.ToString());
        var second = await ServeAsync("--state", _witness.State, "--key", _witness.Key, "--name", "w.example", "--listen", "127.0.0.1:0", "--log", _log.Key.ToString());
        second.ExitCode.ShouldBe(1, second.Error);
        second.Error.ShouldContain("cannot be started");
        second.Error.ShouldContain($"stop that one, or give this one a directory of its own with --state");
    }

    [Fact]
    public async Task A_damaged_record_is_told_at_the_start_and_nothing_is_cosigned()
    {
        await MakeKeyAsync();
        await _witness.StartAsync(_log.Key.ToString());
        await AskAsync(_log, 0, 10);
        await _witness.TerminateAsync("TERM");
        var record = Directory.GetFiles(Path.Combine(_witness.State, "checkpoints")).Single(file => Path.GetFileName(file) != "lock");
        await File.WriteAllTextAsync(record, "damaged");
        var start = await ServeAsync("--state", _witness.State, "--key", _witness.Key, "--name", "w.example", "--listen", "127.0.0.1:0", "--log", _log.Key.ToString());
        start.ExitCode.ShouldBe(1);
        start.Error.ShouldContain("damaged");
    }

    [Theory]
    [InlineData("--listen", "nowhere", "--listen nowhere")]
    [InlineData("--log", "garbage", "--log garbage")]
    [InlineData("--state", "", "--state")]
    public async Task Senseless_words_end_with_2(string option, string value, string error)
    {
        await MakeKeyAsync();
        var words = new Dictionary<string, string>
        {
            ["--state"] = _witness.State,
            ["--key"] = _witness.Key,
            ["--name"] = "w.example",
            ["--listen"] = "127.0.0.1:0",
            ["--log"] = _log.Key.ToString(),
            [option] = value,
        };
        var ended = await ServeAsync([.. words.Where(word => word.Value.Length > 0).SelectMany(word => new[] { word.Key, word.Value })]);
        ended.ExitCode.ShouldBe(2, ended.Error);
        ended.Error.ShouldContain(error);
    }

    [Theory]
    [InlineData("--state needs a value", "--state")]
    [InlineData("--state is given twice", "--state", "a", "--state", "b")]
    [InlineData("'--frob' is no option", "--frob", "x")]
    [InlineData("--key is missing", "--state", "a")]
    public void The_words_are_read_strictly(string error, params string[] words)
    {
        WitnessArguments.TryRead(words, out var said).ShouldBeNull();
        said.ShouldNotBeNull().ShouldContain(error);
    }

    private static Task<Ended> ServeAsync(params string[] words) => NodeProcess.RunAsync(WitnessProcess.Swarmfs, ["witness", "serve", .. words]);
}
