using System.Buffers;

namespace SwarmFS.Catalog;

/// <summary>
/// Which names and versions may stand in a path. Debian's own all may (Debian Policy 5.6.1, 5.6.12); capital letters and '_' are allowed beside them for other sources.
/// A version's colon is written <c>%3a</c>, because search paths split at colons; that is the only use of '%'.
/// </summary>
public static class PackageNames
{
    /// <summary>Bytes of a name; Debian's longest has 74.</summary>
    public const int NameLengthMax = 128;

    /// <summary>Bytes of a version as written in a path.</summary>
    public const int VersionLengthMax = 200;

    /// <summary>The name of the symlink to the newest version; no version may be called so.</summary>
    public const string Latest = "latest";

    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-._");

    private static readonly SearchValues<char> VersionCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-._~");

    public static bool IsName(ReadOnlySpan<char> name) =>
        name.Length is > 0 and <= NameLengthMax && char.IsAsciiLetterOrDigit(name[0]) && !name.ContainsAnyExcept(NameCharacters);

    /// <summary>True for a version as it stands in a path.</summary>
    public static bool IsPathVersion(ReadOnlySpan<char> version)
    {
        if (version.Length is 0 or > VersionLengthMax || !char.IsAsciiLetterOrDigit(version[0]) || version is Latest) return false;
        while (version.IndexOf('%') is var at and >= 0)
        {
            if (version[..at].ContainsAnyExcept(VersionCharacters) || !version[at..].StartsWith("%3a")) return false;
            version = version[(at + 3)..];
        }
        return !version.ContainsAnyExcept(VersionCharacters);
    }

    /// <summary>"1:2.3-1" as "1%3a2.3-1".</summary>
    public static string ToPathVersion(string version) => version.Replace(":", "%3a");

    /// <summary>"1%3a2.3-1" as "1:2.3-1".</summary>
    public static string FromPathVersion(string version) => version.Replace("%3a", ":");
}
