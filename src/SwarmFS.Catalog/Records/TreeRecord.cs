using System.Globalization;
using SwarmFS.Core;

namespace SwarmFS.Catalog;

/// <summary>"This archive, unpacked by these rules, is this tree." A function of the archive alone: anyone can check it by unpacking.</summary>
/// <param name="Files">Entries of the tree, the root included.</param>
/// <param name="Bytes">Sum of the sizes of its files.</param>
public sealed record TreeRecord(ArtifactDigest Artifact, Cid Root, long Files, long Bytes) : CatalogRecord
{
    internal const string Header = "swarmfs.tree/v1";

    /// <summary>The rules by which archives are unpacked. Others make other trees, and other records.</summary>
    public const string Importer = "swarmfs-import/1";

    private protected override string Text() => string.Create(
        CultureInfo.InvariantCulture, $"{Header}\nartifact {Artifact}\nimporter {Importer}\nroot {Root}\nfiles {Files} {Bytes}\n");

    internal static TreeRecord Read(ref RecordLines lines)
    {
        var artifact = lines.Digest("artifact");
        lines.Require(lines.Text("importer") == Importer, $"it was not unpacked by the rules of {Importer}");
        var root = lines.Cid("root");
        var (files, bytes) = lines.TwoNumbers("files");
        lines.End();
        lines.Require(root.Codec == CidCodec.MessagePack, "its root is no tree");
        return new TreeRecord(artifact, root, files, bytes);
    }
}
