using System.Buffers;
using System.Text;
using SwarmFS.Core;
using SwarmFS.Signing;

namespace SwarmFS.Catalog;

/// <summary>
/// The grammar of namespaces: <c>pub/&lt;64 hexadecimal digits&gt;</c> for a publisher, otherwise two to eight parts that begin with a letter or digit
/// (<c>debian/bookworm/main/amd64</c>). The first part is the origin.
/// </summary>
public static class CatalogNamespace
{
    /// <summary>Bytes of a namespace: as the name of a directory, with <c>%2f</c> for each of seven slashes, it stays below the 255 of a name.</summary>
    public const int LengthMax = 200;

    private const int PartsMax = 8;

    private const string PublisherPrefix = "pub/";

    private static readonly SearchValues<char> PartCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-._~");

    /// <summary>Where a publisher's releases stand.</summary>
    public static string OfPublisher(Ed25519PublicKey key) => PublisherPrefix + Sha256Digest.Of(key.Bytes);

    /// <summary>The namespace of an index. What may not stand in one (the space in "Docker CE", say) becomes '-'.</summary>
    public static string OfSuite(string origin, string codename, string component, string architecture)
    {
        var text = new StringBuilder(string.Join('/', origin.Replace('/', '-').ToLowerInvariant(), codename, component, architecture));
        for (var i = 0; i < text.Length; i++)
        {
            var startsPart = i == 0 || text[i - 1] == '/';
            if (text[i] != '/' && (!PartCharacters.Contains(text[i]) || (startsPart && !char.IsAsciiLetterOrDigit(text[i])))) text[i] = startsPart ? 'x' : '-';
        }
        return text.ToString();
    }

    public static bool IsSuite(ReadOnlySpan<char> text)
    {
        if (text.Length > LengthMax || text.StartsWith(PublisherPrefix)) return false;
        var parts = 0;
        foreach (var range in text.Split('/'))
        {
            var part = text[range];
            if (part.IsEmpty || !char.IsAsciiLetterOrDigit(part[0]) || part.ContainsAnyExcept(PartCharacters)) return false;
            parts++;
        }
        return parts is >= 2 and <= PartsMax;
    }

    /// <summary>The part before the first slash: suites of one origin count as one.</summary>
    public static string OriginOf(string text) => text.IndexOf('/') is var slash and >= 0 ? text[..slash] : text;

    /// <summary>As the name of a directory in the catalogue.</summary>
    public static string ToFileName(string text) => text.Replace("/", "%2f");
}
