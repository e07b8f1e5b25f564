using System.Text;

namespace SwarmFS.Import;

/// <summary>
/// The system's own package sources: <c>sources.list</c> and the <c>.list</c> (one line each) and <c>.sources</c> (deb822) files of <c>sources.list.d</c>, as
/// sources.list(5) describes them. So no host is written into this project, and whom to believe is decided where the administrator decided it.
/// </summary>
public sealed class AptSources
{
    /// <summary>Bytes of one file of sources; real ones have a few KiB.</summary>
    private const long MaxFile = 4 << 20;

    private AptSources(AptConfiguration configuration, AptPaths paths, IReadOnlyList<AptSource> sources, IReadOnlyList<string> warnings)
    {
        Configuration = configuration;
        Paths = paths;
        Sources = sources;
        Warnings = warnings;
    }

    public AptConfiguration Configuration { get; }

    public AptPaths Paths { get; }

    /// <summary>Distinct, in the order of their files.</summary>
    public IReadOnlyList<AptSource> Sources { get; }

    /// <summary>What was left out and why, one sentence each.</summary>
    public IReadOnlyList<string> Warnings { get; }

    /// <exception cref="SourceUnavailableException">apt is not installed.</exception>
    public static async Task<AptSources> LoadAsync(AptPaths paths, TimeProvider time, CancellationToken cancellationToken)
    {
        var configuration = paths.Configuration ?? await AptConfiguration.ReadAsync(time, cancellationToken);
        var (sources, warnings) = (new List<AptSource>(), new List<string>());
        foreach (var file in Files(paths.EtcDirectory))
        {
            var text = ReadText(file, warnings);
            if (text is null) continue;
            if (file.EndsWith(".sources", StringComparison.Ordinal)) ReadParagraphs(file, text, configuration.Architecture, sources, warnings);
            else ReadLines(file, text, configuration.Architecture, sources, warnings);
        }
        var distinct = sources.DistinctBy(s => (s.Address, s.Suite, string.Join(' ', s.Components))).ToList();
        return new AptSources(configuration, paths, distinct, warnings);
    }

    private static List<string> Files(string etc)
    {
        var files = new List<string>();
        var list = Path.Join(etc, "sources.list");
        if (File.Exists(list)) files.Add(list);
        var parts = Path.Join(etc, "sources.list.d");
        if (!Directory.Exists(parts)) return files;
        // As run-parts does, apt ignores names with other characters: editors' backups, for one.
        var named = Directory.GetFiles(parts).Where(f => Path.GetExtension(f) is ".list" or ".sources"
            && Path.GetFileName(f).All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.'));
        files.AddRange(named.Order(StringComparer.Ordinal));
        return files;
    }

    private static string? ReadText(string file, List<string> warnings)
    {
        try
        {
            if (new FileInfo(file).Length <= MaxFile) return Utf8.Strict.GetString(File.ReadAllBytes(file));
            warnings.Add($"{file} has more than {MaxFile} bytes and is left out.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or DecoderFallbackException)
        {
            warnings.Add($"{file} cannot be read and is left out: {e.Message}");
        }
        return null;
    }

    internal static void ReadLines(string file, string text, string architecture, List<AptSource> sources, List<string> warnings)
    {
        var number = 0;
        foreach (var raw in text.Split('\n'))
        {
            number++;
            var line = raw.Split('#')[0].Trim();
            if (line.Length == 0) continue;
            var place = $"{file}:{number}";
            var (type, rest) = TakeWord(line);
            if (type == "deb-src") continue;
            var options = new Dictionary<string, string>();
            if (rest.StartsWith('['))
            {
                var close = rest.IndexOf(']');
                if (close > 0) ReadBrackets(rest[1..close], options);
                rest = close > 0 ? rest[(close + 1)..].TrimStart() : "";
            }
            var words = SourceOptions.Words(rest);
            if (type != "deb" || words.Length < 2) warnings.Add($"{place} is not understood: '{EscapedText.Of(line)}'.");
            else new SourceOptions(place, architecture, sources, warnings).Add(words[..1], words[1..2], words[2..], options);
        }
    }

    private static (string Word, string After) TakeWord(string line)
    {
        var end = line.IndexOfAny([' ', '\t']);
        return end < 0 ? (line, "") : (line[..end], line[end..].TrimStart());
    }

    private static void ReadBrackets(string text, Dictionary<string, string> options)
    {
        foreach (var option in text.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = option.IndexOf('=');
            if (equals < 1) continue;
            var name = option[..equals].ToLowerInvariant();
            options[name == "arch" ? "architectures" : name] = option[(equals + 1)..];
        }
    }

    internal static void ReadParagraphs(string file, string text, string architecture, List<AptSource> sources, List<string> warnings)
    {
        // Comments may stand anywhere; a line of blanks parts paragraphs as an empty one does.
        var lines = text.Split('\n').Where(line => !line.StartsWith('#')).Select(line => string.IsNullOrWhiteSpace(line) ? "" : line);
        var reader = new StanzaReader(new MemoryStream(Encoding.UTF8.GetBytes(string.Join('\n', lines) + "\n")));
        try
        {
            for (var number = 1; reader.Next(out var stanza); number++)
                ReadParagraph($"{file} (paragraph {number})", stanza, architecture, sources, warnings);
        }
        catch (ArchiveFormatException e)
        {
            warnings.Add($"{file} is not understood: {e.Message}.");
        }
    }

    private static void ReadParagraph(string place, Stanza stanza, string architecture, List<AptSource> sources, List<string> warnings)
    {
        if (stanza.Text("Enabled") is { } enabled && !AptConfiguration.IsYes(enabled)) return;
        if (!SourceOptions.Words(stanza.Text("Types") ?? "").Contains("deb")) return;
        var options = new Dictionary<string, string>();
        foreach (var name in (string[])["Architectures", "Signed-By", "Trusted", "Check-Valid-Until", "Check-Date"])
            if (stanza.Text(name) is { } value) options[name.ToLowerInvariant()] = value;
        new SourceOptions(place, architecture, sources, warnings).Add(
            SourceOptions.Words(stanza.Text("URIs") ?? ""), SourceOptions.Words(stanza.Text("Suites") ?? ""), SourceOptions.Words(stanza.Text("Components") ?? ""), options);
    }
}
