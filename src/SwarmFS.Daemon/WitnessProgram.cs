using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using SwarmFS.Control;
using SwarmFS.Control.Configuration;
using SwarmFS.Core;
using SwarmFS.Gateway;
using SwarmFS.Signing;
using SwarmFS.Store;
using SwarmFS.Transparency;

namespace SwarmFS.Daemon;

/// <summary>
/// <c>swarmfs-daemon witness</c>: a witness and nothing else, in the foreground until it is told to end. In its directory stand <c>checkpoints/</c>, which must never be taken back to an older state
/// (from a backup, say), and <c>evidence/</c> with the first evidence that each log gave against itself. Ends with 0 (stopped as asked), 1 (failed) or 2 (senseless words).
/// </summary>
internal static class WitnessProgram
{
    public const string Word = "witness";

    public static async Task<int> RunAsync(string[] words, TimeProvider time)
    {
        if (WitnessArguments.TryRead(words, out var error) is not { } settings)
        {
            await Console.Error.WriteLineAsync($"swarmfs-daemon: {error}");
            return 2;
        }
        try
        {
            await ServeAsync(settings, time);
            return 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            await Console.Error.WriteLineAsync($"swarmfs-daemon: the witness cannot be started: {e.Message}");
            return 1;
        }
    }

    private static async Task ServeAsync(WitnessSettings settings, TimeProvider time)
    {
        var readiness = Readiness.OfProcess();
        using var loggers = Logging.Create(nameof(LogLevel.Information), LogFormat.Text);
        using var key = Ed25519PrivateKey.Load(settings.KeyFile);
        var cosigner = new Cosigner(settings.Name, key);
        using var store = OpenStore(settings.State);
        var evidence = StateFolder.Open(settings.State);
        var witness = new Witness(cosigner, settings.Logs, store, time);
        // What is damaged is told now, and not to the log that asks next year.
        foreach (var log in settings.Logs) _ = witness.Latest(log.Name);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var signals = new TerminationSignals(_ => ended.TrySetResult(), () => { });
        await using var server = await GatewayServer.StartAsync(settings.Listen, new WitnessSite(witness, fork => Keep(evidence, fork), time, loggers), loggers, CancellationToken.None);
        var report = new WitnessReport(server.EndPoint.ToString(), cosigner.VerifierKey.ToString(), settings.State, Environment.ProcessId);
        readiness.Ready($"listening on {report.Listen}");
        Console.WriteLine(settings.IsJson ? JsonSerializer.Serialize(report, ControlJson.Default.WitnessReport) : $"READY listening on {report.Listen}, state {report.State}, vkey {report.Vkey}");
        await ended.Task;
        readiness.Stopping();
    }

    private static FileWitnessStore OpenStore(string state)
    {
        try
        {
            return new FileWitnessStore(Path.Join(state, "checkpoints"));
        }
        catch (IOException e)
        {
            throw new IOException($"{e.Message.TrimEnd('.')}. A witness that runs holds its directory {state}: stop that one, or give this one a directory of its own with --state.", e);
        }
    }

    /// <summary>The first evidence against a log is enough: a log that sends more of it fills no disk.</summary>
    private static void Keep(StateFolder folder, ForkEvidence fork)
    {
        var name = $"evidence/{Sha256Digest.Of(System.Text.Encoding.UTF8.GetBytes(fork.Log.ToString()))}.txt";
        if (folder.Read(name) is null) folder.Replace(name, fork.ToBytes());
    }
}
