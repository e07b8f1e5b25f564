namespace SwarmFS.Catalog;

/// <summary>
/// The order of Debian version numbers (Debian Policy 5.6.12, deb-version(7)): epoch, then upstream version, then revision, each by alternating
/// non-digit and digit parts; letters before other characters, '~' before everything, even the end.
/// Total: any two strings compare, so that foreign versions have an order too.
/// </summary>
public sealed class DebianVersion : IComparer<string>
{
    public static DebianVersion Order { get; } = new();

    public int Compare(string? x, string? y)
    {
        if (x is null || y is null) return Comparer<bool>.Default.Compare(x is not null, y is not null);
        var left = Split(x);
        var right = Split(y);
        var order = ComparePart(left.Epoch, right.Epoch);
        if (order == 0) order = ComparePart(left.Upstream, right.Upstream);
        if (order == 0) order = ComparePart(left.Revision, right.Revision);
        return order;
    }

    private static Parts Split(ReadOnlySpan<char> version)
    {
        var colon = version.IndexOf(':');
        var epoch = colon < 0 ? "0" : version[..colon];
        var rest = version[(colon + 1)..];
        var dash = rest.LastIndexOf('-');
        return dash < 0 ? new Parts(epoch, rest, []) : new Parts(epoch, rest[..dash], rest[(dash + 1)..]);
    }

    private readonly ref struct Parts(ReadOnlySpan<char> epoch, ReadOnlySpan<char> upstream, ReadOnlySpan<char> revision)
    {
        public readonly ReadOnlySpan<char> Epoch = epoch;
        public readonly ReadOnlySpan<char> Upstream = upstream;
        public readonly ReadOnlySpan<char> Revision = revision;
    }

    private static int ComparePart(ReadOnlySpan<char> left, ReadOnlySpan<char> right)
    {
        while (!left.IsEmpty || !right.IsEmpty)
        {
            while (IsText(left) || IsText(right))
            {
                var order = Weight(left).CompareTo(Weight(right));
                if (order != 0) return order;
                left = left[1..];
                right = right[1..];
            }
            var leftNumber = TakeNumber(ref left);
            var rightNumber = TakeNumber(ref right);
            var byLength = leftNumber.Length.CompareTo(rightNumber.Length);
            if (byLength != 0) return byLength;
            var byDigits = leftNumber.SequenceCompareTo(rightNumber);
            if (byDigits != 0) return byDigits;
        }
        return 0;
    }

    private static bool IsText(ReadOnlySpan<char> part) => !part.IsEmpty && !char.IsAsciiDigit(part[0]);

    /// <summary>'~' is below the end of a part, which is below letters, which are below the rest. A digit ends a text part.</summary>
    private static int Weight(ReadOnlySpan<char> part)
    {
        if (part.IsEmpty || char.IsAsciiDigit(part[0])) return 0;
        if (part[0] == '~') return -1;
        return char.IsAsciiLetter(part[0]) ? part[0] : part[0] + 256;
    }

    private static ReadOnlySpan<char> TakeNumber(ref ReadOnlySpan<char> part)
    {
        var end = part.IndexOfAnyExceptInRange('0', '9');
        var digits = end < 0 ? part : part[..end];
        part = end < 0 ? [] : part[end..];
        return digits.TrimStart('0');
    }
}
