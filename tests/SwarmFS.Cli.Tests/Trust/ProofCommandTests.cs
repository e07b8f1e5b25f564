using System.Text;
using SwarmFS.Core;
using SwarmFS.Transparency;

namespace SwarmFS.Cli.Tests.Trust;

public sealed class ProofCommandTests : IDisposable
{
    private const long Seen = 1_800_000_000;

    private readonly TrustDirectory _directory = new();
    private readonly MerkleTree _tree = new();
    private readonly NoteSigner _log = new("example.org/log", TrustDirectory.KeyOf("example.org/log"));
    private readonly string _entry;

    public ProofCommandTests()
    {
        for (var i = 0; i < 20; i++) _tree.Append(Encoding.ASCII.GetBytes($"entry {i}"));
        _entry = _directory.Write("entry", "entry 7");
        _directory.Now = $"{Seen + 60}";
    }

    public void Dispose() => _directory.Dispose();

    private SignedNote Checkpoint(params string[] witnesses)
    {
        var note = _log.Sign(new Checkpoint("example.org/log", 20, _tree.RootAt(20)).ToText());
        foreach (var name in witnesses) note = note.With(new Cosigner(name, TrustDirectory.KeyOf(name)).Cosign(note.Text, DateTimeOffset.FromUnixTimeSeconds(Seen)));
        return note;
    }

    private string Proof(SignedNote note) => _directory.Write("proof", new TlogProof(7, _tree.ProveInclusion(7, 20), note).ToBytes());

    private string PlainPolicy() => _directory.Write("tlog-policy",
        $"log {_log.VerifierKey}\nwitness a {TrustDirectory.Witness("w1")}\nwitness b {TrustDirectory.Witness("w2")}\nwitness c {TrustDirectory.Witness("w3")}\ngroup g 2 a b c\nquorum g\n");

    private async Task<string> SignedPolicyAsync(string expires = "never", string retired = "")
    {
        var text = TrustDirectory.Policy(1, ["alice"], 1, expires, retired + await File.ReadAllTextAsync(PlainPolicy()));
        _directory.Write("policy.1", text);
        (await _directory.RunAsync("policy", "sign", _directory["policy.1"], "--key", _directory.WriteKey("alice"), "--name", "alice")).ShouldBe(0, _directory.Terminal.Error);
        return _directory["policy.1"];
    }

    [Fact]
    public async Task A_proof_holds_under_the_key_of_its_log()
    {
        (await _directory.RunAsync("proof", "verify", Proof(Checkpoint()), "--entry", _entry, "--log", _log.VerifierKey.ToString())).ShouldBe(0, _directory.Terminal.Error);
        _directory.Terminal.Out.ShouldStartWith("entry 7 of 20 in example.org/log+");
    }

    [Theory]
    [InlineData("Required argument missing for option: '--policy'.", "--policy")]
    [InlineData("Required argument missing for option: '--log'.", "--log")]
    [InlineData("Option '--log' expects a single argument but 2 were provided.", "--log", "x", "--log", "y")]
    [InlineData("Give either --policy or --log.", "--log", "x", "--policy", "y")]
    [InlineData("Give either --policy or --log.")]
    public async Task What_to_believe_is_said_once_and_with_a_value(string error, params string[] words)
    {
        (await _directory.RunAsync(["proof", "verify", "p", "--entry", "e", .. words])).ShouldBe(2);
        _directory.Terminal.Error.ShouldContain(error);
    }

    [Fact]
    public async Task Another_entry_another_log_or_a_changed_proof_does_not_hold()
    {
        var proof = Proof(Checkpoint());
        var log = _log.VerifierKey.ToString();
        (await _directory.RunAsync("proof", "verify", proof, "--entry", _directory.Write("other", "entry 8"), "--log", log)).ShouldBe(1);
        _directory.Terminal.Error.ShouldContain("do not lead from the entry to the root");
        (await _directory.RunAsync("proof", "verify", proof, "--entry", _entry, "--log", TrustDirectory.Log("other.example").ToString())).ShouldBe(1);
        _directory.Terminal.Error.ShouldContain("nothing says that the log example.org/log is to be believed");
        var impostor = VerifierKey.OfLog("example.org/log", TrustDirectory.KeyOf("impostor").PublicKey);
        (await _directory.RunAsync("proof", "verify", proof, "--entry", _entry, "--log", impostor.ToString())).ShouldBe(1);
        (await _directory.RunAsync("proof", "verify", _directory.Write("garbage", "x"), "--entry", _entry, "--log", log)).ShouldBe(1);
        (await _directory.JsonAsync(1, "proof", "verify", _directory["garbage"], "--entry", _entry, "--log", log)).GetProperty("valid").GetBoolean().ShouldBeFalse();
    }

    [Fact]
    public async Task A_policy_asks_for_its_quorum_signed_or_plain()
    {
        foreach (var policy in new[] { PlainPolicy(), await SignedPolicyAsync() })
        {
            (await _directory.RunAsync("proof", "verify", Proof(Checkpoint("w1")), "--entry", _entry, "--policy", policy)).ShouldBe(1);
            _directory.Terminal.Error.ShouldContain("no quorum");
            var json = await _directory.JsonAsync(0, "proof", "verify", Proof(Checkpoint("w1", "w3")), "--entry", _entry, "--policy", policy);
            json.GetProperty("cosignedAt").GetInt64().ShouldBe(Seen);
        }
    }

    [Fact]
    public async Task An_old_proof_holds_and_is_called_stale_and_one_from_the_future_does_not_hold()
    {
        var policy = await SignedPolicyAsync();
        var proof = Proof(Checkpoint("w1", "w2", "w3"));
        (await _directory.JsonAsync(0, "proof", "verify", proof, "--entry", _entry, "--policy", policy)).GetProperty("stale").GetBoolean().ShouldBeFalse();
        _directory.Now = $"{Seen + 25 * 3600}";
        (await _directory.RunAsync("proof", "verify", proof, "--entry", _entry, "--policy", policy)).ShouldBe(0);
        _directory.Terminal.Out.ShouldContain("STALE");
        _directory.Now = $"{Seen - 3600}";
        (await _directory.RunAsync("proof", "verify", proof, "--entry", _entry, "--policy", policy)).ShouldBe(1);
        _directory.Terminal.Error.ShouldContain("a time to come");
    }

    [Fact]
    public async Task A_retired_log_counts_up_to_its_last_size()
    {
        var proof = Proof(Checkpoint("w1", "w2"));
        Span<byte> root = stackalloc byte[32];
        _tree.RootAt(20).CopyTo(root);
        var base64 = Convert.ToBase64String(root);
        foreach (var (line, code) in new[] { ($"20 {base64}", 0), ($"21 {base64}", 0), ($"19 {base64}", 1), ($"20 {Convert.ToBase64String(new byte[32])}", 1) })
            (await _directory.RunAsync("proof", "verify", proof, "--entry", _entry, "--policy", await SignedPolicyAsync(retired: $"retired example.org/log {line}\n"))).ShouldBe(code, line);
    }

    [Fact]
    public async Task A_policy_that_is_unsigned_or_has_expired_says_nothing()
    {
        var policy = await SignedPolicyAsync(expires: "2027-01-15T08:00:00Z");
        (await _directory.RunAsync("proof", "verify", Proof(Checkpoint("w1", "w2")), "--entry", _entry, "--policy", policy)).ShouldBe(1);
        _directory.Terminal.Error.ShouldContain("has expired");
        _directory.Write("policy.1", TrustDirectory.Policy(1, ["alice"], 1));
        await _directory.RunAsync("policy", "sign", _directory["policy.1"], "--key", _directory.WriteKey("mallory"), "--name", "mallory");
        (await _directory.RunAsync("proof", "verify", Proof(Checkpoint()), "--entry", _entry, "--policy", policy)).ShouldBe(1);
        _directory.Terminal.Error.ShouldContain("signed by 0 root keys");
    }

    [Theory]
    [InlineData("--log", "garbage")]
    [InlineData("--log", null)]
    [InlineData(null, null)]
    public async Task Senseless_words_end_with_2(string? option, string? value)
    {
        string[] more = [.. new[] { option, value ?? (option is null ? null : TrustDirectory.Witness("w").ToString()) }.OfType<string>()];
        (await _directory.RunAsync(["proof", "verify", "x", "--entry", "y", .. more])).ShouldBe(2);
        (await _directory.RunAsync("proof", "verify", "x", "--entry", "y", "--policy", "p", "--log", "l")).ShouldBe(2);
        _directory.Terminal.Error.ShouldContain("either --policy or --log");
    }

    [Fact]
    public async Task Evidence_of_a_fork_is_verified_by_anybody()
    {
        var other = new MerkleTree();
        for (var i = 0; i < 20; i++) other.Append(Encoding.ASCII.GetBytes($"another {i}"));
        var fork = _log.Sign(new Checkpoint("example.org/log", 20, other.RootAt(20)).ToText());
        var evidence = ForkEvidence.Find(_log.VerifierKey, Checkpoint(), fork, treeOfLarger: null).ShouldNotBeNull();
        (await _directory.RunAsync("evidence", "verify", _directory.Write("fork.txt", evidence.ToBytes()))).ShouldBe(0);
        _directory.Terminal.Out.ShouldContain("signed two histories: of 20 and of 20 entries");
        var same = new ForkEvidence(_log.VerifierKey, Checkpoint(), Checkpoint(), Proof: null);
        var json = await _directory.JsonAsync(1, "evidence", "verify", _directory.Write("same.txt", same.ToBytes()));
        json.GetProperty("reason").GetString().ShouldNotBeNull().ShouldContain("do not contradict");
        (await _directory.RunAsync("evidence", "verify", _entry)).ShouldBe(1);
        (await _directory.RunAsync("evidence", "verify")).ShouldBe(2);
    }

    [Fact]
    public async Task Nothing_in_a_stranger_s_file_moves_the_terminal_s_cursor()
    {
        // U+009B is a control character that a signed note allows.
        var name = "evil\u009b2J.example";
        var signer = new NoteSigner(name, TrustDirectory.KeyOf(name));
        var note = signer.Sign(new Checkpoint(name, 20, _tree.RootAt(20)).ToText());
        (await _directory.RunAsync("proof", "verify", Proof(note), "--entry", _entry, "--log", _log.VerifierKey.ToString())).ShouldBe(1);
        _directory.Terminal.Error.ShouldContain(@"evil\xc2\x9b2J.example");
        _directory.Terminal.Error.ShouldNotContain("\u009b");
    }
}
