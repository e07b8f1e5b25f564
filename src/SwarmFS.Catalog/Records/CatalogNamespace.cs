using System.Buffers;
using SwarmFS.Core;
using SwarmFS.Signing;

namespace SwarmFS.Catalog;

/// <summary>
/// The grammar of namespaces: <c>pub/&lt;64 hexadecimal digits&gt;</c> for a publisher, otherwise two to eight parts that are no dots
/// (<c>debian/bookworm/main/amd64</c>). The first part is the origin.
/// </summary>
public static class CatalogNamespace
{
    private const int PartsMax = 8;

    private const string PublisherPrefix = "pub/";

    private static readonly SearchValues<char> PartCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-._~");

    /// <summary>Where a publisher's releases stand.</summary>
    public static string OfPublisher(Ed25519PublicKey key) => PublisherPrefix + Sha256Digest.Of(key.Bytes);

    public static bool IsSuite(ReadOnlySpan<char> text) => text.Contains('/') && IsSuiteOrPrefix(text);

    /// <summary>A suite, or the first parts of one: "debian".</summary>
    public static bool IsSuiteOrPrefix(ReadOnlySpan<char> text)
    {
        // As the name of a directory a slash takes three bytes.
        if (text.Length + (2 * text.Count('/')) > Limits.NameLength || text.StartsWith(PublisherPrefix) || text is "pub") return false;
        var parts = 0;
        foreach (var range in text.Split('/'))
        {
            var part = text[range];
            if (part.IsEmpty || part is "." or ".." || part.ContainsAnyExcept(PartCharacters)) return false;
            parts++;
        }
        return parts <= PartsMax;
    }

    /// <summary>The part before the first slash: suites of one origin count as one.</summary>
    public static string OriginOf(string text) => text.IndexOf('/') is var slash and >= 0 ? text[..slash] : text;

    /// <summary>As the name of a directory in the catalogue.</summary>
    public static string ToFileName(string text) => text.Replace("/", "%2f");
}
