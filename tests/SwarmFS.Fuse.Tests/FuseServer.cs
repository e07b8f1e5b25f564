using System.Diagnostics;

namespace SwarmFS.Fuse.Tests;

/// <summary>The test host on a mount point of its own; whatever happens, neither the process nor the mount outlives it.</summary>
internal sealed class FuseServer : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);
    private readonly Process _process;
    private readonly List<string> _errors = [];

    private FuseServer(Process process, string directory)
    {
        _process = process;
        Directory = directory;
        process.ErrorDataReceived += (_, line) =>
        {
            lock (_errors) _errors.Add(line.Data ?? "");
        };
        process.BeginErrorReadLine();
    }

    public static string Host { get; } = Path.Join(AppContext.BaseDirectory, "SwarmFS.Fuse.TestHost");

    /// <summary>A scratch directory; the mount is its child.</summary>
    public string Directory { get; }

    public string Mount => Path.Join(Directory, "mnt");
    public string Greeting { get; private set; } = "";
    public int Id => _process.Id;

    public string Errors
    {
        get
        {
            lock (_errors) return string.Join('\n', _errors);
        }
    }

    public static async Task<FuseServer> Start(params string[] arguments)
    {
        var directory = System.IO.Directory.CreateTempSubdirectory("fuse-test-").FullName;
        System.IO.Directory.CreateDirectory(Path.Join(directory, "mnt"));
        var server = Launch(directory, arguments);
        server.Greeting = await server.ReadLine();
        if (!server.Greeting.StartsWith("READY"))
        {
            await server.DisposeAsync();
            throw new InvalidOperationException(server.Greeting);
        }

        return server;
    }

    public static FuseServer Launch(string directory, params string[] arguments) => new(
        Process.Start(new ProcessStartInfo(Host, [Path.Join(directory, "mnt"), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!,
        directory);

    public async Task<string> Do(string command)
    {
        await _process.StandardInput.WriteLineAsync(command);
        await _process.StandardInput.FlushAsync();
        return await ReadLine();
    }

    /// <summary>The named figure of the host's counters.</summary>
    public async Task<int> Count(string name)
    {
        var counts = await Do("counts");
        return int.Parse(counts.Split(' ').Single(pair => pair.StartsWith(name + "="))[(name.Length + 1)..]);
    }

    /// <summary>Waits until this many requests are parked.</summary>
    public async Task WaitForWaiting(int count)
    {
        var start = Stopwatch.StartNew();
        while (int.Parse((await Do("waiting")).Split(' ')[0]) < count)
        {
            if (start.Elapsed > Deadline) throw new TimeoutException($"no {count} requests are waiting");
        }
    }

    public async Task<string> ReadLine() =>
        await _process.StandardOutput.ReadLineAsync().WaitAsync(Deadline) ?? throw new InvalidOperationException($"the server has ended: {Errors}");

    public async Task<string> Quit()
    {
        await _process.StandardInput.WriteLineAsync("quit");
        await _process.StandardInput.FlushAsync();
        var line = await ReadLine();
        await _process.WaitForExitAsync().WaitAsync(Deadline);
        return line;
    }

    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (!_process.HasExited) await Quit();
        }
        catch (Exception e) when (e is TimeoutException or IOException or InvalidOperationException)
        {
            _process.Kill();
        }

        _process.WaitForExit();
        _process.Dispose();
        while (FuseMounts.Find(Mount) is not null && FuseMounts.Detach(Mount) == 0)
        {
        }

        System.IO.Directory.Delete(Directory, recursive: true);
    }
}
