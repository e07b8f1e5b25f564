using System.Globalization;

namespace SwarmFS.Catalog;

/// <summary>A policy's <c>max-age</c>: <c>24h</c>, <c>90m</c>, <c>45s</c>, in the largest of the units that divides it.</summary>
internal static class PolicyAge
{
    private static readonly (char Unit, long Seconds)[] Units = [('h', 3600), ('m', 60), ('s', 1)];

    public static string Show(TimeSpan age)
    {
        var seconds = (long)age.TotalSeconds;
        var (unit, length) = Array.Find(Units, unit => seconds % unit.Seconds == 0);
        return string.Create(CultureInfo.InvariantCulture, $"{seconds / length}{unit}");
    }

    /// <summary>May take more than one spelling.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out TimeSpan age)
    {
        age = default;
        if (text.IsEmpty) return false;
        var unit = text[^1];
        var length = Array.Find(Units, known => known.Unit == unit).Seconds;
        if (length == 0 || !int.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var count)) return false;
        if (count < 1 || count * length > PolicyFile.AgeMax.TotalSeconds) return false;
        age = TimeSpan.FromSeconds(count * length);
        return true;
    }
}
