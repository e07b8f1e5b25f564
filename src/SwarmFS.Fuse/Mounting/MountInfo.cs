using System.Globalization;
using System.Text;

namespace SwarmFS.Fuse;

/// <summary>
/// /proc/self/mountinfo, which names every mount without touching one. Grammar of a line (proc_pid_mountinfo(5)):
/// <code>id parent major:minor root mountpoint options (tag)* "-" type source superoptions</code>
/// with space, tab, newline and backslash as \ooo.
/// </summary>
internal static class MountInfo
{
    private const string Path = "/proc/self/mountinfo";
    private const int FieldsBeforeTags = 6;

    public static IEnumerable<FuseMountInfo> Read() => Parse(File.ReadLines(Path));

    public static IEnumerable<FuseMountInfo> Parse(IEnumerable<string> lines)
    {
        foreach (var line in lines)
        {
            var fields = line.Split(' ');
            var dash = Array.IndexOf(fields, "-", Math.Min(FieldsBeforeTags, fields.Length));
            if (dash < 0 || fields.Length < dash + 4) continue;
            yield return new FuseMountInfo(fields[0], fields[1], Unescape(fields[4]), fields[2], fields[dash + 1], Unescape(fields[dash + 2]), fields[dash + 3]);
        }
    }

    private static string Unescape(string field)
    {
        if (!field.Contains('\\', StringComparison.Ordinal)) return field;
        var bytes = new List<byte>(field.Length);
        var raw = Encoding.UTF8.GetBytes(field);
        for (var i = 0; i < raw.Length; i++)
        {
            if (raw[i] == '\\' && i + 3 < raw.Length && TryOctal(raw.AsSpan(i + 1, 3), out var value))
            {
                bytes.Add(value);
                i += 3;
            }
            else
            {
                bytes.Add(raw[i]);
            }
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }

    private static bool TryOctal(ReadOnlySpan<byte> digits, out byte value)
    {
        var number = 0;
        foreach (var digit in digits)
        {
            if (digit is < (byte)'0' or > (byte)'7')
            {
                value = 0;
                return false;
            }

            number = (number * 8) + digit - '0';
        }

        value = (byte)number;
        return number <= byte.MaxValue;
    }

    /// <summary>The minor number of an anonymous device "0:n": the name of its directory below /sys/fs/fuse/connections.</summary>
    public static int Minor(string device) =>
        int.TryParse(device.AsSpan(device.IndexOf(':', StringComparison.Ordinal) + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var minor) ? minor : -1;
}
