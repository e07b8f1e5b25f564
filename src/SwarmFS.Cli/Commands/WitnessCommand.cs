using System.CommandLine;
using SwarmFS.Cli.Trust;

namespace SwarmFS.Cli.Commands;

/// <summary><c>witness serve</c>: becomes the daemon's program, which has the web server.</summary>
internal static class WitnessCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("witness", "Cosign logs, so that none of them can show two histories") { CreateServe(context) };
        context.AddExample(command, ExampleLine);
        return command;
    }

    private const string ExampleLine =
        "swarmfs witness serve --state /var/lib/swarmfs-witness --key witness.key --name example.org/witness --listen 127.0.0.1:7411 --log example.org/log+1a2b3c4d+AQ…";

    private static Command CreateServe(CommandContext context)
    {
        var key = PathWord.Required("--key", "The witness's key file, used for nothing else");
        var name = new Option<string>("--name") { Description = "The witness's name, as policies have it", HelpName = "NAME", Required = true };
        var listen = new Option<string>("--listen") { Description = "Where to answer, by HTTP", HelpName = "ADDR:PORT", Required = true };
        var logs = new Option<string[]>("--log") { Description = "The vkey of a log to cosign; may be given again", HelpName = "VKEY", Required = true };
        var command = new Command("serve", "Answer logs (C2SP tlog-witness) in the foreground; says READY. What was cosigned is kept in the directory of --state") { key, name, listen, logs };
        context.AddExample(command, ExampleLine);
        command.SetAction((parsed, _) => context.GuardAsync("The witness was not started.", () =>
        {
            if (context.Input(parsed).StateOption is not { Length: > 0 } state)
                throw new UsageException("A witness needs a directory of its own: give --state DIR. Losing it would let the logs rewrite what was cosigned.");
            KeyFiles.CheckName(parsed.GetRequiredValue(name));
            List<string> arguments =
            [
                "witness", "--state", Path.GetFullPath(state), "--key", Path.GetFullPath(parsed.GetRequiredValue(key)), "--name", parsed.GetRequiredValue(name), "--listen", parsed.GetRequiredValue(listen),
            ];
            foreach (var log in parsed.GetRequiredValue(logs)) arguments.AddRange(["--log", log]);
            if (context.IsJson(parsed)) arguments.AddRange(["--json", "on"]);
            return Task.FromResult(new DaemonLauncher(context.Terminal, state, arguments).Become());
        }));
        return command;
    }
}
