using System.Diagnostics;
using System.Runtime.InteropServices;

namespace SwarmFS.Daemon;

/// <summary>
/// The first SIGTERM, SIGINT or SIGHUP asks for an end, the second ends the process at once. What has to be done before any end, also one that nobody planned, is done then.
/// </summary>
internal sealed class TerminationSignals : IDisposable
{
    /// <summary>make(1) and timeout(1) tell a process and then its whole group: what comes so soon after the first is the same word.</summary>
    private static readonly TimeSpan SameWord = TimeSpan.FromMilliseconds(500);

    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Action<string> _stop;
    private readonly Action _abandon;
    private long _told;

    /// <param name="stop">Gets the signal's name.</param>
    /// <param name="abandon">Must be quick; may be called more than once.</param>
    public TerminationSignals(Action<string> stop, Action abandon)
    {
        (_stop, _abandon) = (stop, abandon);
        foreach (var signal in (PosixSignal[])[PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGHUP])
            _registrations.Add(PosixSignalRegistration.Create(signal, Handle));
        AppDomain.CurrentDomain.ProcessExit += (_, _) => _abandon();
        AppDomain.CurrentDomain.UnhandledException += (_, _) => _abandon();
    }

    public void Dispose() => _registrations.ForEach(registration => registration.Dispose());

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = true;
        var first = Interlocked.CompareExchange(ref _told, Stopwatch.GetTimestamp(), 0);
        if (first == 0) _stop(context.Signal.ToString());
        if (first == 0 || Stopwatch.GetElapsedTime(first) < SameWord) return;
        Console.Error.WriteLine("swarmfs-daemon: told twice; ending at once.");
        _abandon();
        Environment.Exit(1);
    }
}
