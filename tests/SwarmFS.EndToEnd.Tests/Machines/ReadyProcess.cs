using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;

namespace SwarmFS.EndToEnd.Tests.Machines;

/// <summary>One of the published programs, in the foreground on a host; it ends at the latest with the test process.</summary>
public sealed class ReadyProcess : IDisposable
{
    // A node starts in a fifth of a second; a machine with both cores busy took 6 s.
    private static readonly TimeSpan ReadyDeadline = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(30);

    private readonly Process _process;

    private ReadyProcess(Process process) => _process = process;

    public int Id => _process.Id;

    /// <summary>Starts it and waits until it says READY.</summary>
    /// <param name="host">Null: this machine.</param>
    /// <param name="environment">Besides the test process's own.</param>
    /// <param name="log">What it prints is added here.</param>
    /// <param name="directory">Its working directory; null: the test process's.</param>
    public static async Task<ReadyProcess> StartAsync(TestHost? host, IEnumerable<string> words, IReadOnlyDictionary<string, string> environment, StringBuilder log, string? directory = null)
    {
        var start = new ProcessStartInfo("setpriv") { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = directory ?? "", Environment = { ["LC_ALL"] = "C.UTF-8" } };
        string[] enter = host is null ? [] : ["nsenter", $"--net=/run/netns/{host.Space}", "--"];
        foreach (var argument in (string[])["--pdeathsig", "KILL", "--", .. enter, .. words]) start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment) start.Environment[name] = value;
        var ready = new TaskCompletionSource();
        // pdeathsig follows the thread that starts the child, so it is started from one that lives as long as the test process.
        var process = await LongLivedThread.RunAsync(() => Process.Start(start)!);
        void Take(string? line)
        {
            if (line is null) return;
            lock (log) log.AppendLine(line);
            if (line.Contains("READY")) ready.TrySetResult();
        }
        process.OutputDataReceived += (_, line) => Take(line.Data);
        process.ErrorDataReceived += (_, line) => Take(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var ended = process.WaitForExitAsync();
        if (await Task.WhenAny(ready.Task, ended, Task.Delay(ReadyDeadline)) == ready.Task) return new ReadyProcess(process);
        lock (log) throw new InvalidOperationException($"{string.Join(' ', words)} did not become ready{(ended.IsCompleted ? $"; it ended with {process.ExitCode}" : "")}:\n{log}");
    }

    /// <summary>Ends it as SIGKILL does.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Ends it as SIGTERM does and returns its exit code.</summary>
    public async Task<int> StopAsync()
    {
        (await Command.RunAsync("kill", ["-TERM", $"{Id}"])).Succeeded();
        using var deadline = new CancellationTokenSource(StopDeadline);
        await _process.WaitForExitAsync(deadline.Token);
        return _process.ExitCode;
    }

    public void Dispose() => _process.Dispose();
}

/// <summary>A thread that ends with the process, to start children from that are to die with it.</summary>
internal static class LongLivedThread
{
    private static readonly BlockingCollection<Action> Work = Start();

    private static BlockingCollection<Action> Start()
    {
        var work = new BlockingCollection<Action>();
        new Thread(() =>
        {
            foreach (var action in work.GetConsumingEnumerable()) action();
        })
        { IsBackground = true, Name = "children" }.Start();
        return work;
    }

    public static Task<T> RunAsync<T>(Func<T> function)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Work.Add(() =>
        {
            try
            {
                done.SetResult(function());
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        return done.Task;
    }
}
