using System.Security.Cryptography;
using System.Text;
using SwarmFS.Core;
using SwarmFS.Signing;

namespace SwarmFS.Catalog.Tests;

public class AnnouncementTests
{
    private static readonly Cid Root = Cid.Of(CidCodec.MessagePack, "root"u8);

    private static Announcement Sample(Ed25519PrivateKey key) => new(
        "gedit", "1%3a44.2-1", Root, new ArtifactDigest(Sha256Digest.Of("deb"u8), 12345), DateTimeOffset.FromUnixTimeSeconds(1_763_690_000), key.PublicKey);

    [Fact]
    public void A_record_has_exactly_this_form()
    {
        using var key = Ed25519PrivateKey.FromSeed(new byte[32]);
        var record = Encoding.UTF8.GetString(Sample(key).Sign(key));
        record.ShouldBe($"""
            swarmfs.announcement/v1
            name gedit
            version 1%3a44.2-1
            root {Root}
            artifact sha256:{Sha256Digest.Of("deb"u8)} 12345
            published 1763690000
            importer O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik=
            signature {record[(record.IndexOf("signature ") + 10)..^1]}

            """);
        Announcement.TryRead(Encoding.UTF8.GetBytes(record), out _).ShouldBe(Sample(key));
    }

    [Fact]
    public void Any_changed_byte_is_refused()
    {
        using var key = Ed25519PrivateKey.FromSeed(RandomNumberGenerator.GetBytes(32));
        var record = Sample(key).Sign(key);
        for (var at = 0; at < record.Length; at++)
        {
            foreach (var mask in (byte[])[0x01, 0x20, 0x80])
            {
                var changed = (byte[])record.Clone();
                changed[at] ^= mask;
                Announcement.TryRead(changed, out var error).ShouldBeNull($"byte {at} xor {mask}");
                error.ShouldNotBeNull();
            }
        }
        Announcement.TryRead([.. record, (byte)'\n'], out _).ShouldBeNull();
        Announcement.TryRead(record.AsSpan(..^1), out _).ShouldBeNull();
        Announcement.TryRead(new byte[IAnnouncementLog.MaxRecordLength + 1], out _).ShouldBeNull();
    }

    [Fact]
    public void A_record_signed_by_another_key_is_refused()
    {
        using var key = Ed25519PrivateKey.FromSeed(RandomNumberGenerator.GetBytes(32));
        using var other = Ed25519PrivateKey.FromSeed(RandomNumberGenerator.GetBytes(32));
        Announcement.TryRead(Sample(key).Sign(other), out var error).ShouldBeNull();
        error!.ShouldContain("signature");
    }

    [Theory]
    [InlineData("..", false)]
    [InlineData("", false)]
    [InlineData("a/b", false)]
    [InlineData(".hidden", false)]
    [InlineData("g++-12", true)]
    [InlineData("lib32z1", true)]
    [InlineData("naïve", false)]
    public void Only_names_that_may_stand_in_a_path_are_names(string name, bool expected) => PackageNames.IsName(name).ShouldBe(expected);

    [Theory]
    [InlineData("latest", false)]
    [InlineData("1:2-3", false)]
    [InlineData("1%3a2-3", true)]
    [InlineData("1%3A2-3", false)]
    [InlineData("1%2f2", false)]
    [InlineData("2.36-9+deb12u14~bpo1", true)]
    [InlineData("~1", false)]
    public void Only_versions_that_may_stand_in_a_path_are_versions(string version, bool expected) => PackageNames.IsPathVersion(version).ShouldBe(expected);
}
