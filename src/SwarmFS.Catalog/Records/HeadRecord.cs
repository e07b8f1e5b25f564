using System.Globalization;
using SwarmFS.Core;

namespace SwarmFS.Catalog;

/// <summary>The last entry of every batch: binds all that the log says to one directory. Alone among the records it differs between honest importers.</summary>
/// <param name="Time">When the batch was closed, by the importer's clock.</param>
/// <param name="Catalogue">The root of the directory with <c>suites/</c>, <c>trees/</c> and <c>pub/</c>.</param>
/// <param name="Previous">The index of the head before it in this log; null for the first.</param>
public sealed record HeadRecord(DateTimeOffset Time, Cid Catalogue, long? Previous) : CatalogRecord
{
    internal const string Header = "swarmfs.head/v1";

    private protected override string Text() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Header}\ntime {Time.ToUnixTimeSeconds()}\ncatalogue {Catalogue}\nprevious {Previous?.ToString(CultureInfo.InvariantCulture) ?? "none"}\n");

    internal static HeadRecord Read(ref RecordLines lines)
    {
        var record = new HeadRecord(lines.Time("time"), lines.Cid("catalogue"), lines.NumberOrNone("previous"));
        lines.End();
        lines.Require(record.Catalogue.Codec == CidCodec.MessagePack, "its catalogue is no directory");
        return record;
    }
}
