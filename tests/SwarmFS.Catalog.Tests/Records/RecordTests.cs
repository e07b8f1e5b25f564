using System.Runtime.CompilerServices;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using SwarmFS.Core;
using SwarmFS.Signing;

namespace SwarmFS.Catalog.Tests;

public class RecordTests
{
    public static TheoryData<string> Names => [.. RecordSamples.All.Select(sample => sample.Name)];

    private static CatalogRecord Sample(string name) => RecordSamples.All.Single(sample => sample.Name == name).Record;

    private static string GoldenPath(string name, [CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "golden", "records", name + ".txt"));

    [Theory]
    [MemberData(nameof(Names))]
    public void A_record_has_the_bytes_that_were_frozen(string name)
    {
        var encoded = Sample(name).Encode();
        if (Environment.GetEnvironmentVariable("SWARMFS_GOLDEN") == "write") File.WriteAllBytes(GoldenPath(name), encoded);
        Encoding.UTF8.GetString(encoded).ShouldBe(File.ReadAllText(GoldenPath(name)));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_frozen_record_is_read_and_written_back_alike(string name)
    {
        var frozen = File.ReadAllBytes(GoldenPath(name));
        var read = CatalogRecord.TryRead(frozen, out var error).ShouldNotBeNull(error);
        read.ShouldBe(Sample(name));
        read.Encode().ShouldBe(frozen);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void What_a_changed_byte_makes_is_refused_or_is_another_record_in_canonical_form(string name)
    {
        var encoded = Sample(name).Encode();
        for (var at = 0; at < encoded.Length; at++)
        {
            foreach (var mask in (byte[])[0x01, 0x20, 0x80])
            {
                var changed = (byte[])encoded.Clone();
                changed[at] ^= mask;
                var read = CatalogRecord.TryRead(changed, out var error);
                if (read is null) error.ShouldNotBeNull();
                else read.Encode().ShouldBe(changed);
                if (Sample(name) is ISignedRecord) read.ShouldBeNull($"byte {at} xor {mask}: it is signed");
            }
        }
        CatalogRecord.TryRead([.. encoded, (byte)'\n'], out _).ShouldBeNull();
        CatalogRecord.TryRead(encoded.AsSpan(..^1), out _).ShouldBeNull();
    }

    [Theory]
    [InlineData(" 12345\n", " 012345\n")]
    [InlineData(" 12345\n", " +12345\n")]
    [InlineData(" 12345\n", "  12345\n")]
    [InlineData("sha256:", "SHA256:")]
    [InlineData("sha256:9c", "sha256:9C")]
    [InlineData("2026-07-11T10:16:37Z", "2026-07-11T10:16:37+00:00")]
    [InlineData("2026-07-11T10:16:37Z", "2026-7-11T10:16:37Z")]
    [InlineData("2026-07-11T10:16:37Z", "2026-07-11T25:16:37Z")]
    [InlineData("\n", "\r\n")]
    [InlineData("debian/bookworm", "debian/../bookworm")]
    [InlineData("debian/bookworm", "debian//bookworm")]
    [InlineData("debian/bookworm", "pub/bookworm")]
    [InlineData("v1\n", "v2\n")]
    public void A_suite_in_another_spelling_is_refused(string written, string other)
    {
        var text = Encoding.UTF8.GetString(Sample("suite").Encode());
        var changed = text.Replace(written, other);
        changed.ShouldNotBe(text);
        CatalogRecord.TryRead(Encoding.UTF8.GetBytes(changed), out _).ShouldBeNull();
    }

    [Fact]
    public void A_record_that_is_too_long_or_no_text_is_refused()
    {
        CatalogRecord.TryRead(new byte[CatalogRecord.LengthMax + 1], out var error).ShouldBeNull();
        error!.ShouldContain("longer");
        CatalogRecord.TryRead([0xff, 0xfe], out error).ShouldBeNull();
        error.ShouldBe("not UTF-8");
        CatalogRecord.TryRead([], out _).ShouldBeNull();
    }

    [Fact]
    public void A_release_that_another_key_signed_is_refused()
    {
        using var publisher = Ed25519PrivateKey.FromSeed(new byte[32]);
        using var thief = Ed25519PrivateKey.FromSeed([.. Enumerable.Repeat((byte)7, 32)]);
        var root = Cid.Of(CidCodec.MessagePack, "root"u8);
        var stolen = ReleaseRecord.Sign("tool", "1", 1, root, null, DateTimeOffset.UnixEpoch, thief) with { Key = publisher.PublicKey };
        Should.Throw<InvalidOperationException>(() => stolen.Encode()).Message.ShouldContain("signature");
    }

    [Fact]
    public void What_may_not_stand_in_a_path_cannot_be_published()
    {
        using var key = Ed25519PrivateKey.FromSeed(new byte[32]);
        var root = Cid.Of(CidCodec.MessagePack, "root"u8);
        foreach (var (name, version) in (ReadOnlySpan<(string, string)>)[("..", "1"), ("a/b", "1"), ("a\nb", "1"), ("tool", "latest"), ("tool", "1:0")])
            Should.Throw<InvalidOperationException>(() => ReleaseRecord.Sign(name, version, 1, root, null, DateTimeOffset.UnixEpoch, key).Encode());
        Should.Throw<InvalidOperationException>(() => RevokeRecord.Sign("tool", "1", "two\nlines", key).Encode());
        Should.Throw<InvalidOperationException>(() => RevokeRecord.Sign("tool", "1", "\u202eright to left", key).Encode());
    }

    [Fact]
    public void Any_suite_that_can_be_written_is_read_as_it_was()
    {
        Prop.ForAll<int, NonNegativeInt, byte[]>((seconds, size, content) =>
        {
            var date = DateTimeOffset.FromUnixTimeSeconds(Math.Abs((long)seconds));
            var record = new SuiteRecord(
                "debian/sid/main/amd64", date, Sha256Digest.Of(content), new ArtifactDigest(Sha256Digest.Of([.. content, 1]), size.Get), Cid.Of(CidCodec.MessagePack, content));
            return record.Equals(CatalogRecord.TryRead(record.Encode(), out _));
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Any_bytes_are_refused_or_read_back_to_themselves()
    {
        Prop.ForAll<byte[]>(bytes => CatalogRecord.TryRead(bytes, out var error) is not { } record ? error is not null : record.Encode().AsSpan().SequenceEqual(bytes))
            .QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData("debian/bookworm/main/amd64", true)]
    [InlineData("docker-ce/bookworm/stable/amd64", true)]
    [InlineData("debian/stable/updates/main/all", true)]
    [InlineData("debian/./main/amd64", false)]
    [InlineData("debian/../main/amd64", false)]
    [InlineData("debian//main/amd64", false)]
    [InlineData("debian", false)]
    [InlineData("/debian", false)]
    [InlineData("pub/bookworm/main", false)]
    [InlineData("débian/bookworm", false)]
    [InlineData("docker ce/bookworm", false)]
    [InlineData("a/b/c/d/e/f/g/h/i", false)]
    public void Only_namespaces_that_may_stand_in_a_path_are_namespaces(string text, bool expected) => CatalogNamespace.IsSuite(text).ShouldBe(expected);
}
