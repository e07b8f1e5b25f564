using System.Diagnostics;
using System.Text;

namespace SwarmFS.Daemon.Tests;

/// <summary>A child process that has ended.</summary>
internal sealed record Ended(int ExitCode, string Out, string Error);

/// <summary>A node as a user runs it: the two programs, a state directory and a mount of its own. Everything that touches the mount is a child process.</summary>
internal sealed class NodeProcess : IAsyncDisposable
{
    // Two busy cores: a start takes half a second alone, and ten with everything else running.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly StringBuilder _output = new();
    private Process? _process;

    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("daemon-test-").FullName;

    public string State => Path.Combine(Directory, "state");

    public string Mount => Path.Combine(Directory, "mnt");

    public int Pid => _process!.Id;

    public string Output
    {
        get
        {
            lock (_output) return _output.ToString();
        }
    }

    public static void SkipUnlessMountable() =>
        Assert.SkipUnless(File.Exists("/dev/fuse") && Environment.IsPrivilegedProcess, "needs /dev/fuse and root");

    public static async Task<Ended> RunAsync(string program, params string[] arguments)
    {
        using var process = Start(program, arguments);
        process.StandardInput.Close();
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException e)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} {string.Join(' ', arguments)} has not ended.", e);
        }
        return new Ended(process.ExitCode, await output, await error);
    }

    public static Task<Ended> ShellAsync(string script) => RunAsync("/bin/sh", "-c", script);

    public Task<Ended> SwarmfsAsync(params string[] words) => RunAsync(Program, ["--state", State, .. words]);

    /// <summary>Starts the node in the foreground and waits for READY.</summary>
    public async Task UpAsync(params string[] options)
    {
        var ended = await TryUpAsync(options);
        if (ended is not null) throw new InvalidOperationException($"The node ended with {ended}:\n{Output}");
    }

    /// <summary>Null when it is up, otherwise the exit code.</summary>
    public async Task<int?> TryUpAsync(params string[] options)
    {
        lock (_output) _output.Clear();
        string[] mount = options.Contains("--no-mount") || options.Contains("--mount") ? [] : ["--mount", Mount];
        string[] listen = options.Contains("--listen") ? [] : ["--listen", "127.0.0.1:0"];
        var process = _process = Start(Program, ["--state", State, "up", .. mount, "--lan", "off", "--sync", "off", .. listen, .. options]);
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        process.OutputDataReceived += (_, line) => Take(line.Data);
        process.ErrorDataReceived += (_, line) => Take(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var ended = process.WaitForExitAsync();
        await Task.WhenAny(ready.Task, ended).WaitAsync(Patience);
        if (ready.Task.IsCompleted) return null;
        await ended;
        return process.ExitCode;

        void Take(string? line)
        {
            if (line is null) return;
            lock (_output) _output.AppendLine(line);
            if (line.StartsWith("READY", StringComparison.Ordinal)) ready.TrySetResult();
        }
    }

    public async Task SignalAsync(string signal) => (await RunAsync("/bin/kill", $"-{signal}", $"{Pid}")).ExitCode.ShouldBe(0);

    public async Task<int> WaitForEndAsync()
    {
        await _process!.WaitForExitAsync().WaitAsync(Patience);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }
        _process?.Dispose();
        for (var tries = 0; tries < 5 && (await ShellAsync($"grep -q ' {Mount} ' /proc/mounts")).ExitCode == 0; tries++) await RunAsync("umount", "-l", Mount);
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    private static string Program => Path.Combine(AppContext.BaseDirectory, "swarmfs");

    private static Process Start(string program, string[] arguments) =>
        Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
}
