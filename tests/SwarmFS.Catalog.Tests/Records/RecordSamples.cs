using SwarmFS.Core;
using SwarmFS.Signing;

namespace SwarmFS.Catalog.Tests;

/// <summary>One record of each kind, always the same: seeds of the fuzzer and the content of tests/golden/records.</summary>
internal static class RecordSamples
{
    public static IReadOnlyList<(string Name, CatalogRecord Record)> All { get; } = Make();

    private static List<(string, CatalogRecord)> Make()
    {
        using var key = Ed25519PrivateKey.FromSeed(new byte[32]);
        var time = DateTimeOffset.FromUnixTimeSeconds(1_763_690_000);
        var deb = new ArtifactDigest(Sha256Digest.Of("deb"u8), 12_345);
        var node = Cid.Of(CidCodec.MessagePack, "node"u8);
        return
        [
            ("suite", new SuiteRecord("debian/bookworm/main/amd64", new DateTimeOffset(2026, 7, 11, 10, 16, 37, TimeSpan.Zero), Sha256Digest.Of("payload"u8), deb, node)),
            ("tree", new TreeRecord(deb, node, 42, 123_456)),
            ("release", ReleaseRecord.Sign("mytool", "1%3a1.0", 7, node, deb, time, key)),
            ("release-without-artifact", ReleaseRecord.Sign("mytool", "1.0", 1, node, artifact: null, time, key)),
            ("revoke", RevokeRecord.Sign("mytool", "1.0", "withdrawn: the schlüssel was in it", key)),
            ("head", new HeadRecord(time, node, 12)),
            ("head-first", new HeadRecord(time, node, Previous: null)),
        ];
    }
}
