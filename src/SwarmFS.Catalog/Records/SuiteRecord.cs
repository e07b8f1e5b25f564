using SwarmFS.Core;

namespace SwarmFS.Catalog;

/// <summary>"The upstream's signed word at this date leads to this list of packages." A function of what upstream signed, so honest importers write the same bytes.</summary>
/// <param name="Namespace">Origin in lower case / codename / component / architecture (<see cref="CatalogNamespace"/>).</param>
/// <param name="Date">Of the Release.</param>
/// <param name="Payload">Of the signed text as the verifier put it out, never of the file, which can be changed without breaking the signature.</param>
/// <param name="Packages">Of the unpacked Packages.</param>
/// <param name="Index">The directory that lists names and versions.</param>
public sealed record SuiteRecord(string Namespace, DateTimeOffset Date, Sha256Digest Payload, ArtifactDigest Packages, Cid Index) : CatalogRecord
{
    internal const string Header = "swarmfs.suite/v1";

    private protected override string Text() =>
        $"{Header}\nnamespace {Namespace}\ndate {RecordLines.Show(Date)}\npayload sha256:{Payload}\npackages {Packages}\nindex {Index}\n";

    internal static SuiteRecord Read(ref RecordLines lines)
    {
        var record = new SuiteRecord(lines.Text("namespace"), lines.Date("date"), lines.Hash("payload"), lines.Digest("packages"), lines.Cid("index"));
        lines.End();
        lines.Require(CatalogNamespace.IsSuite(record.Namespace), "its namespace is none of a suite");
        lines.Require(record.Index.Codec == CidCodec.MessagePack, "its index is no directory");
        return record;
    }
}
