using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace SwarmFS.Cli.Commands;

/// <summary>Starts the daemon's program, which lies beside this one.</summary>
internal sealed class DaemonLauncher(Terminal terminal, string stateDirectory, List<string> arguments)
{
    private const string ProgramName = "swarmfs-daemon";

    /// <summary>A node opens its store and mounts in well under a second; after a crash it may have to look through packs of many gigabytes.</summary>
    private static readonly TimeSpan ReadyWithin = TimeSpan.FromMinutes(2);

    /// <summary>Bytes of the log shown when a detached node ends at once, of what it has written itself.</summary>
    private const int LogTail = 4096;

    private readonly string _program = Path.Combine(terminal.Programs, ProgramName);
    private readonly string _log = Path.Combine(stateDirectory, "daemon.log");

    /// <summary>Replaces this process by the daemon, so that signals, systemd and the shell see one process. Returns only if that fails.</summary>
    public int Become()
    {
        if (!Exists()) return ExitCodes.Failed;
        terminal.Out.Flush();
        var error = Interop.Execute(_program, [_program, .. arguments]);
        terminal.Error.WriteLine($"swarmfs: {_program} cannot be started: {Marshal.GetPInvokeErrorMessage(error)}.");
        return ExitCodes.Failed;
    }

    /// <summary>Starts the daemon in a session of its own and returns when it says that it is ready, or why it ended.</summary>
    public async Task<int> DetachAsync(bool json, CancellationToken cancellationToken)
    {
        if (!Exists()) return ExitCodes.Failed;
        MakeLog();
        // The node tells readiness as it tells systemd (sd_notify(3)): a datagram to the socket named in NOTIFY_SOCKET. An abstract one leaves no file behind.
        var name = $"swarmfs-up-{Environment.ProcessId}-{Guid.NewGuid():N}";
        using var notify = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        notify.Bind(new UnixDomainSocketEndPoint('\0' + name));
        var before = new FileInfo(_log).Length;
        using var daemon = Start(name);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(ReadyWithin);
        var ready = WaitForReadyAsync(notify, patience.Token);
        var ended = daemon.WaitForExitAsync(patience.Token);
        await Task.WhenAny(ready, ended);
        if (ready.IsCompletedSuccessfully)
        {
            terminal.Out.WriteLine(json ? $$"""{"pid":{{daemon.Id}}}""" : $"READY pid {daemon.Id}, log {_log}");
            return ExitCodes.Done;
        }
        cancellationToken.ThrowIfCancellationRequested();
        if (!ended.IsCompletedSuccessfully)
        {
            terminal.Error.WriteLine($"swarmfs: the node (pid {daemon.Id}) is not ready after {ReadyWithin.TotalMinutes} minutes; it goes on starting. {_log} says what it is doing.");
            return ExitCodes.Failed;
        }
        terminal.Error.WriteLine($"swarmfs: the node ended with exit code {daemon.ExitCode} before it was ready. The end of {_log}:");
        terminal.Error.WriteLine(ReadLogTail(before));
        return ExitCodes.Failed;
    }

    /// <summary>Where it cannot be made, the node could say nothing of the reason.</summary>
    /// <exception cref="IOException">It cannot.</exception>
    private void MakeLog()
    {
        try
        {
            Directory.CreateDirectory(stateDirectory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            new FileStream(_log, new FileStreamOptions { Mode = FileMode.Append, Access = FileAccess.Write, Share = FileShare.ReadWrite, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }).Dispose();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"The state directory {stateDirectory} cannot be used: {e.Message} Choose another one with --state, or run as its owner.", e);
        }
    }

    private bool Exists()
    {
        if (File.Exists(_program)) return true;
        terminal.Error.WriteLine($"swarmfs: {_program} is missing. It belongs beside swarmfs; make puts both into artifacts/swarmfs.");
        return false;
    }

    private Process Start(string notifyName)
    {
        // The shell's redirections give the node a log that outlives this process; setsid takes it out of the terminal's reach.
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add("umask 077; log=$1; shift; exec setsid \"$@\" </dev/null >>\"$log\" 2>&1");
        start.ArgumentList.Add("sh");
        start.ArgumentList.Add(_log);
        start.ArgumentList.Add(_program);
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        start.Environment["NOTIFY_SOCKET"] = "@" + notifyName;
        return Process.Start(start) ?? throw new IOException("/bin/sh cannot be started.");
    }

    private static async Task WaitForReadyAsync(Socket notify, CancellationToken cancellationToken)
    {
        var buffer = new byte[4096];
        while (true)
        {
            var length = await notify.ReceiveAsync(buffer, cancellationToken);
            if (Encoding.UTF8.GetString(buffer, 0, length).Split('\n').Contains("READY=1")) return;
        }
    }

    /// <param name="from">What lies before it is of earlier nodes.</param>
    private string ReadLogTail(long from)
    {
        using var log = new FileStream(_log, FileMode.OpenOrCreate, FileAccess.Read);
        log.Seek(Math.Max(from, log.Length - LogTail), SeekOrigin.Begin);
        using var reader = new StreamReader(log);
        return reader.ReadToEnd().TrimEnd();
    }
}
