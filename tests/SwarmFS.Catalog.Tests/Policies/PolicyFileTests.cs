using System.Runtime.CompilerServices;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using SwarmFS.Core;
using SwarmFS.Transparency;

namespace SwarmFS.Catalog.Tests;

public class PolicyFileTests
{
    private static string GoldenPath(string name, [CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "golden", "policies", name));

    private static void IsRefused(string text, string? reason = null)
    {
        PolicyFile.TryRead(text, out var policy, out var error).ShouldBeFalse(text);
        policy.ShouldBeNull();
        error.ShouldNotBeNull();
        if (reason is not null) error.ShouldContain(reason);
    }

    [Fact]
    public void A_signed_policy_has_the_bytes_that_were_frozen_and_is_written_back_alike()
    {
        var signed = PolicySamples.Sign(PolicySamples.FullText(), 1, 3);
        if (Environment.GetEnvironmentVariable("SWARMFS_GOLDEN") == "write") File.WriteAllBytes(GoldenPath("policy.7"), signed);
        var frozen = File.ReadAllBytes(GoldenPath("policy.7"));
        signed.ShouldBe(frozen);
        SignedPolicy.TryRead(frozen, out var policy, out var error).ShouldBeTrue(error);
        policy.Note.ToBytes().ShouldBe(frozen);
        policy.Policy.ToText().ShouldBe(PolicySamples.FullText());
        policy.IsSignedFor(policy.Policy, out _).ShouldBeTrue();
    }

    [Fact]
    public void The_catalogue_gets_what_the_file_says()
    {
        var file = PolicySamples.Read(PolicySamples.FullText());
        var policy = file.ToCatalogPolicy();
        policy.Logs.ShouldBe([PolicySamples.Log("a.example/log"), PolicySamples.Log("b.example/log"), PolicySamples.Log("c.example/log")]);
        policy.Confirmations.ShouldBe(2);
        policy.MaxAge.ShouldBe(TimeSpan.FromHours(36));
        policy.Namespaces.ShouldBe(["debian/bookworm", "debian"]);
        policy.Publishers.ShouldBe([PolicySamples.KeyOf("publisher").PublicKey]);
        policy.Retired.ShouldBe([new RetiredLog(PolicySamples.Log("c.example/log"), 41, Sha256Digest.Of("root"u8))]);
        policy.Witnesses.Witnesses.Count.ShouldBe(3);
        policy.Witnesses.AsksForWitnesses.ShouldBeTrue();
        (file.Version, file.RootThreshold, file.RootKeys.Count).ShouldBe((7, 2, 3));
    }

    [Fact]
    public void It_ends_at_the_instant_of_its_expiry()
    {
        var file = PolicySamples.Read(PolicySamples.FullText());
        var end = new DateTimeOffset(2027, 1, 31, 12, 0, 0, TimeSpan.Zero);
        file.IsExpired(end.AddSeconds(-1)).ShouldBeFalse();
        file.IsExpired(end).ShouldBeTrue();
        PolicySamples.Read(PolicySamples.Text(1, [1], 1)).IsExpired(DateTimeOffset.MaxValue).ShouldBeFalse();
    }

    [Theory]
    [InlineData("version 7\n", "version 07\n")]
    [InlineData("version 7\n", "version 0\n")]
    [InlineData("version 7\n", "version +7\n")]
    [InlineData("version 7\n", "version 7 \n")]
    [InlineData("version 7\n", "version 9223372036854775808\n")]
    [InlineData("expires 2027-01-31T12:00:00Z\n", "expires 2027-01-31 12:00:00Z\n")]
    [InlineData("expires 2027-01-31T12:00:00Z\n", "expires 2027-02-29T12:00:00Z\n")]
    [InlineData("expires 2027-01-31T12:00:00Z\n", "expires Never\n")]
    [InlineData("expires 2027-01-31T12:00:00Z\n", "")]
    [InlineData("root-threshold 2\n", "root-threshold 0\n")]
    [InlineData("root-threshold 2\n", "root-threshold 4\n")]
    [InlineData("root-threshold 2\n", "root-threshold 4294967298\n")]
    [InlineData("importers 2\n", "importers 0\n")]
    [InlineData("importers 2\n", "importers 4\n")]
    [InlineData("importers 2\nmax-age 36h\n", "max-age 36h\nimporters 2\n")]
    [InlineData("max-age 36h\n", "max-age 2160m\n")]
    [InlineData("max-age 36h\n", "max-age 0h\n")]
    [InlineData("max-age 36h\n", "max-age 8761h\n")]
    [InlineData("max-age 36h\n", "max-age 99999999999999999999h\n")]
    [InlineData("max-age 36h\n", "max-age 1d\n")]
    [InlineData("max-age 36h\n", "max-age h\n")]
    [InlineData("namespace debian\n", "namespace debian/bookworm\n")]
    [InlineData("namespace debian\n", "namespace Debian/../x\n")]
    [InlineData("namespace debian\n", "namespace pub/00\n")]
    [InlineData("namespace debian\n", "namespace \n")]
    [InlineData("publisher pub/", "publisher pub/0")]
    [InlineData("retired c.example/log 41", "retired d.example/log 41")]
    [InlineData("retired c.example/log 41", "retired c.example/log 041")]
    [InlineData("group most 2 w1 w2 w3", "group most 2 w1 w2  w3")]
    [InlineData("group most 2 w1 w2 w3", "group most 2 w1 w2 w3 ")]
    [InlineData("group most 2 w1 w2 w3", "group most 4 w1 w2 w3")]
    [InlineData("quorum most\n", "quorum most\n# a comment\n")]
    [InlineData("quorum most\n", "quorum most")]
    [InlineData("quorum most\n", "")]
    [InlineData("quorum most\n", "quorum most\n\n")]
    [InlineData("quorum most\n", "quorum most\nlog x\n")]
    [InlineData("swarmfs.policy/v1", "swarmfs.policy/v2")]
    public void What_is_not_in_its_one_form_is_refused(string part, string other)
    {
        var text = PolicySamples.FullText();
        text.ShouldContain(part);
        IsRefused(text.Replace(part, other));
    }

    [Fact]
    public void One_public_key_under_two_names_is_refused_because_it_would_sign_for_two()
    {
        var one = PolicySamples.Signer(1).VerifierKey;
        var other = VerifierKey.OfLog("another-name", one.Key);
        IsRefused(PolicySamples.Text(1, [1, 2], 2).Replace($"root-key {PolicySamples.Signer(2).VerifierKey}\n", $"root-key {other}\n"), "twice");
        IsRefused(PolicySamples.Text(1, [1, 1], 1), "twice");
    }

    [Fact]
    public void A_witness_s_key_is_no_root_key() =>
        IsRefused(PolicySamples.Text(1, [1, 2], 1).Replace(PolicySamples.Signer(2).VerifierKey.ToString(), PolicySamples.Witness("w").ToString()), "type is not 1");

    [Fact]
    public void Every_kind_of_line_has_a_bound()
    {
        PolicySamples.Read(PolicySamples.Text(1, Enumerable.Range(0, 16), 16)).RootKeys.Count.ShouldBe(16);
        IsRefused(PolicySamples.Text(1, Enumerable.Range(0, 17), 1), "more than 16 lines 'root-key'");
        IsRefused(PolicySamples.Text(1, [], 1));
        var text = PolicySamples.Text(1, [1], 1);
        string Namespaces(int count) => text.Replace("max-age 24h\n", "max-age 24h\n" + string.Concat(Enumerable.Range(0, count).Select(i => $"namespace debian/suite{i}\n")));
        PolicySamples.Read(Namespaces(64)).Namespaces.Count.ShouldBe(64);
        IsRefused(Namespaces(65), "more than 64 lines 'namespace'");
        string Logs(int count) => PolicySamples.Text(1, [1], 1, logs: PolicySamples.LogLines([.. Enumerable.Range(0, count).Select(i => $"log{i}.example")]));
        PolicySamples.Read(Logs(16)).Logs.Count().ShouldBe(16);
        IsRefused(Logs(17), "more than 16");
        IsRefused(Logs(0));
    }

    [Fact]
    public void A_changed_byte_makes_another_policy_in_canonical_form_or_none_and_never_one_that_is_signed()
    {
        var encoded = PolicySamples.Sign(PolicySamples.FullText(), 1, 2);
        SignedPolicy.TryRead(encoded, out var original, out _).ShouldBeTrue();
        for (var at = 0; at < encoded.Length; at++)
        {
            var changed = (byte[])encoded.Clone();
            changed[at] ^= 0x01;
            if (!SignedPolicy.TryRead(changed, out var policy, out _)) continue;
            policy.Note.ToBytes().ShouldBe(changed);
            policy.Policy.ToText().ShouldBe(policy.Note.Text);
            policy.IsSignedFor(original!.Policy, out var error).ShouldBeFalse($"byte {at}");
            error.ShouldNotBeNull();
        }
    }

    [Fact]
    public void Garbage_is_refused_without_an_exception() =>
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll((string text) => !PolicyFile.TryRead("swarmfs.policy/v1\n" + text, out _, out var error) && error is not null));

    [Fact]
    public void A_policy_that_is_too_long_is_refused_before_it_is_looked_at()
    {
        IsRefused(new string('x', SignedNote.MaxLength + 1), "longer than");
        SignedPolicy.TryRead(Encoding.ASCII.GetBytes(new string('x', SignedPolicy.MaxLength + 1)), out _, out var error).ShouldBeFalse();
        error.ShouldNotBeNull().ShouldContain("longer than");
    }
}
