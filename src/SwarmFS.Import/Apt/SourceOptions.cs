namespace SwarmFS.Import;

/// <summary>
/// Makes sources of what one line or paragraph says, whichever of the two forms it was written in: the options have the same meaning in both (sources.list(5)).
/// What cannot be used is left out with a warning that names its place; a source without signatures is never used.
/// </summary>
internal sealed class SourceOptions(string place, string architecture, List<AptSource> into, List<string> warnings)
{
    private static readonly string[] Schemes = ["http", "https", "file", "copy"];

    /// <param name="options">Values by lower-case option name as deb822 writes it ("signed-by").</param>
    public void Add(string[] addresses, string[] suites, string[] components, IReadOnlyDictionary<string, string> options)
    {
        if (options.TryGetValue("trusted", out _))
        {
            Warn("sets Trusted; only signed repositories are used here. Remove the option and name the key with Signed-By.");
            return;
        }
        if (options.TryGetValue("architectures", out var architectures) && !Words(architectures).Contains(architecture)) return;
        if (Keys(options) is not { } keys) return;
        foreach (var address in addresses)
        {
            if (Address(address) is not { } uri) continue;
            foreach (var suite in suites) AddSuite(uri, suite.Replace("$(ARCH)", architecture, StringComparison.Ordinal), components, keys, options);
        }
    }

    private void AddSuite(Uri address, string suite, string[] components, AptKeys keys, IReadOnlyDictionary<string, string> options)
    {
        if (suite.Split('/').Contains("..") || suite.StartsWith('/')) Warn($"names the suite '{EscapedText.Of(suite)}', which leaves the repository.");
        else if (suite.EndsWith('/') != (components.Length == 0)) Warn($"names the suite '{EscapedText.Of(suite)}' {(components.Length == 0 ? "without components" : "with components although it is flat")}.");
        else if (components.Any(c => c.Contains("..", StringComparison.Ordinal))) Warn("names a component that leaves the repository.");
        else into.Add(new AptSource(address, suite, components, keys, YesNo(options, "check-valid-until"), YesNo(options, "check-date"), place));
    }

    private Uri? Address(string text)
    {
        var expanded = text.Replace("$(ARCH)", architecture, StringComparison.Ordinal);
        var scheme = expanded.Split(':')[0];
        // apt writes file:/path as often as file:///path.
        if (scheme is "file" or "copy") expanded = "file://" + expanded[(scheme.Length + 1)..].TrimStart('/').Insert(0, "/");
        if (!expanded.EndsWith('/')) expanded += "/";
        if (Schemes.Contains(scheme) && Uri.TryCreate(expanded, UriKind.Absolute, out var uri)) return uri;
        Warn($"has the address '{EscapedText.Of(text)}', of which the scheme is not supported ({string.Join(", ", Schemes)} are).");
        return null;
    }

    private AptKeys? Keys(IReadOnlyDictionary<string, string> options)
    {
        if (!options.TryGetValue("signed-by", out var value)) return AptKeys.Default;
        if (value.Contains("-----BEGIN PGP", StringComparison.Ordinal)) return new AptKeys([], Unfold(value), []);
        var (files, fingerprints) = (new List<string>(), new List<string>());
        foreach (var word in value.Split([',', ' ', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries))
        {
            var hex = word.TrimEnd('!').ToUpperInvariant();
            if (word.StartsWith('/')) files.Add(word);
            else if (hex.Length >= 40 && hex.All(char.IsAsciiHexDigit)) fingerprints.Add(hex);
            else
            {
                Warn($"has Signed-By '{EscapedText.Of(word)}', which is neither an absolute path nor a whole fingerprint.");
                return null;
            }
        }
        return new AptKeys(files, null, fingerprints);
    }

    /// <summary>deb822 begins each further line of a value with a blank, and writes an empty line as a dot.</summary>
    private static string Unfold(string value) =>
        string.Join('\n', value.Split('\n').Select(line => line.Trim()).Select(line => line == "." ? "" : line)) + "\n";

    private static bool? YesNo(IReadOnlyDictionary<string, string> options, string name) =>
        options.TryGetValue(name, out var value) ? AptConfiguration.IsYes(value) : null;

    internal static string[] Words(string value) => value.Split([' ', '\t', '\n', ','], StringSplitOptions.RemoveEmptyEntries);

    private void Warn(string what) => warnings.Add($"{place} {what}");
}
