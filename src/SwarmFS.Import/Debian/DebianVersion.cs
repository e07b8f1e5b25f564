namespace SwarmFS.Import;

/// <summary>
/// A version in Debian's grammar, ordered as Debian orders (Debian Policy 5.6.12; deb-version(7)):
/// <c>[epoch:]upstream[-revision]</c>, upstream beginning with a digit.
/// </summary>
public sealed class DebianVersion : IComparable<DebianVersion>, IEquatable<DebianVersion>
{
    /// <summary>A version becomes a directory name, where a colon takes three bytes.</summary>
    public const int MaxLength = 200;

    private readonly int _epoch;
    private readonly string _upstream;
    private readonly string _revision;

    private DebianVersion(string text, int epoch, string upstream, string revision)
    {
        Text = text;
        _epoch = epoch;
        _upstream = upstream;
        _revision = revision;
    }

    /// <summary>As it was written.</summary>
    public string Text { get; }

    /// <summary>As it stands in a path: a colon is written <c>%3a</c>, because search paths split at colons.</summary>
    public string PathText => Text.Replace(":", "%3a", StringComparison.Ordinal);

    /// <param name="error">Says what is wrong with it, to stand after "version '…'".</param>
    public static bool TryParse(string text, out DebianVersion? version, out string? error)
    {
        version = null;
        error = Check(text, out var epoch, out var upstream, out var revision);
        if (error is not null) return false;
        version = new DebianVersion(text, epoch, upstream, revision);
        return true;
    }

    /// <exception cref="FormatException">It is not a version.</exception>
    public static DebianVersion Parse(string text) =>
        TryParse(text, out var version, out var error) ? version! : throw new FormatException($"version '{EscapedText.Of(text)}' {error}");

    private static string? Check(string text, out int epoch, out string upstream, out string revision)
    {
        (epoch, upstream, revision) = (0, text, "");
        if (text.Length is 0 or > MaxLength) return $"has {text.Length} characters; 1 to {MaxLength} are allowed";
        var colon = text.IndexOf(':');
        if (colon >= 0)
        {
            var digits = text.AsSpan(0, colon);
            if (digits.IsEmpty || digits.ContainsAnyExceptInRange('0', '9') || !int.TryParse(digits, out epoch))
                return "has an epoch that is not a number below 2^31";
            upstream = text[(colon + 1)..];
        }
        var hyphen = upstream.LastIndexOf('-');
        if (hyphen >= 0)
        {
            revision = upstream[(hyphen + 1)..];
            upstream = upstream[..hyphen];
            if (revision.Length == 0) return "has an empty revision";
        }
        if (upstream.Length == 0 || !char.IsAsciiDigit(upstream[0])) return "does not begin with a digit";
        foreach (var c in upstream)
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '+' or '-' or '~' or ':')) return "has a character that versions do not have";
        foreach (var c in revision)
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '+' or '~')) return "has a character that revisions do not have";
        return null;
    }

    public int CompareTo(DebianVersion? other)
    {
        if (other is null) return 1;
        var order = _epoch.CompareTo(other._epoch);
        if (order == 0) order = Compare(_upstream, other._upstream);
        return order != 0 ? order : Compare(_revision, other._revision);
    }

    /// <summary>Runs of other characters and runs of digits by turns: the first by <see cref="Weight"/>, the second as numbers of any length.</summary>
    private static int Compare(ReadOnlySpan<char> left, ReadOnlySpan<char> right)
    {
        while (!left.IsEmpty || !right.IsEmpty)
        {
            while (StartsWithOther(left) || StartsWithOther(right))
            {
                var order = Weight(left) - Weight(right);
                if (order != 0) return order;
                left = left[1..];
                right = right[1..];
            }
            var leftDigits = TakeNumber(ref left);
            var rightDigits = TakeNumber(ref right);
            var numbers = leftDigits.Length != rightDigits.Length
                ? leftDigits.Length.CompareTo(rightDigits.Length)
                : leftDigits.SequenceCompareTo(rightDigits);
            if (numbers != 0) return numbers;
        }
        return 0;
    }

    private static bool StartsWithOther(ReadOnlySpan<char> text) => !text.IsEmpty && !char.IsAsciiDigit(text[0]);

    /// <summary>A tilde sorts before the end, the end (or a digit) before letters, letters before everything else.</summary>
    private static int Weight(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty || char.IsAsciiDigit(text[0])) return 0;
        if (text[0] == '~') return -1;
        return char.IsAsciiLetter(text[0]) ? text[0] : text[0] + 256;
    }

    /// <summary>The digits that stand next, without leading zeros.</summary>
    private static ReadOnlySpan<char> TakeNumber(ref ReadOnlySpan<char> text)
    {
        var end = text.IndexOfAnyExceptInRange('0', '9');
        var digits = end < 0 ? text : text[..end];
        text = text[digits.Length..];
        return digits.TrimStart('0');
    }

    public bool Equals(DebianVersion? other) => other is not null && CompareTo(other) == 0;

    public override bool Equals(object? obj) => Equals(obj as DebianVersion);

    /// <summary>Versions that differ only in leading zeros are equal, so the hash is taken over the text without any zero.</summary>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var c in _upstream)
            if (c != '0') hash.Add(c);
        hash.Add(_epoch);
        return hash.ToHashCode();
    }

    public static bool operator ==(DebianVersion? left, DebianVersion? right) => Equals(left, right);
    public static bool operator !=(DebianVersion? left, DebianVersion? right) => !Equals(left, right);
    public static bool operator <(DebianVersion left, DebianVersion right) => left.CompareTo(right) < 0;
    public static bool operator >(DebianVersion left, DebianVersion right) => left.CompareTo(right) > 0;
    public static bool operator <=(DebianVersion left, DebianVersion right) => left.CompareTo(right) <= 0;
    public static bool operator >=(DebianVersion left, DebianVersion right) => left.CompareTo(right) >= 0;

    public override string ToString() => Text;
}
