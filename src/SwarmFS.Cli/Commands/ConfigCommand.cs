using System.CommandLine;
using SwarmFS.Control;
using SwarmFS.Control.Configuration;

namespace SwarmFS.Cli.Commands;

/// <summary><c>config</c>: what the running node was told, or what one would be told if it were started now.</summary>
internal static class ConfigCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("config", "The settings in force, and where each comes from");
        context.AddExample(command, "swarmfs config", "SWARMFS_QUOTA=50GiB swarmfs config --json");
        command.SetAction((parsed, cancellationToken) => context.GuardAsync("Nothing was changed.", async () =>
        {
            var report = await AskNodeAsync(context, parsed, cancellationToken);
            if (report is null)
            {
                var loaded = SettingsLoader.Load(context.Input(parsed));
                foreach (var error in loaded.Errors) await context.Terminal.Error.WriteLineAsync($"swarmfs: {error}");
                if (loaded.Errors.Count > 0) return ExitCodes.Usage;
                report = new ConfigReport(loaded.InForce);
                await context.Terminal.Error.WriteLineAsync($"No node is running on {loaded.StateDirectory}; one started now would use:");
            }
            if (context.IsJson(parsed)) context.WriteJson(report, ControlJson.Default.ConfigReport);
            else Show.Table(context.Terminal.Out, [["SETTING", "VALUE", "FROM"], .. report.Settings.Select(setting => new[] { setting.Key, setting.Value, setting.Origin })]);
            return ExitCodes.Done;
        }));
        return command;
    }

    private static async Task<ConfigReport?> AskNodeAsync(CommandContext context, ParseResult parsed, CancellationToken cancellationToken)
    {
        try
        {
            using var client = new ControlClient(context.StateDirectory(parsed));
            return await client.CallAsync(
                ControlRoutes.Config, new EmptyRequest(), ControlJson.Default.EmptyRequest, ControlJson.Default.ConfigReport, progress: null, cancellationToken);
        }
        catch (NoNodeException)
        {
            return null;
        }
    }
}
