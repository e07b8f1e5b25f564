using System.Globalization;
using System.Net;

namespace SwarmFS.Control.Configuration;

/// <summary>How values are written: sizes, times, switches, addresses. A refusal is a clause that says what a good value looks like.</summary>
public static class SettingValues
{
    /// <summary>The least quota: less would not hold one large package while it is read.</summary>
    public const long MinQuota = 64L << 20;

    private static readonly (string Suffix, long Factor)[] SizeUnits =
    [
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40),
        ("kB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
        ("K", 1L << 10), ("M", 1L << 20), ("G", 1L << 30), ("T", 1L << 40), ("B", 1),
    ];

    private static readonly (string Suffix, double Seconds)[] TimeUnits = [("ms", 0.001), ("min", 60), ("s", 1), ("m", 60), ("h", 3600), ("d", 86400)];

    /// <summary>A count of bytes: <c>4096</c>, <c>500MB</c>, <c>20GiB</c>, <c>20G</c>.</summary>
    public static bool TryParseSize(string text, out long bytes)
    {
        bytes = 0;
        var factor = 1L;
        foreach (var unit in SizeUnits)
        {
            if (!text.EndsWith(unit.Suffix, StringComparison.OrdinalIgnoreCase)) continue;
            (text, factor) = (text[..^unit.Suffix.Length].TrimEnd(), unit.Factor);
            break;
        }
        if (!decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)) return false;
        if (number > long.MaxValue / factor) return false;
        bytes = (long)(number * factor);
        return true;
    }

    /// <summary>A span of time: <c>500ms</c>, <c>15s</c>, <c>2m</c>; a bare number is seconds.</summary>
    public static bool TryParseTime(string text, out TimeSpan time)
    {
        time = default;
        var seconds = 1.0;
        foreach (var unit in TimeUnits)
        {
            if (!text.EndsWith(unit.Suffix, StringComparison.Ordinal)) continue;
            (text, seconds) = (text[..^unit.Suffix.Length].TrimEnd(), unit.Seconds);
            break;
        }
        if (!double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) || number > 1e9) return false;
        time = TimeSpan.FromSeconds(number * seconds);
        return true;
    }

    public static bool TryParseSwitch(string text, out bool on)
    {
        on = text is "on" or "yes" or "true" or "1";
        return on || text is "off" or "no" or "false" or "0";
    }

    /// <summary>An address to listen on: <c>*:7401</c>, <c>127.0.0.1:7001</c>, <c>[::1]:7001</c>.</summary>
    public static bool TryParseListen(string text, out IPEndPoint endPoint)
    {
        if (text.StartsWith("*:", StringComparison.Ordinal) && TryParsePort(text.AsSpan(2), 0, out var port))
        {
            var any = System.Net.Sockets.Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any;
            endPoint = new IPEndPoint(any, port);
            return true;
        }
        endPoint = new IPEndPoint(IPAddress.None, 0);
        if (!TrySplitHost(text, 0, out var host, out port) || !IPAddress.TryParse(host, out var address)) return false;
        endPoint = new IPEndPoint(address, port);
        return true;
    }

    /// <summary>Splits <c>host:port</c>, <c>[v6]:port</c>.</summary>
    public static bool TrySplitHost(string text, int leastPort, out string host, out int port)
    {
        (host, port) = ("", 0);
        var colon = text.LastIndexOf(':');
        if (colon <= 0 || !TryParsePort(text.AsSpan(colon + 1), leastPort, out port)) return false;
        host = text[..colon];
        if (host.StartsWith('[') && host.EndsWith(']')) host = host[1..^1];
        else if (host.Contains(':')) return false;
        return Uri.CheckHostName(host) != UriHostNameType.Unknown;
    }

    internal static string? RefuseListen(string text) =>
        TryParseListen(text, out _) ? null : "must be ADDRESS:PORT, such as 0.0.0.0:7401, [::1]:7401 or *:7401";

    internal static string? RefusePeer(string text) =>
        TrySplitHost(text, 1, out _, out _) ? null : "must be HOST:PORT, such as mirror.example.org:7401 or 192.0.2.7:7401";

    internal static string? RefuseSwitch(string text) => TryParseSwitch(text, out _) ? null : "must be on or off";

    // U+FFFD stands for bytes that are no UTF-8: the path would name another directory.
    internal static string? RefuseMount(string text) =>
        text == "none" ? null : !Path.IsPathRooted(text) ? "must be an absolute path, or none" : text.Contains('\uFFFD', StringComparison.Ordinal) ? "must be UTF-8" : null;

    internal static string? RefuseQuota(string text) =>
        TryParseSize(text, out var bytes) && bytes >= MinQuota ? null : "must be a size of at least 64MiB, such as 500MB or 20GiB";

    internal static string? RefuseRate(string text) =>
        text == "unlimited" || (TryParseSize(text, out var bytes) && bytes >= 16 << 10) ? null : "must be unlimited or a size per second of at least 16KiB, such as 5MB";

    internal static string? RefuseDeadline(string text) =>
        TryParseTime(text, out var time) && time >= TimeSpan.FromMilliseconds(100) && time <= TimeSpan.FromHours(1)
            ? null : "must be a time between 100ms and 1h, such as 15s or 2m";

    internal static string? RefuseSync(string text) =>
        text == "off" || (TryParseTime(text, out var time) && time >= TimeSpan.FromSeconds(1) && time <= TimeSpan.FromDays(30)) ? null : "must be off or a time of at least 1s, such as 6h";

    /// <summary>A verifier key's form alone (C2SP signed-note); whether it is one is found out by whoever reads it.</summary>
    internal static string? RefuseVerifierKey(string text) =>
        text.Split('+') is [{ Length: > 0 }, { Length: 8 }, { Length: > 0 }, ..] ? null : "must be a verifier key NAME+HASH+KEY, as swarmfs id and swarmfs key gen print it";

    internal static string? RefusePolicy(string text) => text == "none" || Path.IsPathRooted(text) ? null : "must be none or the absolute path of a signed policy";

    internal static Func<string, string?> RefuseCount(int least, int most) => text =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count >= least && count <= most
            ? null : $"must be a whole number from {least} to {most}";

    internal static Func<string, string?> OneOf(params string[] values) => text =>
        values.Contains(text) ? null : $"must be one of {string.Join(", ", values)}";

    private static bool TryParsePort(ReadOnlySpan<char> text, int least, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port >= least && port <= IPEndPoint.MaxPort;
}
