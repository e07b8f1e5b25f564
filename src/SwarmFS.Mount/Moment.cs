using System.Globalization;
using System.Text;

namespace SwarmFS.Mount;

/// <summary>
/// A moment of the past as it stands below <c>at/</c>: a day (<c>2026-11-20</c>, meaning its end) or an instant (<c>2026-11-20T15:04:05Z</c>), UTC. A day that is not over has no
/// state of its own yet: what it shows is the state at some <see cref="Seconds"/> before its last one, with <see cref="IsDay"/> set.
/// </summary>
/// <param name="Seconds">Since 1970; the last second of a day that is over. 32 bits reach to 2106.</param>
/// <param name="IsDay">It is shown below the name of a day.</param>
internal readonly record struct Moment(uint Seconds, bool IsDay)
{
    public const int SecondsPerDay = 86400;

    /// <summary>Bytes of the longer form.</summary>
    public const int TextLengthMax = 20;

    private const string DayFormat = "yyyy-MM-dd";
    private const string InstantFormat = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    public DateTimeOffset Time => DateTimeOffset.FromUnixTimeSeconds(Seconds);

    /// <summary>Days since 1970.</summary>
    public uint Day => Seconds / SecondsPerDay;

    /// <summary>True for a day by its name, false for the state of a day that is not over.</summary>
    public bool IsWholeDay => IsDay && Seconds % SecondsPerDay == SecondsPerDay - 1;

    /// <summary>The day that this second lies in.</summary>
    public static Moment DayOf(DateTimeOffset time) => new(((((uint)time.ToUnixTimeSeconds() / SecondsPerDay) + 1) * SecondsPerDay) - 1, IsDay: true);

    /// <summary>Reads the two forms, and nothing that is not written so.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out Moment moment)
    {
        moment = default;
        Span<char> chars = stackalloc char[TextLengthMax];
        if (text.Length > chars.Length || !Encoding.ASCII.TryGetChars(text, chars, out var length)) return false;
        return TryParse(chars[..length], out moment);
    }

    public static bool TryParse(ReadOnlySpan<char> text, out Moment moment)
    {
        moment = default;
        var isDay = text.Length == DayFormat.Length;
        var format = isDay ? DayFormat : InstantFormat;
        const DateTimeStyles universal = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        if (!DateTimeOffset.TryParseExact(text, format, CultureInfo.InvariantCulture, universal, out var time)) return false;
        var seconds = time.ToUnixTimeSeconds() + (isDay ? SecondsPerDay - 1 : 0);
        if (seconds is < 0 or > uint.MaxValue) return false;
        moment = new Moment((uint)seconds, isDay);
        return text.SequenceEqual(moment.ToString());
    }

    /// <summary>What the catalogue is asked for.</summary>
    public override string ToString() => Time.ToString(IsWholeDay ? DayFormat : InstantFormat, CultureInfo.InvariantCulture);
}
