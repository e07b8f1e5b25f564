using System.Net;
using SwarmFS.Control.Configuration;
using SwarmFS.Transparency;

namespace SwarmFS.Daemon;

/// <summary>What a witness is told.</summary>
internal sealed record WitnessSettings(string State, string KeyFile, string Name, IPEndPoint Listen, IReadOnlyList<VerifierKey> Logs, bool IsJson);

/// <summary>
/// The command line after <c>swarmfs-daemon witness</c>, as <c>swarmfs witness serve</c> writes it:
/// <c>(--state DIR | --key FILE | --name NAME | --listen ADDR:PORT | --log VKEY | --json on)*</c>.
/// </summary>
internal static class WitnessArguments
{
    /// <summary>Logs of one witness; each has a file and a lock.</summary>
    public const int LogsMax = 1024;

    /// <param name="error">Says what is missing or wrong.</param>
    public static WitnessSettings? TryRead(IReadOnlyList<string> words, out string? error)
    {
        error = null;
        var given = new Dictionary<string, string>();
        var logs = new List<VerifierKey>();
        for (var at = 0; at < words.Count; at += 2)
        {
            error = at + 1 == words.Count ? $"{words[at]} needs a value."
                : words[at] == "--log" ? AddLog(logs, words[at + 1])
                : words[at] is not ("--state" or "--key" or "--name" or "--listen" or "--json") ? $"'{words[at]}' is no option of a witness. swarmfs witness serve --help lists them."
                : given.TryAdd(words[at], words[at + 1]) ? null : $"{words[at]} is given twice.";
            if (error is not null) return null;
        }
        error = ((string[])["--state", "--key", "--name", "--listen"]).FirstOrDefault(option => !given.ContainsKey(option)) is { } missing ? $"{missing} is missing."
            : logs.Count == 0 ? "--log is missing: a witness cosigns only logs that it knows."
            : null;
        if (error is not null) return null;
        if (SettingValues.TryParseListen(given["--listen"], out var listen))
            return new WitnessSettings(given["--state"], given["--key"], given["--name"], listen, logs, given.ContainsKey("--json"));
        error = $"--listen {given["--listen"]}: must be an address with a port, as 127.0.0.1:7411 or *:7411.";
        return null;
    }

    private static string? AddLog(List<VerifierKey> logs, string vkey)
    {
        if (!VerifierKey.TryParse(vkey, out var log, out var error)) return $"--log {vkey}: {error}.";
        if (log.Type != SignatureType.Log) return $"--log {vkey}: it is the vkey of a witness, not of a log.";
        if (logs.Contains(log)) return $"--log {vkey}: it is given twice.";
        if (logs.Count == LogsMax) return $"A witness has at most {LogsMax} logs.";
        logs.Add(log);
        return null;
    }
}
