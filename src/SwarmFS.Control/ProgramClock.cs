using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace SwarmFS.Control;

/// <summary>The one place from which both programs take their clock: the system's, or for drills and tests one that stands at <c>SWARMFS_NOW</c> (seconds since 1970) when the program starts.</summary>
public static class ProgramClock
{
    public const string Variable = "SWARMFS_NOW";

    /// <summary>The last second of the year 9998: there is room to go on from it.</summary>
    private const long SecondsMax = 253_370_764_799;

    /// <param name="environment">Looks a variable up.</param>
    /// <param name="error">Says what is wrong with the variable.</param>
    public static bool TryMake(Func<string, string?> environment, [NotNullWhen(true)] out TimeProvider? time, [NotNullWhen(false)] out string? error)
    {
        (time, error) = (TimeProvider.System, null);
        if (environment(Variable) is not { Length: > 0 } text) return true;
        if (!text.AsSpan().ContainsAnyExceptInRange('0', '9') && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds <= SecondsMax)
        {
            time = new ShiftedTime(DateTimeOffset.FromUnixTimeSeconds(seconds));
            return true;
        }
        (time, error) = (null, $"{Variable} is no number of seconds since 1970. Leave it unset for the system's clock.");
        return false;
    }

    /// <summary>Runs on from a start as the system's clock does.</summary>
    private sealed class ShiftedTime(DateTimeOffset start) : TimeProvider
    {
        private readonly long _started = System.GetTimestamp();

        public override DateTimeOffset GetUtcNow() => start + System.GetElapsedTime(_started);
    }
}
