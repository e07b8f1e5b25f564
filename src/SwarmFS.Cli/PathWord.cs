using System.CommandLine;
using System.CommandLine.Parsing;

namespace SwarmFS.Cli;

/// <summary>Arguments and options that name a file or a directory. An empty one, which is what a script's unset variable leaves, is refused before anything is done.</summary>
internal static class PathWord
{
    public static Argument<string> Argument(string name, string description)
    {
        var argument = new Argument<string>(name) { Description = description };
        argument.Validators.Add(parsed => RefuseEmpty(parsed, $"<{name}>"));
        return argument;
    }

    public static Option<string?> Option(string name, string description, string helpName = "FILE", params string[] aliases) =>
        Checked(new Option<string?>(name, aliases) { Description = description, HelpName = helpName });

    public static Option<string> Required(string name, string description) =>
        Checked(new Option<string>(name) { Description = description, HelpName = "FILE", Required = true });

    private static Option<T> Checked<T>(Option<T> option)
    {
        option.Validators.Add(parsed => RefuseEmpty(parsed, option.Name));
        return option;
    }

    private static void RefuseEmpty(SymbolResult parsed, string what)
    {
        if (parsed.Tokens.Any(token => token.Value.Length == 0)) parsed.AddError($"{what} is empty; give a path.");
    }
}
