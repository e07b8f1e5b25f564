using System.CommandLine;
using SwarmFS.Control;

namespace SwarmFS.Cli.Commands;

internal static class DownCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("down", "Stop the node: unmount, close connections, write everything out");
        context.AddExample(command, "swarmfs down");
        context.Ask(command, ControlRoutes.Down, _ => new EmptyRequest(), ControlJson.Default.EmptyRequest, ControlJson.Default.DownReport, report =>
        {
            context.Terminal.Out.WriteLine(report.Message);
        }, "The node goes on stopping.");
        return command;
    }
}
