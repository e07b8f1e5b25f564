using System.Globalization;

namespace SwarmFS.Transparency;

/// <summary>
/// One of the files in which a log's hashes and entries are served (C2SP tlog-tiles): <c>tile/&lt;level&gt;/&lt;index&gt;[.p/&lt;width&gt;]</c>,
/// or <c>tile/entries/&lt;index&gt;[.p/&lt;width&gt;]</c> for the entries under a tile of level 0.
/// </summary>
/// <param name="Level">0 to <see cref="MaxLevel"/>, or <see cref="Entries"/>.</param>
/// <param name="Index">From 0, within the level.</param>
/// <param name="Width">Hashes or entries in it, 1 to <see cref="FullWidth"/>.</param>
public readonly record struct LogTile(int Level, long Index, int Width)
{
    /// <summary>Levels of the tree that one tile spans.</summary>
    public const int Height = 8;

    /// <summary>Hashes in a full tile.</summary>
    public const int FullWidth = 1 << Height;

    /// <summary>The highest level that a tree of less than 2^63 entries has.</summary>
    public const int MaxLevel = 62 / Height;

    /// <summary>In the place of a level: the bundle of entries.</summary>
    public const int Entries = -1;

    private const string Prefix = "tile/";
    private const string EntriesWord = "entries";
    private const string PartialMark = ".p/";

    /// <summary>The longest path: seven groups of three digits hold every index below 2^63.</summary>
    private const int MaxPathLength = 64;

    /// <summary>Where it lies below the log's directory or URL.</summary>
    public string Path
    {
        get
        {
            var index = (Index % 1000).ToString("D3", CultureInfo.InvariantCulture);
            for (var rest = Index / 1000; rest > 0; rest /= 1000) index = $"x{(rest % 1000).ToString("D3", CultureInfo.InvariantCulture)}/{index}";
            var level = Level == Entries ? EntriesWord : Level.ToString(CultureInfo.InvariantCulture);
            var width = Width == FullWidth ? "" : PartialMark + Width.ToString(CultureInfo.InvariantCulture);
            return $"{Prefix}{level}/{index}{width}";
        }
    }

    /// <summary>Reads what <see cref="Path"/> writes and nothing else.</summary>
    public static bool TryParsePath(ReadOnlySpan<char> path, out LogTile tile)
    {
        tile = default;
        if (path.Length > MaxPathLength || !path.StartsWith(Prefix)) return false;
        var rest = path[Prefix.Length..];
        var slash = rest.IndexOf('/');
        if (slash < 0 || !TryParseLevel(rest[..slash], out var level)) return false;
        rest = rest[(slash + 1)..];
        var width = (long)FullWidth;
        var mark = rest.IndexOf(PartialMark);
        if (mark >= 0)
        {
            if (!StrictText.TryParseDecimal(rest[(mark + PartialMark.Length)..], out width)) return false;
            rest = rest[..mark];
        }
        if (width is < 1 or > FullWidth || !TryParseIndex(rest, out var index)) return false;
        tile = new LogTile(level, index, (int)width);
        // What the loop above lets pass, such as a leading x000, the canonical form does not.
        return path.SequenceEqual(tile.Path);
    }

    private static bool TryParseLevel(ReadOnlySpan<char> word, out int level)
    {
        level = Entries;
        if (word.SequenceEqual(EntriesWord)) return true;
        if (!StrictText.TryParseDecimal(word, out var number) || number > MaxLevel) return false;
        level = (int)number;
        return true;
    }

    private static bool TryParseIndex(ReadOnlySpan<char> groups, out long index)
    {
        index = 0;
        foreach (var range in groups.Split('/'))
        {
            var group = groups[range];
            var digits = group.StartsWith('x') ? group[1..] : group;
            if (digits.Length != 3 || digits.ContainsAnyExceptInRange('0', '9')) return false;
            if (index > (long.MaxValue - 999) / 1000) return false;
            index = index * 1000 + (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
        }
        return true;
    }
}
