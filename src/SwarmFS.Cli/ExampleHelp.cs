using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace SwarmFS.Cli;

/// <summary>The library's help with an example below it: the fastest way to learn a command.</summary>
internal sealed class ExampleHelp
{
    private readonly Dictionary<Command, string[]> _examples = [];

    public void Add(Command command, params string[] lines) => _examples[command] = lines;

    public IReadOnlyList<string> Of(Command command) => _examples.TryGetValue(command, out var lines) ? lines : [];

    /// <summary>Help is given whatever else is missing or wrong on the line.</summary>
    public static bool IsAskedFor(ParseResult parsed) => parsed.Action is HelpWithExamples;

    public void Install(RootCommand root)
    {
        foreach (var option in root.Options.OfType<HelpOption>()) option.Action = new HelpWithExamples(this);
    }

    private sealed class HelpWithExamples(ExampleHelp examples) : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            var result = new HelpAction().Invoke(parseResult);
            var output = parseResult.InvocationConfiguration.Output;
            if (examples.Of(parseResult.CommandResult.Command) is { Count: > 0 } lines)
            {
                output.WriteLine("Example:");
                foreach (var line in lines) output.WriteLine($"  {line}");
                output.WriteLine();
            }
            return result;
        }
    }
}
