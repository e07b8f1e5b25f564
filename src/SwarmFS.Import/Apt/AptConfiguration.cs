using System.Text.RegularExpressions;

namespace SwarmFS.Import;

/// <summary>Where apt's files are. The defaults are the system's.</summary>
public sealed record AptPaths
{
    public string EtcDirectory { get; init; } = "/etc/apt";

    /// <summary>Stands in for what <c>apt-config dump</c> says; null to ask it.</summary>
    public AptConfiguration? Configuration { get; init; }
}

/// <summary>What of apt's own configuration an import obeys.</summary>
public sealed partial record AptConfiguration
{
    /// <summary>APT::Architecture: "amd64".</summary>
    public required string Architecture { get; init; }

    /// <summary>Acquire::Check-Valid-Until: whether a passed Valid-Until is refused.</summary>
    public bool CheckValidUntil { get; init; } = true;

    /// <summary>Acquire::Check-Date: whether a Date ahead of this machine's clock is refused, and (as in apt) whether Valid-Until is looked at.</summary>
    public bool CheckDate { get; init; } = true;

    /// <summary>Proxy addresses by scheme ("http") or scheme and host ("http::deb.example.org"); "DIRECT" for none.</summary>
    public IReadOnlyDictionary<string, string> Proxies { get; init; } = new Dictionary<string, string>();

    /// <exception cref="SourceUnavailableException">apt is not installed.</exception>
    public static async Task<AptConfiguration> ReadAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        var dump = await ChildProcess.RunAsync("/usr/bin/apt-config", ["dump"], time, cancellationToken);
        if (dump.ExitCode != 0) throw new SourceUnavailableException($"'apt-config dump' failed: {dump.Error.Trim()}. Repair apt's configuration.");
        var configuration = Parse(dump.Output);
        if (configuration.Architecture.Length > 0) return configuration;
        var dpkg = await ChildProcess.RunAsync("/usr/bin/dpkg", ["--print-architecture"], time, cancellationToken);
        return configuration with { Architecture = dpkg.Output.Trim() };
    }

    /// <param name="dump">Lines of <c>Key "value";</c></param>
    internal static AptConfiguration Parse(string dump)
    {
        var proxies = new Dictionary<string, string>();
        var configuration = new AptConfiguration { Architecture = "", Proxies = proxies };
        foreach (var line in dump.Split('\n'))
        {
            if (Line().Match(line) is not { Success: true } match) continue;
            var (key, value) = (match.Groups["key"].Value, match.Groups["value"].Value);
            if (Proxy().Match(key) is { Success: true } proxy)
            {
                var host = proxy.Groups["host"].Value;
                if (value.Length > 0) proxies[(proxy.Groups["scheme"].Value + (host.Length > 0 ? "::" + host : "")).ToLowerInvariant()] = value;
                continue;
            }
            configuration = key.ToLowerInvariant() switch
            {
                "apt::architecture" => configuration with { Architecture = value },
                "acquire::check-valid-until" => configuration with { CheckValidUntil = IsYes(value) },
                "acquire::check-date" => configuration with { CheckDate = IsYes(value) },
                _ => configuration,
            };
        }
        return configuration;
    }

    /// <summary>apt's words for yes; everything else is no.</summary>
    internal static bool IsYes(string value) => value.ToLowerInvariant() is "yes" or "true" or "with" or "on" or "enable" or "1";

    [GeneratedRegex("^(?<key>\\S+) \"(?<value>.*)\";$", RegexOptions.None, 1000)]
    private static partial Regex Line();

    [GeneratedRegex("^Acquire::(?<scheme>https?)::Proxy(::(?<host>.+))?$", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Proxy();
}
