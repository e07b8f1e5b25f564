using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;
using System.Text;
using SwarmFS.Control;

namespace SwarmFS.Cli.Commands;

/// <summary><c>log</c>, <c>proof get</c>, <c>publish</c>, <c>revoke</c>: what this node says itself.</summary>
internal static class LogCommands
{
    public static void AddTo(RootCommand root, CommandContext context)
    {
        root.Subcommands.Add(CreateLog(context));
        root.Subcommands.Add(CreatePublish(context));
        root.Subcommands.Add(CreateRevoke(context));
    }

    private static Command CreateLog(CommandContext context)
    {
        var log = new Command("log", "This node's own log") { CreateCheckpoint(context), CreateEntries(context) };
        context.AddExample(log, "swarmfs log checkpoint", "swarmfs log entries --from 0 --count 10");
        return log;
    }

    private static Command CreateCheckpoint(CommandContext context)
    {
        var command = new Command("checkpoint", "The newest checkpoint: a signed note that independent tools verify");
        context.AddExample(command, "swarmfs log checkpoint > checkpoint");
        context.Ask(command, ControlRoutes.Log, _ => new LogRequest(), ControlJson.Default.LogRequest, ControlJson.Default.LogReport, report =>
        {
            context.Terminal.Out.Write(report.Checkpoint ?? "");
            if (report is { Checkpoint: null, Unpublished: null }) context.Terminal.Error.WriteLine("swarmfs: nothing was recorded yet. swarmfs sync or swarmfs import records something.");
            TellUnpublished(context, report);
        }, isDone: report => report.Checkpoint is not null);
        return command;
    }

    private static Command CreateEntries(CommandContext context)
    {
        var first = new Option<long>("--from") { Description = "Number of the first entry", HelpName = "N", CustomParser = ReadNumber<long> };
        var count = new Option<int>("--count") { Description = "How many, at most 1000", HelpName = "N", DefaultValueFactory = _ => 100, CustomParser = ReadNumber<int> };
        var command = new Command("entries", "Records as they stand in the log, with their numbers") { first, count };
        context.AddExample(command, "swarmfs log entries --from 0 --count 10");
        context.Ask(command, ControlRoutes.Log, parsed => new LogRequest(parsed.GetValue(first), parsed.GetValue(count)),
            ControlJson.Default.LogRequest, ControlJson.Default.LogReport, report =>
        {
            foreach (var record in report.Records) context.Terminal.Out.WriteLine(record.TrimEnd('\n') + "\n");
            TellUnpublished(context, report);
        });
        return command;
    }

    private static void TellUnpublished(CommandContext context, LogReport report)
    {
        if (report.Unpublished is { } why) context.Terminal.Error.WriteLine($"swarmfs: {why}");
    }

    private static T ReadNumber<T>(ArgumentResult result)
        where T : struct, INumberBase<T>
    {
        var text = result.Tokens.Single().Value;
        if (!T.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) result.AddError($"{((OptionResult)result.Parent!).Option.Name} {text}: must be a number, 0 or more.");
        return number;
    }

    /// <summary>For the group of commands around proofs.</summary>
    public static Command CreateProofGet(CommandContext context)
    {
        var subject = new Argument<string>("package") { Description = "NAME (its latest version) or NAME/VERSION" };
        var output = PathWord.Option("--output", "Write the proof to FILE and the record to FILE.entry", aliases: "-o");
        var command = new Command("get", "The record of a version and the proof that it stands in a log (C2SP tlog-proof)") { subject, output };
        context.AddExample(command, "swarmfs proof get gedit -o gedit.proof");
        command.SetAction((parsed, cancellationToken) => context.GuardAsync("Nothing was written.", async () =>
        {
            var file = parsed.GetValue(output);
            if (file is not null) OutputFile.RequireRegular(file);
            if (file is not null) OutputFile.RequireRegular(file + ".entry");
            using var client = new ControlClient(context.StateDirectory(parsed));
            var request = new ProofRequest(parsed.GetRequiredValue(subject));
            var report = await client.CallAsync(ControlRoutes.Proof, request, ControlJson.Default.ProofRequest, ControlJson.Default.ProofReport, null, cancellationToken);
            if (file is not null) await WriteProofAsync(file, report);
            if (context.IsJson(parsed)) context.WriteJson(report, ControlJson.Default.ProofReport);
            else if (file is null) await context.Terminal.Out.WriteAsync($"{report.Record}\n{report.Proof}");
            return ExitCodes.Done;
        }));
        return command;
    }

    /// <summary>Both files or none: the record's is replaced when all of the proof is written, too.</summary>
    private static Task WriteProofAsync(string file, ProofReport report) => OutputFile.WriteAsync(file, async proof =>
    {
        var length = await WriteTextAsync(proof, report.Proof);
        await proof.FlushAsync();
        await OutputFile.WriteAsync(file + ".entry", record => WriteTextAsync(record, report.Record));
        return length;
    });

    private static async Task<long> WriteTextAsync(FileStream file, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        await file.WriteAsync(bytes);
        return bytes.Length;
    }

    private static Command CreatePublish(CommandContext context)
    {
        var directory = PathWord.Argument("dir", "A directory", byNode: true);
        var name = new Option<string>("--name") { Description = "The package's name", HelpName = "NAME", Required = true };
        var version = new Option<string>("--version") { Description = "The package's version", HelpName = "VERSION", Required = true };
        var key = PublisherKey("Sign with this key instead of the node's own: the release stands in the key's namespace, wherever it is published");
        var command = new Command("publish", "Publish a directory under its publisher's namespace, and return when it can be proven") { directory, name, version, key };
        context.AddExample(command, "swarmfs publish ./dir --name tool --version 2.0", "swarmfs publish ./dir --name tool --version 2.0 --key my.key");
        context.Ask(command, ControlRoutes.Publish,
            parsed => new PublishRequest(Path.GetFullPath(parsed.GetRequiredValue(directory)), parsed.GetRequiredValue(name), parsed.GetRequiredValue(version), KeyPath(parsed, key)),
            ControlJson.Default.PublishRequest, ControlJson.Default.ImportReport, report =>
        {
            context.Terminal.Out.WriteLine($"{report.Path}  {report.Entries:n0} entries, {Show.Size(report.Bytes)}, {report.Seconds:f1} s");
            context.Terminal.Out.WriteLine($"root {report.Root}");
            foreach (var warning in report.Warnings ?? []) context.Terminal.Error.WriteLine($"warning: {warning}");
        }, "Nothing was published.");
        return command;
    }

    private static Command CreateRevoke(CommandContext context)
    {
        var name = new Argument<string>("name") { Description = "A package that this node published" };
        var version = new Argument<string>("version") { Description = "The version to withdraw" };
        var reason = new Option<string>("--reason") { Description = "One line, for whoever asks why it is gone", HelpName = "TEXT", Required = true };
        var key = PublisherKey("The key that the version was published with, where it is not the node's own");
        var command = new Command("revoke", "Withdraw a version that this node published; who follows its log shows it no longer") { name, version, reason, key };
        context.AddExample(command, "swarmfs revoke tool 2.0 --reason 'deletes the wrong files'");
        context.Ask(command, ControlRoutes.Revoke,
            parsed => new RevokeRequest(parsed.GetRequiredValue(name), parsed.GetRequiredValue(version), parsed.GetRequiredValue(reason), KeyPath(parsed, key)),
            ControlJson.Default.RevokeRequest, ControlJson.Default.RevokeReport, report =>
        {
            context.Terminal.Out.WriteLine($"{report.Name} {report.Version} of {report.Namespace} is withdrawn");
        });
        return command;
    }

    private static Option<string?> PublisherKey(string description) => PathWord.Option("--key", description, byNode: true);

    private static string? KeyPath(ParseResult parsed, Option<string?> key) => parsed.GetValue(key) is { } path ? Path.GetFullPath(path) : null;
}
