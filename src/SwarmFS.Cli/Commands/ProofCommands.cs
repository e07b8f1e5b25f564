using System.CommandLine;
using System.Globalization;
using SwarmFS.Cli.Trust;
using SwarmFS.Control;

namespace SwarmFS.Cli.Commands;

/// <summary><c>proof verify</c>, <c>evidence verify</c>: what anybody can check alone, years later, without a node.</summary>
internal static class ProofCommands
{
    public static void AddTo(RootCommand root, CommandContext context)
    {
        var proof = new Command("proof", "Proofs that an entry stands in a log") { LogCommands.CreateProofGet(context), CreateVerify(context) };
        context.AddExample(proof, "swarmfs proof verify head.tlog-proof --entry head --policy policy.1");
        root.Subcommands.Add(proof);
        var evidence = new Command("evidence", "Evidence that a log has two histories") { CreateVerifyEvidence(context) };
        context.AddExample(evidence, "swarmfs evidence verify fork.txt");
        root.Subcommands.Add(evidence);
    }

    private static Command CreateVerify(CommandContext context)
    {
        var file = PathWord.Argument("file", "A proof (C2SP tlog-proof)");
        var entry = PathWord.Required("--entry", "The entry of the log, byte for byte");
        var policy = PathWord.Option("--policy", "A signed policy, or a C2SP tlog-policy: which logs count, and how many witnesses must have seen the checkpoint");
        var log = new Option<string?>("--log") { Description = "Instead of a policy: the vkey of a log whose signature is enough", HelpName = "VKEY" };
        var command = new Command("verify", "Verify that an entry stands in a log") { file, entry, policy, log };
        command.Validators.Add(parsed =>
        {
            // Whether they are there: a value that is missing is refused after this.
            if (parsed.GetResult(policy) is null == parsed.GetResult(log) is null) parsed.AddError("Give either --policy or --log.");
        });
        context.AddExample(command, "swarmfs proof verify head.tlog-proof --entry head --policy policy.1");
        context.DoAtTime(command, (parsed, now) =>
        {
            var verifier = parsed.GetValue(log) is { } vkey ? ProofVerifier.ByLog(LogKeys.Parse(vkey)) : ProofVerifier.ByPolicy(parsed.GetValue(policy)!, now);
            var report = verifier.Verify(parsed.GetRequiredValue(file), parsed.GetRequiredValue(entry), now);
            if (context.IsJson(parsed)) context.WriteJson(report, ControlJson.Default.ProofCheckReport);
            else if (report.Valid) context.Terminal.Out.WriteLine(Describe(report));
            else context.Terminal.Error.WriteLine($"swarmfs: the proof does not hold: {Show.Safe(report.Reason!)}.");
            return report.Valid ? ExitCodes.Done : ExitCodes.Failed;
        });
        return command;
    }

    private static string Describe(ProofCheckReport report)
    {
        var seen = report.CosignedAt is { } seconds ? $", seen by the witnesses at {DateTimeOffset.FromUnixTimeSeconds(seconds).ToString("u", CultureInfo.InvariantCulture)}" : "";
        return $"entry {report.Index} of {report.Size} in {Show.Safe(report.Log!)}{seen}{(report.Stale == true ? ": STALE, older than the policy's max-age" : "")}";
    }

    private static Command CreateVerifyEvidence(CommandContext context)
    {
        var file = PathWord.Argument("file", "Evidence, as nodes and witnesses keep it");
        var command = new Command("verify", "Verify that a log signed two histories; done when it did") { file };
        context.AddExample(command, "swarmfs evidence verify fork.txt");
        context.Do(command, parsed =>
        {
            var report = ProofVerifier.VerifyEvidence(parsed.GetRequiredValue(file));
            if (context.IsJson(parsed)) context.WriteJson(report, ControlJson.Default.EvidenceReport);
            else if (report.Valid) context.Terminal.Out.WriteLine($"{Show.Safe(report.Log!)} signed two histories: of {report.FirstSize} and of {report.SecondSize} entries");
            else context.Terminal.Error.WriteLine($"swarmfs: the evidence does not hold: {Show.Safe(report.Reason!)}.");
            return report.Valid ? ExitCodes.Done : ExitCodes.Failed;
        });
        return command;
    }
}
