using System.CommandLine;
using System.CommandLine.Parsing;

namespace SwarmFS.Cli;

/// <summary>
/// Arguments and options that name a file or a directory. An empty one, which is what a script's unset variable leaves, is refused before anything is done; so is one that the node is to open
/// where it leads to the files of whoever opens it.
/// </summary>
internal static class PathWord
{
    // proc(5): another place for each process.
    private static readonly string[] PlacesOfProcesses = ["/dev/stdin", "/dev/stdout", "/dev/stderr", "/dev/fd", "/proc/self", "/proc/thread-self"];

    /// <param name="byNode">True where the node opens it.</param>
    public static Argument<string> Argument(string name, string description, bool byNode = false) => Checked(new Argument<string>(name) { Description = description }, byNode);

    public static Argument<string?> Optional(string name, string description) =>
        Checked(new Argument<string?>(name) { Description = description, Arity = ArgumentArity.ZeroOrOne }, byNode: false);

    /// <param name="byNode">True where the node opens it.</param>
    public static Option<string?> Option(string name, string description, string helpName = "FILE", bool byNode = false, params string[] aliases) =>
        Checked(new Option<string?>(name, aliases) { Description = description, HelpName = helpName }, byNode);

    public static Option<string> Required(string name, string description) =>
        Checked(new Option<string>(name) { Description = description, HelpName = "FILE", Required = true }, byNode: false);

    private static Argument<T> Checked<T>(Argument<T> argument, bool byNode)
    {
        argument.Validators.Add(parsed => Check(parsed, $"<{argument.Name}>", byNode));
        return argument;
    }

    private static Option<T> Checked<T>(Option<T> option, bool byNode)
    {
        option.Validators.Add(parsed => Check(parsed, option.Name, byNode));
        return option;
    }

    private static void Check(SymbolResult parsed, string what, bool byNode)
    {
        foreach (var path in parsed.Tokens.Select(token => token.Value))
        {
            if (path.Length == 0) parsed.AddError($"{what} is empty; give a path.");
            else if (byNode && IsOfProcess(path)) parsed.AddError($"{path} would be the node's own, which opens it: copy what it holds into a file and give its path.");
        }
    }

    private static bool IsOfProcess(string path) =>
        Path.GetFullPath(path) is var whole && Array.Exists(PlacesOfProcesses, place => whole == place || whole.StartsWith(place + "/", StringComparison.Ordinal));
}
