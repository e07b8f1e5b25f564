using System.Globalization;
using System.Text;
using SwarmFS.Core;

namespace SwarmFS.Import;

/// <summary>A file that a Release lists.</summary>
internal sealed record ListedFile(string Path, long Size, Sha256Digest Digest);

/// <summary>
/// What a suite's Release says (Debian repository format): when it was made, until when it holds, and the SHA-256 of its indices. Weaker hashes are not looked at.
/// </summary>
internal sealed class ReleaseFile
{
    private static readonly string[] DateFormats =
        ["ddd, d MMM yyyy H:m:s 'UTC'", "ddd, d MMM yyyy H:m:s 'GMT'", "ddd, d MMM yyyy H:m:s 'Z'", "ddd, d MMM yyyy H:m:s '+0000'"];

    private readonly Dictionary<string, ListedFile> _files = [];

    public required DateTimeOffset Date { get; init; }

    public required DateTimeOffset? ValidUntil { get; init; }

    public required string? Origin { get; init; }

    public required string? Suite { get; init; }

    public required string? Codename { get; init; }

    public required bool ByHash { get; init; }

    /// <summary>
    /// Packages of architecture "all" stand in an index of their own alone. An index for "all" may be listed otherwise too, but then it is not offered.
    /// </summary>
    public required bool HasOwnIndexOfAll { get; init; }

    /// <exception cref="ArchiveFormatException">It is malformed, undated, or lists no SHA-256.</exception>
    public static ReleaseFile Parse(byte[] text)
    {
        // gpgv ends its output as the signed text ended: without the last line feed.
        var reader = new StanzaReader(new MemoryStream(text is [.., (byte)'\n'] ? text : [.. text, (byte)'\n']));
        if (!reader.Next(out var stanza)) throw new ArchiveFormatException("it is empty");
        var release = new ReleaseFile
        {
            Date = Time(stanza, "Date") ?? throw new ArchiveFormatException("it has no Date"),
            ValidUntil = Time(stanza, "Valid-Until"),
            Origin = stanza.Text("Origin"),
            Suite = stanza.Text("Suite"),
            Codename = stanza.Text("Codename"),
            ByHash = stanza.Text("Acquire-By-Hash") == "yes",
            HasOwnIndexOfAll = SourceOptions.Words(stanza.Text("Architectures") ?? "").Contains("all")
                && !SourceOptions.Words(stanza.Text("No-Support-for-Architecture-all") ?? "").Contains("Packages"),
        };
        if (!stanza.TryGet("SHA256"u8, out var list))
            throw new ArchiveFormatException("it lists no SHA-256, only weaker hashes or none");
        release.AddFiles(list);
        if (reader.Next(out _)) throw new ArchiveFormatException("it has a second paragraph");
        return release;
    }

    public ListedFile? Find(string path) => _files.GetValueOrDefault(path);

    private void AddFiles(ReadOnlySpan<byte> list)
    {
        Span<Range> words = stackalloc Range[4];
        var text = Encoding.Latin1.GetString(list);
        foreach (var range in text.AsSpan().Split('\n'))
        {
            var line = text.AsSpan()[range];
            if (line.IsWhiteSpace()) continue;
            var count = line.SplitAny(words, " \t", StringSplitOptions.RemoveEmptyEntries);
            if (count != 3 || !Sha256Digest.TryParseHex(line[words[0]], out var digest) || !IsSize(line[words[1]], out var size))
                throw new ArchiveFormatException($"its SHA256 list has the line '{EscapedText.Of(line.ToString())}'");
            var path = line[words[2]].ToString();
            var file = new ListedFile(path, size, digest);
            if (!_files.TryAdd(path, file) && _files[path] != file) throw new ArchiveFormatException($"it lists '{EscapedText.Of(path)}' twice with different hashes");
        }
    }

    private static bool IsSize(ReadOnlySpan<char> digits, out long size) => long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out size);

    private static DateTimeOffset? Time(Stanza stanza, string field)
    {
        if (stanza.Text(field) is not { } text) return null;
        const DateTimeStyles Styles = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal | DateTimeStyles.AllowInnerWhite;
        return DateTimeOffset.TryParseExact(text, DateFormats, CultureInfo.InvariantCulture, Styles, out var time)
            ? time
            : throw new ArchiveFormatException($"its {field} '{EscapedText.Of(text)}' is not a time");
    }
}
