using System.Diagnostics;
using System.Text.Json;

namespace SwarmFS.Daemon.Tests;

/// <summary>A witness as its operator runs it: the two programs, a key and a directory.</summary>
internal sealed class WitnessProcess(string directory) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private Process? _process;

    public static string Swarmfs => Path.Combine(AppContext.BaseDirectory, "swarmfs");

    public string State => Path.Combine(directory, "witness");

    public string Key => Path.Combine(directory, "witness.key");

    /// <summary>Where it answers.</summary>
    public Uri Url { get; private set; } = new("http://nowhere");

    public string Vkey { get; private set; } = "";

    /// <summary>Starts it and waits until it says that it answers.</summary>
    public async Task StartAsync(string log, string? now = null, string listen = "127.0.0.1:0")
    {
        string[] words = ["witness", "serve", "--state", State, "--key", Key, "--name", "w.example", "--listen", listen, "--log", log, "--json"];
        var start = new ProcessStartInfo(Swarmfs, words) { RedirectStandardOutput = true };
        if (now is not null) start.Environment["SWARMFS_NOW"] = now;
        _process = Process.Start(start)!;
        var line = await _process.StandardOutput.ReadLineAsync().WaitAsync(Patience);
        var ready = JsonDocument.Parse(line.ShouldNotBeNull("The witness ended before it was ready.")).RootElement;
        Url = new Uri($"http://{ready.GetProperty("listen").GetString()}");
        Vkey = ready.GetProperty("vkey").GetString()!;
        ready.GetProperty("pid").GetInt32().ShouldBe(_process.Id);
    }

    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync().WaitAsync(Patience);
        _process.Dispose();
        _process = null;
    }

    /// <returns>The exit code.</returns>
    public async Task<int> TerminateAsync(string signal)
    {
        (await NodeProcess.RunAsync("/bin/kill", $"-{signal}", $"{_process!.Id}")).ExitCode.ShouldBe(0);
        await _process.WaitForExitAsync().WaitAsync(Patience);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false }) await KillAsync();
        _process?.Dispose();
    }
}
