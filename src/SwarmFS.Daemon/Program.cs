using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SwarmFS.Control;
using SwarmFS.Control.Configuration;
using SwarmFS.Daemon.State;

namespace SwarmFS.Daemon;

/// <summary>The daemon's process: settings in, a node while it lasts, an exit code out (0 stopped as asked, 1 failed, 2 senseless settings).</summary>
internal static class Program
{
    // Reads of the disk block their thread for a moment; on two cores the pool would add threads too slowly while a copy runs.
    private const int LeastPoolThreads = 8;

    // Everything that a node writes is its own, but for what it is told to write elsewhere.
    private const uint OwnerOnlyMask = 0b000_111_111;

    public static async Task<int> Main(string[] arguments)
    {
        Interop.SetUmask(OwnerOnlyMask);
        // What arrives at a socket is worked on where it is noticed, not after two more threads were woken: 2 to 3 % of a cold copy's time in both of two series of twelve.
        // Connections that carry much give that thread back themselves (PeerConnection).
        Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");
        ThreadPool.GetMinThreads(out var workers, out var waiters);
        ThreadPool.SetMinThreads(Math.Max(workers, LeastPoolThreads), waiters);
        if (!ProgramClock.TryMake(Environment.GetEnvironmentVariable, out var time, out var unclear))
        {
            await Console.Error.WriteLineAsync($"swarmfs-daemon: {unclear}");
            return 2;
        }
        if (arguments is [WitnessProgram.Word, .. var words]) return await WitnessProgram.RunAsync(words, time);
        var input = DaemonArguments.TryRead(arguments, Environment.GetEnvironmentVariable, Environment.IsPrivilegedProcess, out var senseless);
        var loaded = input is null ? null : SettingsLoader.Load(input);
        foreach (var error in loaded?.Errors ?? [senseless!]) await Console.Error.WriteLineAsync($"swarmfs-daemon: {error}");
        return loaded?.Settings is null ? 2 : await RunAsync(loaded, loaded.Settings, time);
    }

    private static async Task<int> RunAsync(LoadedSettings loaded, NodeSettings settings, TimeProvider time)
    {
        var clock = Stopwatch.StartNew();
        var readiness = Readiness.OfProcess();
        using var loggers = Logging.Create(settings.LogLevel, settings.LogFormat);
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var log = loggers.CreateLogger("SwarmFS.Daemon");
        using var starting = new CancellationTokenSource();
        NodeHost? host = null;
        var signal = "";
        using var signals = new TerminationSignals(name =>
        {
            signal = name;
            starting.Cancel();
            Volatile.Read(ref host)?.RequestStop(name);
        }, () => Volatile.Read(ref host)?.Abandon());
        try
        {
            host = await NodeHost.StartAsync(loaded, time, loggers, services.GetRequiredService<IMeterFactory>(), starting.Token);
        }
        catch (NodeStartException e)
        {
            await Console.Error.WriteLineAsync($"swarmfs-daemon: {e.Message}");
            return 1;
        }
        catch (OperationCanceledException) when (starting.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync($"swarmfs-daemon: ended by {signal} before it was ready.");
            return 1;
        }
        if (starting.IsCancellationRequested) host.RequestStop(signal);
        log.Ready(clock.ElapsedMilliseconds, host.ListenEndPoint);
        readiness.Ready($"listening on {host.ListenEndPoint}");
        Console.WriteLine($"READY {(settings.MountPoint is { } mount ? $"mounted on {mount}, " : "")}listening on {host.ListenEndPoint}, state {settings.StateDirectory}");
        // What the start leaves behind lives long: sorted out now, while nobody waits, it does not lengthen the collections under the first reads.
        GC.Collect();
        log.Stopping(await host.StopRequested);
        readiness.Stopping();
        await host.DisposeAsync();
        return 0;
    }
}
