using System.CommandLine;
using SwarmFS.Cli.Trust;
using SwarmFS.Control;

namespace SwarmFS.Cli.Commands;

/// <summary><c>policy sign</c>, <c>policy check</c>, <c>policy apply</c>: what nodes are to believe, as files that its signers pass around.</summary>
internal static class PolicyCommands
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("policy", "Sign, check and apply policies: which logs and witnesses are believed") { CreateSign(context), CreateCheck(context), CreateApply(context) };
        context.AddExample(command, "swarmfs policy sign policy.2 --key root.key --name alice", "swarmfs policy check policy.2 --after policy.1");
        return command;
    }

    private static Command CreateSign(CommandContext context)
    {
        var file = PathWord.Argument("file", "The policy: its text, or a version that others have signed; the signature is added to it");
        var key = PathWord.Required("--key", "The signer's key file");
        var name = new Option<string>("--name") { Description = "The signer's name, as the policy's root-key lines have it", HelpName = "NAME", Required = true };
        var command = new Command("sign", "Add a signature to a policy") { file, key, name };
        context.AddExample(command, "swarmfs policy sign policy.2 --key root.key --name alice");
        command.SetAction((parsed, _) => context.GuardAsync("The policy is as it was.", async () =>
        {
            var report = await PolicyFiles.SignAsync(parsed.GetRequiredValue(file), parsed.GetRequiredValue(key), parsed.GetRequiredValue(name));
            if (context.IsJson(parsed)) context.WriteJson(report, ControlJson.Default.PolicySignReport);
            else context.Terminal.Out.WriteLine($"version {report.Version}: {report.Signatures} of the {report.Threshold} signatures that it asks for");
            if (!report.IsRootKey) context.Terminal.Error.WriteLine("swarmfs: this version does not name that key; the signature counts only where the version before it does.");
            return ExitCodes.Done;
        }));
        return command;
    }

    private static Command CreateApply(CommandContext context)
    {
        var file = PathWord.Argument("file", "The signed policy that comes after the one in force; the first one where none is", byNode: true);
        var command = new Command("apply", "Hand the node a new version of its policy; it counts from its next start") { file };
        context.AddExample(command, "swarmfs policy apply policy.2");
        context.Ask(command, ControlRoutes.Policy, parsed => new PolicyRequest(Path.GetFullPath(parsed.GetRequiredValue(file))),
            ControlJson.Default.PolicyRequest, ControlJson.Default.PolicyReport, report => context.Terminal.Out.WriteLine(report.Message), "The policy is as it was.");
        return command;
    }

    private static Command CreateCheck(CommandContext context)
    {
        var file = PathWord.Argument("file", "A signed policy");
        var after = PathWord.Option("--after", "The version before it, which must have signed it, too", "OLD");
        var command = new Command("check", "Check a policy's form, signatures and expiry") { file, after };
        context.AddExample(command, "swarmfs policy check policy.1", "swarmfs policy check policy.2 --after policy.1");
        context.DoAtTime(command, (parsed, now) =>
        {
            var report = PolicyFiles.Check(parsed.GetRequiredValue(file), parsed.GetValue(after), now);
            if (context.IsJson(parsed)) context.WriteJson(report, ControlJson.Default.PolicyCheckReport);
            else Tell(context, report);
            return report.Valid ? ExitCodes.Done : ExitCodes.Failed;
        });
        return command;
    }

    private static void Tell(CommandContext context, PolicyCheckReport report)
    {
        var output = context.Terminal.Out;
        output.WriteLine($"version {report.Version}, expires {report.Expires}, {report.Signers.Count} of {report.RootKeys.Count} root keys signed it and {report.Threshold} must");
        output.WriteLine($"a record counts when {report.Importers} of {report.Logs.Count} logs have it");
        foreach (var log in report.Logs) output.WriteLine($"log      {Show.Safe(log)}");
        foreach (var witness in report.Witnesses) output.WriteLine($"witness  {Show.Safe(witness)}");
        foreach (var log in report.RemovedLogs ?? []) output.WriteLine($"removed  {Show.Safe(log)}");
        if (!report.Valid) context.Terminal.Error.WriteLine($"swarmfs: the policy does not hold: {Show.Safe(report.Reason!)}.");
    }
}
