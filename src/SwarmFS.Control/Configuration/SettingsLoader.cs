using System.Globalization;

namespace SwarmFS.Control.Configuration;

/// <summary>What the settings are read from.</summary>
/// <param name="StateOption">The value of <c>--state</c>, if it was given.</param>
/// <param name="ConfigOption">The value of <c>--config</c>, if it was given: then the file must exist.</param>
/// <param name="Options">Values given on the command line, by <see cref="SettingDefinition.Option"/>.</param>
/// <param name="Environment">Looks a variable up.</param>
/// <param name="IsRoot">Whether the user is root: decides where the state lies and who may read the mount.</param>
public sealed record SettingsInput(
    string? StateOption, string? ConfigOption, IReadOnlyDictionary<string, IReadOnlyList<string>> Options, Func<string, string?> Environment, bool IsRoot);

/// <summary>What came of it: the settings when there is no error, and in any case what is in force and where from.</summary>
/// <param name="Errors">One sentence each: key, value, source, remedy.</param>
public sealed record LoadedSettings(NodeSettings? Settings, string StateDirectory, IReadOnlyList<SettingReport> InForce, IReadOnlyList<string> Errors);

/// <summary>Reads the settings: defaults, then the configuration file, then the environment, then options; the later source wins, for lists as a whole.</summary>
public static class SettingsLoader
{
    public static LoadedSettings Load(SettingsInput input)
    {
        var errors = new List<string>();
        var values = SettingTable.All.ToDictionary(definition => definition, definition => (Text: definition.Default, Origin: "default"));
        ReadFile(input, values, errors);
        foreach (var definition in SettingTable.All)
        {
            if (input.Environment(definition.Variable) is { Length: > 0 } text)
                Set(values, errors, definition, text, $"environment variable {definition.Variable}");
            if (input.Options.TryGetValue(definition.Option, out var given) && given.Count > 0)
                Set(values, errors, definition, definition.IsPath ? FromHere(given[0]) : string.Join(", ", given), $"option {definition.Option}");
        }
        var state = FindState(input);
        if (state.Path.Length == 0) errors.Add($"node.state is empty ({state.Origin}): must be a directory; leave it out for the default.");
        var inForce = new List<SettingReport> { new("node.state", state.Path, state.Origin) };
        inForce.AddRange(SettingTable.All.Select(definition => new SettingReport(definition.Key, values[definition].Text, values[definition].Origin)));
        var settings = errors.Count == 0 ? Build(state.Path, input, definition => values[definition].Text) : null;
        return new LoadedSettings(settings, state.Path, inForce, errors);
    }

    /// <summary>Where a node's state lies when it is not said: with the system for root, with the user otherwise (XDG Base Directory Specification).</summary>
    /// <returns>An empty path where an empty one was given: a script whose variable is unset means no other node.</returns>
    public static (string Path, string Origin) FindState(SettingsInput input)
    {
        if (input.StateOption is { } option) return (option.Length > 0 ? Path.GetFullPath(option) : "", "option --state");
        if (input.Environment("SWARMFS_STATE") is { } variable) return (variable.Length > 0 ? Path.GetFullPath(variable) : "", "environment variable SWARMFS_STATE");
        if (input.IsRoot) return ("/var/lib/swarmfs", "default");
        if (input.Environment("XDG_STATE_HOME") is { Length: > 0 } xdg) return (Path.Combine(xdg, "swarmfs"), "environment variable XDG_STATE_HOME");
        return (Path.Combine(input.Environment("HOME") is { Length: > 0 } home ? home : "/tmp", ".local/state/swarmfs"), "default");
    }

    private static void ReadFile(SettingsInput input, Dictionary<SettingDefinition, (string, string)> values, List<string> errors)
    {
        var path = input.ConfigOption ?? input.Environment("SWARMFS_CONFIG") ?? SettingTable.DefaultConfigFile;
        if (path.Length == 0)
        {
            errors.Add($"The configuration file's name is empty ({(input.ConfigOption is null ? "environment variable SWARMFS_CONFIG" : "option --config")}): name a file; leave it out for the default.");
            return;
        }
        try
        {
            using var reader = new StreamReader(path);
            var lines = IniFile.Read(reader, (number, reason) => errors.Add($"{path}:{number}: {reason}. Write name = value below a [section], or begin a comment with #."));
            foreach (var line in lines)
            {
                var key = line.Section.Length == 0 ? line.Name : $"{line.Section}.{line.Name}";
                var definition = SettingTable.All.FirstOrDefault(candidate => candidate.Key == key);
                if (definition is null) errors.Add($"{path}:{line.Number}: {key} = {line.Value}: there is no such setting. {Suggest(key)}");
                else Set(values, errors, definition, line.Value, $"{path}:{line.Number}");
            }
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            if (path != SettingTable.DefaultConfigFile) errors.Add($"The configuration file {path} does not exist. Name another one with --config, or leave the option out.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            errors.Add($"The configuration file {path} cannot be read: {e.Message} Change its permissions, or name another one with --config.");
        }
    }

    private static string FromHere(string path) => path is "none" or "" ? path : Path.GetFullPath(path);

    private static string Suggest(string key)
    {
        var name = key[(key.LastIndexOf('.') + 1)..];
        var near = SettingTable.All.FirstOrDefault(definition => definition.Key.EndsWith("." + name, StringComparison.Ordinal));
        return near is not null ? $"Did you mean {near.Key}?" : "swarmfs config lists all settings.";
    }

    private static void Set(
        Dictionary<SettingDefinition, (string, string)> values, List<string> errors, SettingDefinition definition, string text, string origin)
    {
        var parts = definition.IsList ? SplitList(text) : [text];
        foreach (var part in parts)
        {
            if (definition.Refuse(part) is not { } reason) continue;
            errors.Add($"{definition.Key} = {part} ({origin}): {reason}.");
            return;
        }
        values[definition] = (definition.IsList ? string.Join(", ", parts) : text, origin);
    }

    private static string[] SplitList(string text) => text.Split([',', ' ', '\t'], StringSplitOptions.RemoveEmptyEntries);

    private static NodeSettings Build(string state, SettingsInput input, Func<SettingDefinition, string> value)
    {
        _ = SettingValues.TryParseListen(value(SettingTable.Listen), out var listen);
        _ = SettingValues.TryParseTime(value(SettingTable.Deadline), out var deadline);
        _ = SettingValues.TryParseSize(value(SettingTable.Quota), out var quota);
        long? upload = SettingValues.TryParseSize(value(SettingTable.Upload), out var rate) ? rate : null;
        TimeSpan? sync = SettingValues.TryParseTime(value(SettingTable.Sync), out var every) ? every : null;
        var http = SettingValues.TryParseListen(value(SettingTable.Http), out var site) ? site : null;
        var policy = value(SettingTable.Policy);
        var mount = value(SettingTable.Mount);
        var others = value(SettingTable.AllowOther);
        return new NodeSettings(
            state, mount == "none" ? null : Path.TrimEndingDirectorySeparator(Path.GetFullPath(mount)),
            value(SettingTable.Open) == "passthrough" ? OpenMode.Passthrough : OpenMode.Cache,
            value(SettingTable.Transport) switch { "dev" => MountTransport.Device, "uring" => MountTransport.Uring, _ => MountTransport.Automatic },
            others == "auto" ? input.IsRoot : IsOn(others),
            IsOn(value(SettingTable.SpecialBits)), IsOn(value(SettingTable.Xattrs)), IsOn(value(SettingTable.Push)),
            listen, SplitList(value(SettingTable.Peers)), IsOn(value(SettingTable.Lan)),
            int.Parse(value(SettingTable.MaxConnections), CultureInfo.InvariantCulture), upload, IsOn(value(SettingTable.Compression)), deadline, quota,
            sync, Path.TrimEndingDirectorySeparator(value(SettingTable.AptEtc)), SplitList(value(SettingTable.Trust)), SplitList(value(SettingTable.Publishers)), policy == "none" ? null : policy, IsOn(value(SettingTable.Light)), http,
            value(SettingTable.LogLevel), Format(value(SettingTable.LogFormat), input));
    }

    private static bool IsOn(string text) => SettingValues.TryParseSwitch(text, out var on) && on;

    private static LogFormat Format(string text, SettingsInput input) => text switch
    {
        "json" => LogFormat.Json,
        "journal" => LogFormat.Journal,
        "text" => LogFormat.Text,
        _ => input.Environment("JOURNAL_STREAM") is { Length: > 0 } ? LogFormat.Journal : LogFormat.Text,
    };
}
