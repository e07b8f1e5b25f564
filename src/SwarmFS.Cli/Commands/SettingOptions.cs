using System.CommandLine;
using System.CommandLine.Parsing;
using SwarmFS.Control.Configuration;

namespace SwarmFS.Cli.Commands;

/// <summary>The settings as options of a command. Values are taken as text: the settings' own rules check them, so that every source is refused in the same words.</summary>
internal sealed class SettingOptions
{
    private readonly List<(SettingDefinition Definition, Option Option)> _options = [];

    public static SettingOptions AddTo(Command command)
    {
        var options = new SettingOptions();
        foreach (var definition in SettingTable.All)
        {
            var standard = definition.Default.Length > 0 ? $" (default: {definition.Default})" : "";
            Option option = definition.IsList ? new Option<string[]>(definition.Option) : new Option<string?>(definition.Option);
            option.Description = definition.Help + standard;
            option.HelpName = definition.Value;
            option.Arity = definition.IsSwitch ? ArgumentArity.ZeroOrOne : definition.IsList ? ArgumentArity.OneOrMore : ArgumentArity.ExactlyOne;
            options._options.Add((definition, option));
            command.Options.Add(option);
        }
        return options;
    }

    public bool IsGiven(SettingDefinition setting, CommandResult parsed) =>
        parsed.GetResult(_options.Single(option => option.Definition == setting).Option) is { Implicit: false };

    /// <summary>What was typed, by option.</summary>
    public Dictionary<string, IReadOnlyList<string>> Read(ParseResult parsed)
    {
        var given = new Dictionary<string, IReadOnlyList<string>>();
        foreach (var (definition, option) in _options)
        {
            if (parsed.GetResult(option) is not { Implicit: false } result) continue;
            string[] values = [.. result.Tokens.Select(token => token.Value)];
            given[definition.Option] = values.Length > 0 ? values : ["on"];
        }
        return given;
    }
}
