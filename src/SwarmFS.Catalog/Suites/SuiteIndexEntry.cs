using System.Buffers;
using System.Text;
using SwarmFS.Core;

namespace SwarmFS.Catalog;

/// <summary>
/// One version of a package as a suite's index lists it: a link in a directory of links.
/// <code>
/// LINK   := NAME "_" VERSION                      at most 255 bytes; "_" stands in neither
/// TARGET := "sha256:" 64 hex " " BYTES " " FILENAME
/// </code>
/// </summary>
/// <param name="Version">As it stands in a path: a colon is written <c>%3a</c>.</param>
/// <param name="Artifact">The .deb.</param>
/// <param name="Filename">Of the .deb, relative to the repository's address, as the Packages file has it.</param>
public sealed record SuiteIndexEntry(string Name, string Version, ArtifactDigest Artifact, string Filename)
{
    /// <summary>Stands between name and version. Neither Debian's names nor its versions have it.</summary>
    private const char Separator = '_';

    /// <summary>Bytes of a file name: a link's target has 4,095, and digest and size take up to 91 of them.</summary>
    public const int FilenameLengthMax = 4_000;

    private static readonly SearchValues<byte> FilenameBytes = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+-_~/:%@,"u8);

    internal string LinkName => $"{Name}{Separator}{Version}";

    internal string Target => $"{Artifact} {Filename}";

    /// <returns>Null when it may stand in an index; otherwise what is wrong with it, as a clause.</returns>
    public string? Fault()
    {
        if (!PackageNames.IsName(Name) || Name.Contains(Separator)) return "its name cannot stand in an index";
        if (!PackageNames.IsPathVersion(Version) || Version.Contains(Separator)) return "its version cannot stand in an index";
        if (Name.Length + 1 + Version.Length > Limits.NameLength) return $"its name and version together have more than {Limits.NameLength - 1} characters";
        if (Artifact.Size <= 0) return "its archive has no bytes";
        return Ascii.IsValid(Filename) && IsFilename(Encoding.ASCII.GetBytes(Filename)) ? null : "its file name is none, too long, or leaves the repository";
    }

    /// <summary>Reads a link of an index. What is not byte for byte what an index has is refused.</summary>
    /// <returns>Null when it is no such link.</returns>
    public static SuiteIndexEntry? TryRead(ReadOnlySpan<byte> link, ReadOnlySpan<byte> target)
    {
        if (!TrySplit(link, out var name, out var version) || !Ascii.IsValid(link) || !Ascii.IsValid(target)) return null;
        var filename = target.LastIndexOf((byte)' ');
        if (filename < 0 || ArtifactDigest.TryParse(Encoding.ASCII.GetString(target[..filename])) is not { } artifact) return null;
        var entry = new SuiteIndexEntry(Encoding.ASCII.GetString(name), Encoding.ASCII.GetString(version), artifact, Encoding.ASCII.GetString(target[(filename + 1)..]));
        // Digest and size could be written in more ways than one.
        return entry.Fault() is null && target.SequenceEqual(Encoding.ASCII.GetBytes(entry.Target)) ? entry : null;
    }

    /// <summary>The parts of a link's name, without making anything and without looking at more than where they are parted.</summary>
    public static bool TrySplit(ReadOnlySpan<byte> link, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> version)
    {
        var separator = link.IndexOf((byte)Separator);
        name = separator < 0 ? [] : link[..separator];
        version = separator < 0 ? [] : link[(separator + 1)..];
        return !name.IsEmpty && !version.IsEmpty;
    }

    /// <summary>True for a relative path of plain characters: one that means the same as part of an address and as part of a path.</summary>
    public static bool IsFilename(ReadOnlySpan<byte> filename)
    {
        // Flat repositories begin the names with "./".
        var rest = filename.StartsWith("./"u8) ? filename[2..] : filename;
        if (filename.Length > FilenameLengthMax || rest.ContainsAnyExcept(FilenameBytes)) return false;
        if (rest.IndexOf((byte)':') is var colon and >= 0 && !rest[..colon].Contains((byte)'/')) return false;
        foreach (var range in rest.Split((byte)'/'))
        {
            var part = rest[range];
            if (part.IsEmpty || part.SequenceEqual("."u8) || part.SequenceEqual(".."u8)) return false;
        }
        return true;
    }

    /// <summary>What the links of all versions of a name begin with.</summary>
    internal static byte[] PrefixOf(string name) => Encoding.ASCII.GetBytes(name + Separator);
}
