using System.CommandLine;
using SwarmFS.Control.Configuration;

namespace SwarmFS.Cli.Commands;

/// <summary><c>up</c>: checks what the node would be told, then becomes the node's process (or starts it, with <c>--detach</c>).</summary>
internal static class UpCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("up", "Start the node: mount /swarm, serve and fetch. Runs in the foreground, says READY when the mount answers");
        var options = SettingOptions.AddTo(command);
        var noMount = new Option<bool>("--no-mount") { Description = "The same as --mount none" };
        var detach = new Option<bool>("--detach") { Description = "Return when the node is ready, and leave it running" };
        command.Options.Add(noMount);
        command.Options.Add(detach);
        command.Validators.Add(parsed =>
        {
            if (parsed.GetValue(noMount) && options.IsGiven(SettingTable.Mount, parsed)) parsed.AddError("Give either --mount or --no-mount.");
        });
        context.AddExample(command, "swarmfs up", "swarmfs --state /tmp/b up --mount /tmp/b/mnt --listen 127.0.0.1:7002 --peer 127.0.0.1:7001 --detach");
        command.SetAction((parsed, cancellationToken) => context.GuardAsync("The node was not started.", async () =>
        {
            var given = options.Read(parsed);
            if (parsed.GetValue(noMount)) given[SettingTable.Mount.Option] = ["none"];
            var input = context.Input(parsed, given);
            var loaded = SettingsLoader.Load(input);
            foreach (var error in loaded.Errors) await context.Terminal.Error.WriteLineAsync($"swarmfs: {error}");
            if (loaded.Settings is null) return ExitCodes.Usage;
            var launcher = new DaemonLauncher(context.Terminal, loaded.StateDirectory, Arguments(input, given));
            return parsed.GetValue(detach) ? await launcher.DetachAsync(context.IsJson(parsed), cancellationToken) : launcher.Become();
        }));
        return command;
    }

    /// <summary>The daemon reads the same file and environment; it is handed what was typed alone, so that it can say where each value comes from.</summary>
    private static List<string> Arguments(SettingsInput input, Dictionary<string, IReadOnlyList<string>> given)
    {
        var arguments = new List<string>();
        if (input.StateOption is { } state) arguments.AddRange(["--state", Path.GetFullPath(state)]);
        if (input.ConfigOption is { } config) arguments.AddRange(["--config", Path.GetFullPath(config)]);
        foreach (var (option, values) in given)
            foreach (var value in values) arguments.AddRange([option, value]);
        return arguments;
    }
}
