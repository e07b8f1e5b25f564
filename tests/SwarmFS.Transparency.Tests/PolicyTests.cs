using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace SwarmFS.Transparency.Tests;

public sealed class PolicyTests : IDisposable
{
    private readonly SampleLog _log = new(5);
    private readonly SampleWitness[] _witnesses = [.. Enumerable.Range(0, 5).Select(i => new SampleWitness($"witness.example/w{i}"))];

    public void Dispose()
    {
        _log.Dispose();
        foreach (var witness in _witnesses) witness.Dispose();
    }

    /// <summary>The example of the specification: two of three at one organization, and any of two at another.</summary>
    private string Nested => $"""
        # two organizations
        log {_log.Key} https://example.com/log

        witness X1 {_witnesses[0].Key}
        witness X2 {_witnesses[1].Key}	https://x2.example/
        witness X3 {_witnesses[2].Key}
        group X-witnesses 2 X1 X2 X3
        witness Y1 {_witnesses[3].Key}
        witness Y2 {_witnesses[4].Key}
        group Y-witnesses any Y1 Y2
          group X-and-Y all X-witnesses Y-witnesses
        quorum X-and-Y

        """;

    private static TlogPolicy Read(string text) => TlogPolicy.TryRead(Encoding.UTF8.GetBytes(text), out var policy, out var error) ? policy : throw new InvalidOperationException(error);

    private static string Refusal(string text) => TlogPolicy.TryRead(Encoding.UTF8.GetBytes(text), out _, out var error) ? "accepted" : error;

    /// <summary>The checkpoint, cosigned by each witness at its second; 0 for not at all.</summary>
    private SignedNote Cosigned(params long[] seconds)
    {
        var note = _log.CheckpointAt(5);
        for (var i = 0; i < seconds.Length; i++)
        {
            if (seconds[i] != 0) note = note.With(_witnesses[i].Cosign(note, seconds[i]));
        }
        return note;
    }

    private PolicyVerdict Verdict(string policy, SignedNote note) => Read(policy).Evaluate(note, _log.Key);

    [Fact]
    public void A_policy_names_its_logs_and_witnesses()
    {
        var policy = Read(Nested);
        policy.Logs.ShouldBe([new PolicyMember(_log.Key, "https://example.com/log")]);
        policy.Witnesses.Select(witness => witness.Key).ShouldBe(_witnesses.Select(witness => witness.Key));
        policy.Witnesses[1].Url.ShouldBe("https://x2.example/");
        policy.AsksForWitnesses.ShouldBeTrue();
    }

    [Theory]
    [InlineData(new long[] { 10, 20, 0, 40 }, 10L)]
    [InlineData(new long[] { 10, 20, 30, 40 }, 20L)]
    [InlineData(new long[] { 10, 20, 30, 5, 7 }, 7L)]
    [InlineData(new long[] { 10, 20, 30 }, null)]
    [InlineData(new long[] { 10, 0, 0, 40, 50 }, null)]
    [InlineData(new long[] { }, null)]
    public void Groups_within_groups_tell_since_when_the_quorum_holds(long[] seconds, long? since)
    {
        var verdict = Verdict(Nested, Cosigned(seconds));
        verdict.IsMet.ShouldBe(since is not null);
        (verdict.Time?.ToUnixTimeSeconds()).ShouldBe(since);
    }

    [Fact]
    public void The_time_is_the_newest_at_which_the_witnesses_of_no_older_word_are_a_quorum() =>
        Prop.ForAll(Gen.Choose(0, 50).ArrayOf(5).ToArbitrary(), seconds =>
        {
            var note = Cosigned([.. seconds.Select(second => (long)second)]);
            long? newest = null;
            for (var t = 1; t <= 50; t++)
            {
                var fresh = seconds.Select(second => second != 0 && second >= t).ToArray();
                if (fresh.Take(3).Count(isFresh => isFresh) >= 2 && fresh.Skip(3).Any(isFresh => isFresh)) newest = t;
            }
            (Verdict(Nested, note).Time?.ToUnixTimeSeconds()).ShouldBe(newest);
            Verdict(Nested, note).IsMet.ShouldBe(newest is not null);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void No_witness_is_asked_for_by_quorum_none()
    {
        var verdict = Verdict($"log {_log.Key}\nquorum none\n", _log.CheckpointAt(5));
        verdict.IsMet.ShouldBeTrue();
        verdict.Time.ShouldBeNull();
        verdict.Checkpoint.Size.ShouldBe(5);
    }

    [Fact]
    public void A_single_witness_can_be_the_quorum()
    {
        var policy = $"log {_log.Key}\nwitness W {_witnesses[0].Key}\nquorum W\n";
        Verdict(policy, Cosigned(7)).Time!.Value.ToUnixTimeSeconds().ShouldBe(7);
        Verdict(policy, Cosigned(0, 7)).IsMet.ShouldBeFalse();
    }

    [Fact]
    public void A_bad_signature_of_the_log_or_of_any_known_witness_spoils_the_note()
    {
        var note = Cosigned(10, 20, 30, 40, 50);
        Verdict(Nested, note).IsMet.ShouldBeTrue();
        foreach (var signature in note.Signatures)
        {
            var bytes = signature.Signature.ToArray();
            bytes[^1] ^= 1;
            Verdict(Nested, note.With(signature with { Signature = bytes })).IsMet.ShouldBeFalse();
        }
        Verdict(Nested, note.With(new NoteSignature("stranger", 7, new byte[] { 1 }))).IsMet.ShouldBeTrue();
    }

    [Fact]
    public void Another_log_another_origin_and_no_checkpoint_are_refused()
    {
        using var other = new SampleLog(5, "example.com/other");
        var policy = Read(Nested);
        policy.Evaluate(other.CheckpointAt(5), other.Key).Reason!.ShouldContain("does not name");
        policy.Evaluate(other.CheckpointAt(5), _log.Key).Reason!.ShouldContain("another log");
        policy.Evaluate(_log.Signer.Sign("hello\n"), _log.Key).Reason!.ShouldContain("no checkpoint");
        Read("quorum none\n").Evaluate(other.CheckpointAt(5), other.Key).IsMet.ShouldBeTrue();
        Read("quorum none\n").Evaluate(other.CheckpointAt(5), VerifierKey.OfWitness(other.Key.Name, other.Key.Key)).IsMet.ShouldBeFalse();
    }

    [Fact]
    public void One_public_key_under_two_names_is_refused_for_it_would_count_twice()
    {
        var again = VerifierKey.OfWitness("witness.example/alias", _witnesses[0].Key.Key);
        Refusal($"witness A {_witnesses[0].Key}\nwitness B {again}\ngroup G all A B\nquorum G\n").ShouldBe("line 2: its public key stands in a line above");
        Refusal($"log {_log.Key}\nlog {VerifierKey.OfLog("example.com/alias", _log.Key.Key)}\nquorum none\n").ShouldContain("line 2");
    }

    [Theory]
    [InlineData("", "no quorum")]
    [InlineData("# nothing\n", "no quorum")]
    [InlineData("quorum none", "no line feed")]
    [InlineData("quorum none\r\n", "control")]
    [InlineData("quorum none\0\n", "control")]
    [InlineData("quorum none\u007f\n", "control")]
    [InlineData("quorum none\nquorum none\n", "line 2")]
    [InlineData("quorum W\n", "not defined")]
    [InlineData("quorum\n", "words")]
    [InlineData("quorum none none\n", "words")]
    [InlineData("Quorum none\n", "begins with none")]
    [InlineData("quorum\u00a0none\n", "begins with none")]
    [InlineData("log nonsense\nquorum none\n", "key is malformed")]
    [InlineData("witness A\nquorum none\n", "words")]
    public void A_file_that_is_not_quite_a_policy_is_refused(string text, string reason) => Refusal(text).ShouldContain(reason);

    [Theory]
    [InlineData("group G 0 A B", "threshold")]
    [InlineData("group G 3 A B", "threshold")]
    [InlineData("group G 01 A B", "threshold")]
    [InlineData("group G +1 A B", "threshold")]
    [InlineData("group G -1 A B", "threshold")]
    [InlineData("group G 99999999999999999999 A B", "threshold")]
    [InlineData("group G ALL A B", "threshold")]
    [InlineData("group G all", "words")]
    [InlineData("group G all A A", "one already")]
    [InlineData("group G all A C", "not defined")]
    [InlineData("group G all A G", "not defined")]
    [InlineData("group G all A none", "not defined")]
    [InlineData("group A all B", "name is taken")]
    [InlineData("group none all A", "name is taken")]
    [InlineData("group G any A\ngroup H any A B", "one already")]
    public void A_group_that_could_not_be_counted_is_refused(string group, string reason) =>
        Refusal($"witness A {_witnesses[0].Key}\nwitness B {_witnesses[1].Key}\n{group}\nquorum none\n").ShouldContain(reason);

    [Fact]
    public void A_key_of_the_wrong_kind_is_refused()
    {
        Refusal($"log {_witnesses[0].Key}\nquorum none\n").ShouldContain("another kind");
        Refusal($"witness A {_log.Key}\nquorum none\n").ShouldContain("another kind");
    }

    [Fact]
    public void Names_are_octets_and_need_not_be_UTF8()
    {
        byte[] text = [.. Encoding.UTF8.GetBytes($"witness "), 0xe2, 0x84, .. Encoding.UTF8.GetBytes($" {_witnesses[0].Key}\nquorum "), 0xe2, 0x84, (byte)'\n'];
        TlogPolicy.TryRead(text, out _, out _).ShouldBeTrue();
        text[^2] = 0x85;
        TlogPolicy.TryRead(text, out _, out _).ShouldBeFalse();
    }

    [Fact]
    public void A_policy_has_room_for_64_of_a_kind_and_no_more()
    {
        var witnesses = Enumerable.Range(0, 65).Select(i => new SampleWitness($"w{i}")).ToList();
        var lines = witnesses.Select((witness, i) => $"witness W{i} {witness.Key}\n").ToList();
        var groups = Enumerable.Range(0, 65).Select(i => $"group G{i} any {(i == 0 ? "W0" : $"G{i - 1}")}\n").ToList();
        Refusal(string.Concat(lines.Take(64)) + string.Concat(groups.Take(64)) + "quorum G63\n").ShouldBe("accepted");
        Refusal(string.Concat(lines) + "quorum none\n").ShouldContain("line 65");
        Refusal(lines[0] + string.Concat(groups) + "quorum none\n").ShouldContain("line 66");
        Refusal(new string('#', 64 << 10) + "\n").ShouldContain("65536 bytes");
        foreach (var witness in witnesses) witness.Dispose();
    }
}
