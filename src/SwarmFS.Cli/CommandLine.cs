using System.CommandLine;
using System.CommandLine.Parsing;
using SwarmFS.Cli.Commands;

namespace SwarmFS.Cli;

/// <summary>
/// The words that users type. Each command is a thin sentence around one request to the node's control socket; only <c>up</c> and <c>config</c>, and
/// what concerns keys, policies and proofs (Trust), do something themselves.
/// <para>Participants: <see cref="CommandContext"/> (what all commands share), <see cref="ControlClient"/> (the socket), the classes in Commands (the words).</para>
/// <para>Goals: answers within a tenth of a second, says what to do next when something is wrong, equally good for people and scripts (<c>--json</c>, exit codes).</para>
/// <para>Non-goals: knowing anything about packages, peers or disks; a node does.</para>
/// </summary>
internal static class CommandLine
{
    public static async Task<int> RunAsync(string[] arguments, Terminal terminal)
    {
        var root = Build(terminal);
        var parsed = root.Parse(arguments);
        try
        {
            if (parsed.Errors.Count > 0 && !ExampleHelp.IsAskedFor(parsed)) return Refuse(parsed, terminal);
            // A second Ctrl-C need not wait: the first one has five seconds to end the request cleanly.
            return await parsed.InvokeAsync(new InvocationConfiguration
            {
                Output = terminal.Out,
                Error = terminal.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = TimeSpan.FromSeconds(5),
            });
        }
        catch (IOException unwritten)
        {
            return Unwritten(unwritten, terminal);
        }
    }

    internal static RootCommand Build(Terminal terminal)
    {
        var state = new Option<string?>("--state") { Description = "The node's directory (default: /var/lib/swarmfs for root)", HelpName = "DIR", Recursive = true };
        var config = new Option<string?>("--config") { Description = "The configuration file (default: /etc/swarmfs/swarmfs.conf)", HelpName = "FILE", Recursive = true };
        var json = new Option<bool>("--json") { Description = "Answer in JSON", Recursive = true };
        var root = new RootCommand("SwarmFS: packages under /swarm, fetched block by block from other machines that use them.") { state, config, json };
        var examples = new ExampleHelp();
        var context = new CommandContext(terminal, state, config, json, examples);
        examples.Add(root, "swarmfs up --peer 192.0.2.7:7401", "ls /swarm/pkgs");
        root.Subcommands.Add(UpCommand.Create(context));
        root.Subcommands.Add(DownCommand.Create(context));
        root.Subcommands.Add(ImportCommand.Create(context));
        root.Subcommands.Add(StatusCommand.Create(context));
        root.Subcommands.Add(PeersCommand.Create(context));
        ContentCommands.AddTo(root, context);
        KeepingCommands.AddTo(root, context);
        root.Subcommands.Add(ViewCommand.Create(context));
        CatalogueCommands.AddTo(root, context);
        LogCommands.AddTo(root, context);
        root.Subcommands.Add(IdCommand.Create(context));
        root.Subcommands.Add(ConfigCommand.Create(context));
        root.Subcommands.Add(KeyCommands.Create(context));
        root.Subcommands.Add(PolicyCommands.Create(context));
        ProofCommands.AddTo(root, context);
        root.Subcommands.Add(WitnessCommand.Create(context));
        examples.Install(root);
        return root;
    }

    /// <summary>Help that could not be printed, or a reason: then the exit code is all that is left.</summary>
    private static int Unwritten(IOException reason, Terminal terminal)
    {
        try
        {
            terminal.Error.WriteLine($"swarmfs: {reason.Message}");
        }
        catch (IOException)
        {
            // Nobody can be told.
        }
        return ExitCodes.Failed;
    }

    private static int Refuse(ParseResult parsed, Terminal terminal)
    {
        // A word that is not a command is also a command that is missing: the first says it better.
        foreach (var error in parsed.Errors.Skip(parsed.UnmatchedTokens.Count > 0 && parsed.Errors.Count > 1 ? 1 : 0)) terminal.Error.WriteLine($"swarmfs: {error.Message}");
        var words = new Stack<string>();
        for (var at = parsed.CommandResult; at.Parent is CommandResult above; at = above) words.Push(at.Command.Name);
        terminal.Error.WriteLine($"Try swarmfs {string.Join("", words.Select(word => word + " "))}--help.");
        return ExitCodes.Usage;
    }
}
