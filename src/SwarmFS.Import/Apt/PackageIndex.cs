using System.Globalization;
using SwarmFS.Catalog;
using SwarmFS.Core;

namespace SwarmFS.Import;

/// <summary>
/// A Packages file (Debian repository format) becomes the index of a suite: read once from front to back, one stanza at a time, since 63,000 stanzas would take 50 MB to hold.
/// What comes out is a function of the file and the architecture alone.
/// </summary>
internal static class PackageIndex
{
    /// <summary>Adds the packages of this architecture and of "all".</summary>
    /// <returns>How many were passed over because their name or version is none by Debian's grammar, or too long for an index.</returns>
    /// <exception cref="ArchiveFormatException">The file is malformed, or a stanza lacks what proves its archive.</exception>
    public static int Read(Stream packages, string architecture, SuiteIndexBuilder into)
    {
        var passedOver = 0;
        var reader = new StanzaReader(packages);
        while (reader.Next(out var stanza))
        {
            if (!stanza.TryGet("Package"u8, out var package)) throw new ArchiveFormatException("a stanza has no field 'Package'");
            if (!stanza.TryGet("Filename"u8, out var file) || !SuiteIndexEntry.IsFilename(file))
                throw new ArchiveFormatException($"the file name '{EscapedText.Of(file)}' of '{EscapedText.Of(package)}' is missing or leaves the repository");
            if (stanza.Text("Architecture") is not { } of || (of != architecture && of != "all")) continue;
            var entry = ReadEntry(stanza, out var version);
            if ((DebianGrammar.CheckName(entry.Name) ?? DebianGrammar.CheckVersion(version) ?? entry.Fault()) is not null) passedOver++;
            else if (!into.TryAdd(entry, out var error)) throw new ArchiveFormatException(error!);
        }
        return passedOver;
    }

    private static SuiteIndexEntry ReadEntry(Stanza stanza, out string version)
    {
        var name = Required(stanza, "Package");
        version = Required(stanza, "Version");
        if (!long.TryParse(Required(stanza, "Size"), NumberStyles.None, CultureInfo.InvariantCulture, out var size) || size == 0)
            throw new ArchiveFormatException($"the size of '{EscapedText.Of(name)}' is not a number of bytes");
        if (!Sha256Digest.TryParseHex(Required(stanza, "SHA256"), out var digest))
            throw new ArchiveFormatException($"the SHA256 of '{EscapedText.Of(name)}' is not 64 hexadecimal digits");
        return new SuiteIndexEntry(name, PackageNames.ToPathVersion(version), new ArtifactDigest(digest, size), Required(stanza, "Filename"));
    }

    private static string Required(Stanza stanza, string field) =>
        stanza.Text(field) is { Length: > 0 } text ? text : throw new ArchiveFormatException($"a stanza lacks the field '{field}'");
}
