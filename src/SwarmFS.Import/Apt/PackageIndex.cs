using System.Buffers;
using System.Globalization;
using SwarmFS.Catalog;
using SwarmFS.Core;

namespace SwarmFS.Import;

/// <summary>A package as an index lists it.</summary>
/// <param name="Filename">Relative to the repository's address.</param>
internal sealed record ListedPackage(ExpectedPackage Package, string Filename);

/// <summary>
/// A Packages file (Debian repository format) on disk: scanned from front to back when something is asked of it, since 63,000 stanzas take a tenth of a second to
/// read and 50 MB to hold. The scan hashes what it reads, so an index that was changed on disk says nothing.
/// </summary>
internal static class PackageIndex
{
    private static readonly SearchValues<byte> PathBytes = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+-_~/:%@,"u8);

    /// <summary>Reads all stanzas, so that a malformed one is noticed, and returns those of this name.</summary>
    /// <param name="name">Null to find none.</param>
    /// <exception cref="ArchiveFormatException">The index is malformed.</exception>
    public static List<ListedPackage> Scan(Stream index, string? name, string architecture)
    {
        var found = new List<ListedPackage>();
        var wanted = System.Text.Encoding.ASCII.GetBytes(name ?? "");
        var reader = new StanzaReader(index);
        while (reader.Next(out var stanza))
        {
            if (!stanza.TryGet("Package"u8, out var package)) throw new ArchiveFormatException("a stanza has no field 'Package'");
            if (!stanza.TryGet("Filename"u8, out var file) || !IsInside(file))
                throw new ArchiveFormatException($"the file name '{EscapedText.Of(file)}' of '{EscapedText.Of(package)}' is missing or leaves the repository");
            if (package.SequenceEqual(wanted) && stanza.Text("Architecture") is { } of && (of == architecture || of == "all")) found.Add(Read(stanza));
        }
        return found;
    }

    private static ListedPackage Read(Stanza stanza)
    {
        var (name, version) = (Required(stanza, "Package"), Required(stanza, "Version"));
        if ((DebianGrammar.CheckName(name) ?? DebianGrammar.CheckVersion(version)) is { } reason) throw new ArchiveFormatException(reason);
        if (!long.TryParse(Required(stanza, "Size"), NumberStyles.None, CultureInfo.InvariantCulture, out var size) || size == 0)
            throw new ArchiveFormatException($"the size of '{name}' is not a number of bytes");
        if (!Sha256Digest.TryParseHex(Required(stanza, "SHA256"), out var digest)) throw new ArchiveFormatException($"the SHA256 of '{name}' is not 64 hexadecimal digits");
        return new ListedPackage(new ExpectedPackage(name, version, new ArtifactDigest(digest, size)), Required(stanza, "Filename"));
    }

    /// <summary>A relative path of plain characters: one that means the same as part of an address and as part of a path.</summary>
    private static bool IsInside(ReadOnlySpan<byte> filename)
    {
        // Flat repositories begin the names with "./".
        var rest = filename.StartsWith("./"u8) ? filename[2..] : filename;
        if (rest.ContainsAnyExcept(PathBytes) || rest.IndexOf((byte)':') is var colon and >= 0 && !rest[..colon].Contains((byte)'/')) return false;
        foreach (var range in rest.Split((byte)'/'))
        {
            var part = rest[range];
            if (part.IsEmpty || part.SequenceEqual("."u8) || part.SequenceEqual(".."u8)) return false;
        }
        return true;
    }

    private static string Required(Stanza stanza, string field) =>
        stanza.Text(field) is { Length: > 0 } text ? text : throw new ArchiveFormatException($"a stanza lacks the field '{field}'");
}
