using System.Runtime.InteropServices;

namespace SwarmFS.Daemon;

/// <summary>
/// The first SIGTERM, SIGINT or SIGHUP asks for an end, the second ends the process at once. What has to be done before any end, also one that nobody planned, is done then.
/// </summary>
internal sealed class TerminationSignals : IDisposable
{
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Action<string> _stop;
    private readonly Action _abandon;
    private int _count;

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
        if (Interlocked.Increment(ref _count) == 1)
        {
            _stop(context.Signal.ToString());
            return;
        }
        Console.Error.WriteLine("swarmfs-daemon: told twice; ending at once.");
        _abandon();
        Environment.Exit(1);
    }
}
