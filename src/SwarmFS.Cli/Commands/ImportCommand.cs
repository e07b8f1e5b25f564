using System.CommandLine;
using SwarmFS.Control;

namespace SwarmFS.Cli.Commands;

/// <summary><c>import apt|deb|tree</c>: brings packages in from outside.</summary>
internal static class ImportCommand
{
    private const string WhatStays = "The import was given up; the catalogue is as it was, and blocks already written are reused or evicted.";

    public static Command Create(CommandContext context)
    {
        var command = new Command("import", "Bring a package into the swarm") { CreateApt(context), CreateDeb(context), CreateTree(context) };
        context.AddExample(command, "swarmfs import apt gedit", "swarmfs import deb ./some.deb", "swarmfs import tree ./dir --name mytool --version 1.0");
        return command;
    }

    private static Command CreateApt(CommandContext context)
    {
        var package = new Argument<string>("package") { Description = "NAME for the newest candidate, or NAME=VERSION" };
        var command = new Command("apt", "From this system's own apt sources, with all evidence checked") { package };
        context.AddExample(command, "swarmfs import apt gedit", "swarmfs import apt gedit=43.2-2");
        Ask(context, command, parsed => new ImportRequest(ImportKind.Apt, parsed.GetRequiredValue(package)));
        return command;
    }

    private static Command CreateDeb(CommandContext context)
    {
        var file = PathWord.Argument("file", "A .deb file", byNode: true);
        var command = new Command("deb", "From a .deb file in hand") { file };
        context.AddExample(command, "swarmfs import deb ./gedit_43.2-2_amd64.deb");
        Ask(context, command, parsed => new ImportRequest(ImportKind.Deb, Path.GetFullPath(parsed.GetRequiredValue(file))));
        return command;
    }

    private static Command CreateTree(CommandContext context)
    {
        var directory = PathWord.Argument("dir", "A directory", byNode: true);
        var name = new Option<string>("--name") { Description = "The package's name", HelpName = "NAME", Required = true };
        var version = new Option<string>("--version") { Description = "The package's version", HelpName = "VERSION", Required = true };
        var command = new Command("tree", "From a directory") { directory, name, version };
        context.AddExample(command, "swarmfs import tree ./build/out --name mytool --version 1.0");
        Ask(context, command, parsed => new ImportRequest(
            ImportKind.Tree, Path.GetFullPath(parsed.GetRequiredValue(directory)), parsed.GetRequiredValue(name), parsed.GetRequiredValue(version)));
        return command;
    }

    private static void Ask(CommandContext context, Command command, Func<ParseResult, ImportRequest> request) =>
        context.Ask(command, ControlRoutes.Import, request, ControlJson.Default.ImportRequest, ControlJson.Default.ImportReport, report =>
        {
            context.Terminal.Out.WriteLine($"{report.Path}  {report.Entries:n0} entries, {Show.Size(report.Bytes)}, {report.Seconds:f1} s");
            context.Terminal.Out.WriteLine($"root {report.Root}");
            if (report.Evidence.Length > 0) context.Terminal.Out.WriteLine($"evidence: {report.Evidence}");
            foreach (var warning in report.Warnings ?? []) context.Terminal.Error.WriteLine($"warning: {warning}");
        }, WhatStays);
}
