using SwarmFS.Control.Configuration;

namespace SwarmFS.Daemon;

/// <summary>
/// The daemon's command line, as <c>swarmfs up</c> writes it: <c>(--state DIR | --config FILE | setting-option VALUE)*</c>. People use <c>swarmfs up</c>, which has the help.
/// </summary>
internal static class DaemonArguments
{
    public static SettingsInput? TryRead(string[] arguments, Func<string, string?> environment, bool isRoot, out string? error)
    {
        error = null;
        string? state = null, config = null;
        var options = new Dictionary<string, IReadOnlyList<string>>();
        for (var at = 0; at < arguments.Length; at += 2)
        {
            var option = arguments[at];
            var known = option is "--state" or "--config" || SettingTable.All.Any(definition => definition.Option == option);
            if (!known) error = $"'{option}' is no option of swarmfs-daemon. Start a node with swarmfs up; swarmfs up --help lists its options.";
            else if (at + 1 == arguments.Length) error = $"{option} needs a value.";
            if (error is not null) return null;
            var value = arguments[at + 1];
            if (option == "--state") state = value;
            else if (option == "--config") config = value;
            else options[option] = options.TryGetValue(option, out var given) ? [.. given, value] : [value];
        }
        return new SettingsInput(state, config, options, environment, isRoot);
    }
}
