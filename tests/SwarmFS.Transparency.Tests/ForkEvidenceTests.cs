using System.Text;

namespace SwarmFS.Transparency.Tests;

public sealed class ForkEvidenceTests : IDisposable
{
    private readonly SampleLog _log = new(40);
    private readonly SampleLog _fork = new(40, history: "another");

    public void Dispose()
    {
        _log.Dispose();
        _fork.Dispose();
    }

    [Fact]
    public void Two_roots_of_one_size_are_evidence_that_survives_the_way_through_bytes()
    {
        var evidence = ForkEvidence.Find(_log.Key, _log.CheckpointAt(7), _fork.CheckpointAt(7), null)!;
        ForkEvidence.TryRead(evidence.ToBytes(), out var read, out _).ShouldBeTrue();
        read.Verify(out _).ShouldBeTrue();
        read.Log.ShouldBe(_log.Key);
        read.ToBytes().ShouldBe(evidence.ToBytes());
    }

    [Fact]
    public void A_tree_that_does_not_begin_as_the_older_checkpoint_says_is_evidence_in_either_order()
    {
        for (var older = 1; older < 40; older++)
        {
            var (held, seen) = (_log.CheckpointAt(older), _fork.CheckpointAt(40));
            foreach (var evidence in new[] { ForkEvidence.Find(_log.Key, held, seen, _fork.Tree)!, ForkEvidence.Find(_log.Key, seen, held, _fork.Tree)! })
            {
                ForkEvidence.TryRead(evidence.ToBytes(), out var read, out _).ShouldBeTrue();
                read.Verify(out _).ShouldBeTrue();
                read.First.Text.ShouldBe(held.Text);
                read.ToBytes().ShouldBe(evidence.ToBytes());
            }
        }
    }

    [Fact]
    public void An_honest_log_cannot_be_accused()
    {
        using var stranger = new SampleLog(40, "example.com/other");
        for (var older = 0; older <= 40; older++)
            ForkEvidence.Find(_log.Key, _log.CheckpointAt(older), _log.CheckpointAt(40), _log.Tree).ShouldBeNull();
        // The other tree is not the one under the log's checkpoint, so its proof leads elsewhere.
        ForkEvidence.Find(_log.Key, _log.CheckpointAt(7), _log.CheckpointAt(40), _fork.Tree).ShouldBeNull();
        ForkEvidence.Find(_log.Key, _log.CheckpointAt(7), stranger.CheckpointAt(7), null).ShouldBeNull();
        ForkEvidence.Find(stranger.Key, _log.CheckpointAt(7), _fork.CheckpointAt(7), null).ShouldBeNull();
        ForkEvidence.Find(_log.Key, _log.CheckpointAt(7), _fork.CheckpointAt(40), null).ShouldBeNull();
        var unsigned = SignedNote.Of(_fork.CheckpointAt(7).Text, _log.CheckpointAt(7).Signatures[0]);
        ForkEvidence.Find(_log.Key, _log.CheckpointAt(7), unsigned, null).ShouldBeNull();
        var proof = new ForkProof(_fork.Tree.RootAt(7), _fork.Tree.ProveConsistency(7, 40));
        new ForkEvidence(_log.Key, _log.CheckpointAt(7), _log.CheckpointAt(40), proof).Verify(out var error).ShouldBeFalse();
        error.ShouldBe("the proof does not hold");
        new ForkEvidence(_log.Key, _log.CheckpointAt(7), _fork.CheckpointAt(40), null).Verify(out error).ShouldBeFalse();
        error.ShouldContain("sizes");
        new ForkEvidence(_log.Key, _fork.CheckpointAt(7), _fork.CheckpointAt(40), proof).Verify(out error).ShouldBeFalse();
        error.ShouldContain("do not contradict");
    }

    [Theory]
    [InlineData("swarmfs.fork-evidence/v1", "swarmfs.fork-evidence/v2")]
    [InlineData("log ", "log  ")]
    [InlineData("notes ", "notes 0")]
    [InlineData("notes ", "notes +")]
    [InlineData("notes ", "notes 1")]
    [InlineData("root ", "root")]
    [InlineData("root ", "")]
    [InlineData("\n\nexample", "\n\n\nexample")]
    public void Another_spelling_is_refused(string from, string to)
    {
        var text = Encoding.UTF8.GetString(ForkEvidence.Find(_log.Key, _log.CheckpointAt(7), _fork.CheckpointAt(40), _fork.Tree)!.ToBytes());
        var at = text.IndexOf(from, StringComparison.Ordinal);
        at.ShouldBeGreaterThanOrEqualTo(0);
        ForkEvidence.TryRead(Encoding.UTF8.GetBytes($"{text[..at]}{to}{text[(at + from.Length)..]}"), out _, out _).ShouldBeFalse();
    }
}
