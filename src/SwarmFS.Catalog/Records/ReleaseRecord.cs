using System.Globalization;
using SwarmFS.Core;
using SwarmFS.Signing;

namespace SwarmFS.Catalog;

/// <summary>"I publish this": a publisher's own release, signed by it, so that it may stand in anybody's log.</summary>
/// <param name="Version">As it stands in a path.</param>
/// <param name="Sequence">Of this publisher, from 1; two records with one number are evidence of a fork.</param>
/// <param name="Artifact">The archive that the tree is unpacked from, where there is one.</param>
public sealed record ReleaseRecord(
    string Name, string Version, long Sequence, Cid Root, ArtifactDigest? Artifact, DateTimeOffset Time, Ed25519PublicKey Key, string Signature) : CatalogRecord, ISignedRecord
{
    internal const string Header = "swarmfs.release/v1";

    public string Namespace => CatalogNamespace.OfPublisher(Key);

    public static ReleaseRecord Sign(string name, string version, long sequence, Cid root, ArtifactDigest? artifact, DateTimeOffset time, Ed25519PrivateKey key)
    {
        var unsigned = new ReleaseRecord(name, version, sequence, root, artifact, time, key.PublicKey, "");
        return unsigned with { Signature = SignStatement(unsigned.Statement(), key) };
    }

    private protected override string Text() => $"{Statement()}signature {Signature}\n";

    private string Statement() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Header}\nnamespace {Namespace}\nname {Name}\nversion {Version}\nsequence {Sequence}\nroot {Root}\nartifact {Artifact?.ToString() ?? "none"}\ntime {Time.ToUnixTimeSeconds()}\nkey {Key}\n");

    internal static ReleaseRecord Read(ref RecordLines lines)
    {
        _ = lines.Value("namespace");
        var (name, version, sequence) = (lines.Text("name"), lines.Text("version"), lines.Number("sequence"));
        var record = new ReleaseRecord(
            name, version, sequence, lines.Cid("root"), lines.DigestOrNone("artifact"), lines.Time("time"), lines.Key("key"), lines.Signature("signature"));
        lines.End();
        lines.Require(PackageNames.IsName(name), "its name may not stand in a path");
        lines.Require(PackageNames.IsPathVersion(version), "its version may not stand in a path");
        lines.Require(sequence >= 1, "its sequence does not begin at 1");
        lines.Require(record.Root.Codec == CidCodec.MessagePack, "its root is no tree");
        return record;
    }
}
