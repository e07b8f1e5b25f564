using System.CommandLine;
using SwarmFS.Cli.Trust;
using SwarmFS.Control;

namespace SwarmFS.Cli.Commands;

/// <summary><c>key gen</c>, <c>key vkey</c>: Ed25519 keys of logs, witnesses, publishers and signers of policies.</summary>
internal static class KeyCommands
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("key", "Make and name signing keys") { CreateGenerate(context), CreateDescribe(context) };
        context.AddExample(command, "swarmfs key gen log.key --name example.org/log");
        return command;
    }

    private static Command CreateGenerate(CommandContext context)
    {
        var file = PathWord.Argument("file", "A new file for the 32 bytes of the private key, readable by its owner alone; one that exists is left alone");
        var name = new Option<string?>("--name") { Description = "The name in the vkey (default: the file's name without its extension)", HelpName = "NAME" };
        var witness = Witness();
        var command = new Command("gen", "Make a key and print its vkey") { file, name, witness };
        context.AddExample(command, "swarmfs key gen log.key --name example.org/log", "swarmfs key gen witness.key --name example.org/witness --witness");
        context.Do(command, parsed =>
        {
            var path = parsed.GetRequiredValue(file);
            Report(context, parsed, KeyFiles.Generate(path, parsed.GetValue(name) ?? Path.GetFileNameWithoutExtension(path), parsed.GetValue(witness)));
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command CreateDescribe(CommandContext context)
    {
        var file = PathWord.Argument("file", "A key file");
        var name = new Option<string>("--name") { Description = "The name in the vkey: of a log its origin", HelpName = "NAME", Required = true };
        var witness = Witness();
        var command = new Command("vkey", "Print the vkey of a key") { file, name, witness };
        context.AddExample(command, "swarmfs key vkey witness.key --name example.org/witness --witness");
        context.Do(command, parsed =>
        {
            Report(context, parsed, KeyFiles.Describe(parsed.GetRequiredValue(file), parsed.GetRequiredValue(name), parsed.GetValue(witness)));
            return ExitCodes.Done;
        });
        return command;
    }

    private static Option<bool> Witness() => new("--witness") { Description = "For cosignatures (type 4) instead of a log's or a policy's signatures (type 1)" };

    private static void Report(CommandContext context, ParseResult parsed, KeyReport report)
    {
        if (context.IsJson(parsed)) context.WriteJson(report, ControlJson.Default.KeyReport);
        else context.Terminal.Out.WriteLine(report.Vkey);
    }
}
