using SwarmFS.Catalog;

namespace SwarmFS.Import;

/// <summary>
/// The namespace of an index: a function of what the Release says, so that honest importers write the same.
/// <code>
/// NAMESPACE := ORIGIN "/" CODENAME "/" COMPONENT "/" ARCHITECTURE      each of a-z 0-9 . + -
/// </code>
/// </summary>
internal static class SuiteNamespace
{
    /// <summary>The component of a repository that has none.</summary>
    public const string Flat = "flat";

    /// <summary>Words in lower case, and <c>-</c> for every character that a namespace does not have.</summary>
    /// <param name="codename">Or the suite, where there is no codename.</param>
    /// <returns>Null when a word is missing or begins with a dot, or the whole is no namespace of a suite: too long, or of the origin that the catalogue keeps for publishers.</returns>
    public static string? Of(string? origin, string? codename, string component, string architecture)
    {
        string?[] words = [origin, codename, component, architecture];
        if (words.Any(word => word is not { Length: > 0 } || word[0] == '.')) return null;
        var name = string.Join('/', words.Select(word => Plain(word!)));
        return CatalogNamespace.IsSuite(name) ? name : null;
    }

    private static string Plain(string word) =>
        string.Create(word.Length, word, static (into, from) =>
        {
            for (var i = 0; i < from.Length; i++)
            {
                var lower = from[i] is >= 'A' and <= 'Z' ? (char)(from[i] | 0x20) : from[i];
                into[i] = lower is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '.' or '+' or '-' ? lower : '-';
            }
        });
}
