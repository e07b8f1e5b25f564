using System.Globalization;
using System.Text;
using SwarmFS.Core;
using SwarmFS.Testing;
using SwarmFS.Transparency;

namespace SwarmFS.Catalog.Tests;

public class PolicyChainTests
{
    private readonly MemoryStateFiles _files = new();

    /// <summary>It is 2026-01-01.</summary>
    private readonly ManualTimeProvider _time = new();

    private PolicyChain Open(bool hasVersions = false) => new(_files, hasVersions, _time);

    private static byte[] Version(long version, int[] keys, int threshold, int[] signers, string expires = "never", string? logs = null) =>
        PolicySamples.Sign(PolicySamples.Text(version, keys, threshold, expires, logs), signers);

    private static byte[] Simple(long version, string expires = "never", string? logs = null) => Version(version, [1], 1, [1], expires, logs);

    /// <summary>The 15 chains of python-tuf's and tuf-conformance's tests of root rotation: versions as keys/threshold/signatures, and whether the last one is taken.</summary>
    [Theory]
    [InlineData("1-of-1, rotated", "1/1/1 2/1/2,1 2/1/2", true)]
    [InlineData("1-of-1, rotated, unused signatures", "1/1/3,1,4 2/1/3,2,1,4 2/1/3,2,4", true)]
    [InlineData("1-of-1, not signed with the old key", "1/1/1 2/1/2,3,4", false)]
    [InlineData("1-of-1, not signed with the new key", "1/1/1 2/1/1,3,4", false)]
    [InlineData("3-of-5, signed with different keys", "0,1,2,3,4/3/0,2,4 0,1,2,3,4/3/0,4,1 0,1,2,3,4/3/0,1,3 0,1,2,3,4/3/0,1,3", true)]
    [InlineData("3-of-5, one key rotated", "0,1,2,3,4/3/0,2,4 0,1,3,4,5/3/0,4,1", true)]
    [InlineData("3-of-5, one key rotated, not signed with three new keys", "0,1,2,3,4/3/0,2,4 0,1,3,4,5/3/0,2,4", false)]
    [InlineData("3-of-5, one key rotated, not signed with three old keys", "0,1,2,3,4/3/0,2,4 0,1,3,4,5/3/0,4,5", false)]
    [InlineData("3-of-5, one key rotated, with a step between", "0,1,2,3,4/3/0,2,4 0,1,3,4,5/3/0,2,4,5 0,1,3,4,5/3/0,4,5", true)]
    [InlineData("3-of-5, all keys rotated, with a step between", "0,1,2,3,4/3/0,2,4 5,6,7,8,9/3/0,2,4,5,6,7 5,6,7,8,9/3/5,6,7", true)]
    [InlineData("1-of-3 raised to 2-of-3", "1,2,3/1/1 1,2,3/2/1,2", true)]
    [InlineData("1-of-3 raised to 2-of-3, the new threshold not reached", "1,2,3/1/1 1,2,3/2/2", false)]
    [InlineData("2-of-3 lowered to 1-of-3", "1,2,3/2/1,2 1,2,3/1/1,2 1,2,3/1/1", true)]
    [InlineData("2-of-3 lowered to 1-of-3, the old threshold not reached", "1,2,3/2/1,2 1,2,3/1/1", false)]
    [InlineData("1-of-1 raised to 2-of-2", "1/1/1 1,2/2/1,2", true)]
    public void Rotations_of_the_root_keys_go_as_in_TUF(string name, string rows, bool isTaken)
    {
        var versions = rows.Split(' ').Select((row, index) =>
        {
            int[][] parts = [.. row.Split('/').Select(part => part.Split(',').Select(int.Parse).ToArray())];
            return Version(index + 1, parts[0], parts[1][0], parts[2]);
        }).ToList();
        var chain = Open();
        chain.Trust(versions[0]).Refusal.ShouldBeNull();
        foreach (var version in versions[1..^1]) chain.Advance([version]).Refusal.ShouldBeNull(name);
        var step = chain.Advance([versions[^1]]);
        (step.Refusal is null).ShouldBe(isTaken, $"{name}: {step.Refusal}");
        var reached = isTaken ? versions.Count : versions.Count - 1;
        chain.Current!.Version.ShouldBe(reached, name);
        Open().Current!.Version.ShouldBe(reached, name);

        // The same as one update, which is taken whole or not at all.
        var files = new MemoryStateFiles();
        var other = new PolicyChain(files, hasVersions: false, _time);
        other.Trust(versions[0]);
        other.Advance([.. versions.Skip(1)]);
        other.Current!.Version.ShouldBe(isTaken ? versions.Count : 1, name);
    }

    [Fact]
    public void The_first_policy_is_taken_on_its_owner_s_word_when_it_is_signed_by_itself_and_only_once()
    {
        var chain = Open();
        chain.Current.ShouldBeNull();
        chain.Advance([Simple(1)]).Refusal.ShouldNotBeNull();
        chain.Trust(Version(3, [1, 2], 2, [1, 5])).Refusal.ShouldNotBeNull();
        chain.Trust("garbage"u8.ToArray()).Refusal.ShouldNotBeNull();
        chain.Trust(Simple(3, "2025-12-31T23:59:59Z")).Refusal.ShouldNotBeNull().ShouldContain("expired");
        _files.Names.ShouldBeEmpty();
        chain.Trust(Simple(3)).Policy!.Version.ShouldBe(3);
        chain.Trust(Simple(4)).Refusal.ShouldNotBeNull();
        Open().Current!.Version.ShouldBe(3);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    public void Only_the_very_next_version_follows(long version)
    {
        var chain = Open();
        chain.Trust(Simple(3));
        chain.Advance([Simple(version)]).Refusal.ShouldNotBeNull().ShouldContain("does not follow");
        chain.Current!.Version.ShouldBe(3);
    }

    [Fact]
    public void The_expiry_of_versions_between_does_not_matter_and_that_of_the_last_does()
    {
        var chain = Open();
        chain.Trust(Simple(1, "2026-01-02T00:00:00Z"));
        _time.Advance(TimeSpan.FromDays(30));
        Open().Current!.IsExpired(_time.GetUtcNow()).ShouldBeTrue();
        const string Past = "2026-01-15T00:00:00Z";
        chain.Advance([Simple(2, Past), Simple(3, Past)]).Refusal.ShouldNotBeNull().ShouldContain("expired");
        chain.Current!.Version.ShouldBe(1);
        chain.Advance([Simple(2, Past), Simple(3)]).Refusal.ShouldBeNull();
        Open().Current!.Version.ShouldBe(3);
    }

    [Fact]
    public void A_false_signature_in_the_name_of_a_root_key_spoils_what_others_signed()
    {
        var chain = Open();
        chain.Trust(Version(1, [1, 2], 1, [1]));
        SignedNote.TryRead(Version(2, [1, 2], 1, [1]), out var note, out _).ShouldBeTrue();
        var forged = PolicySamples.Signer(2).Sign("something else\n").Signatures[0];
        chain.Advance([note!.With(forged).ToBytes()]).Refusal.ShouldNotBeNull().ShouldContain("root-2");
        chain.Current!.Version.ShouldBe(1);
    }

    [Fact]
    public void A_signature_that_stands_twice_counts_once()
    {
        var text = PolicySamples.Text(1, [1, 2], 2);
        var lines = Encoding.UTF8.GetString(PolicySamples.Sign(text, 1));
        var signature = lines[(text.Length + 1)..];
        SignedPolicy.TryRead(Encoding.UTF8.GetBytes(lines + signature), out var policy, out _).ShouldBeTrue();
        policy!.Note.Signatures.Count.ShouldBe(2);
        policy.SignersOf(policy.Policy).Count.ShouldBe(1);
        Open().Trust(policy.Note.ToBytes()).Refusal.ShouldNotBeNull();
    }

    [Fact]
    public void The_logs_that_a_version_no_longer_names_are_told()
    {
        var chain = Open();
        chain.Trust(Simple(1, logs: PolicySamples.LogLines("a.example", "b.example", "c.example")));
        var step = chain.Advance([Simple(2, logs: PolicySamples.LogLines("a.example", "c.example")), Simple(3, logs: PolicySamples.LogLines("c.example", "d.example"))]);
        step.RemovedLogs.ShouldBe([PolicySamples.Log("a.example"), PolicySamples.Log("b.example")], ignoreOrder: true);
    }

    [Fact]
    public void A_log_that_keeps_its_name_under_another_key_is_another_log()
    {
        var chain = Open();
        chain.Trust(Simple(1, logs: PolicySamples.LogLines("a.example")));
        var other = VerifierKey.OfLog("a.example", PolicySamples.KeyOf("new key").PublicKey);
        chain.Advance([Simple(2, logs: $"log {other}\nquorum none\n")]).RemovedLogs.ShouldBe([PolicySamples.Log("a.example")]);
    }

    [Fact]
    public void An_update_has_at_most_256_versions()
    {
        var chain = Open();
        chain.Trust(Simple(1));
        var versions = Enumerable.Range(2, PolicyChain.StepsMax + 1).Select(version => (ReadOnlyMemory<byte>)Simple(version)).ToList();
        chain.Advance(versions).Refusal.ShouldNotBeNull().ShouldContain("256");
        chain.Advance([]).Refusal.ShouldNotBeNull();
        chain.Current!.Version.ShouldBe(1);
        chain.Advance(versions[..^1]).Refusal.ShouldBeNull();
        chain.Current!.Version.ShouldBe(1 + PolicyChain.StepsMax);
        chain.Read(100).ShouldBe(versions[98].ToArray());
        chain.Read(1 + PolicyChain.StepsMax + 1).ShouldBeNull();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void An_update_that_cannot_be_written_to_its_end_leaves_the_old_policy(int writes)
    {
        Open().Trust(Simple(1));
        var failing = new PolicyChain(new FailingFiles(_files, writes), hasVersions: true, _time);
        Should.Throw<IOException>(() => failing.Advance([Simple(2), Simple(3)]));
        failing.Current!.Version.ShouldBe(1);
        Open().Current!.Version.ShouldBe(1);
        Open().Advance([Simple(2), Simple(3)]).Refusal.ShouldBeNull();
        Open().Current!.Version.ShouldBe(3);
    }

    [Theory]
    [InlineData("policy/newest", "2\n")]
    [InlineData("policy/newest", "../x\n")]
    [InlineData("policy/newest", "1")]
    [InlineData("policy/newest", "")]
    [InlineData("policy/policy.1", "garbage")]
    public void Damaged_state_is_told_and_never_taken_for_no_policy(string file, string content)
    {
        Open().Trust(Simple(1));
        _files.Replace(file, Encoding.ASCII.GetBytes(content));
        Should.Throw<PolicyDamagedException>(() => Open()).Message.ShouldContain("damaged");
    }

    [Fact]
    public void Versions_without_the_one_that_counts_are_a_loss()
    {
        Open().Current.ShouldBeNull();
        Should.Throw<PolicyDamagedException>(() => Open(hasVersions: true)).Message.ShouldContain("catalogue/policy/");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void A_first_version_that_was_cut_off_is_no_loss(int writes)
    {
        var failing = new PolicyChain(new FailingFiles(_files, writes), hasVersions: false, _time);
        Should.Throw<IOException>(() => failing.Trust(Simple(1)));
        var next = Open(hasVersions: writes > 1);
        next.Current.ShouldBeNull();
        next.Trust(Simple(1)).Refusal.ShouldBeNull();
        Open(hasVersions: true).Current!.Version.ShouldBe(1);
    }

    /// <summary>A disk that is full after so many files.</summary>
    private sealed class FailingFiles(IStateFiles files, int writes) : IStateFiles
    {
        private int _left = writes;

        public byte[]? Read(string name) => files.Read(name);

        public void Replace(string name, ReadOnlySpan<byte> content)
        {
            if (_left-- == 0) throw new IOException(string.Create(CultureInfo.InvariantCulture, $"no room for {name}"));
            files.Replace(name, content);
        }
    }
}
