using System.CommandLine;
using SwarmFS.Control;

namespace SwarmFS.Cli.Commands;

internal static class IdCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("id", "The node's identity and the key that signs what it imports");
        context.AddExample(command, "swarmfs id");
        context.Ask(command, ControlRoutes.Identity, _ => new EmptyRequest(), ControlJson.Default.EmptyRequest, ControlJson.Default.IdentityReport, report =>
        {
            context.Terminal.Out.WriteLine($"node      {report.NodeId}");
            context.Terminal.Out.WriteLine($"importer  {report.ImporterKey}");
            context.Terminal.Out.WriteLine($"listen    {report.Listen}");
            context.Terminal.Out.WriteLine($"state     {report.StateDirectory}");
        });
        return command;
    }
}
