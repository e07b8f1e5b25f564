using System.Text;
using System.Text.Json;
using SwarmFS.Catalog;
using SwarmFS.Control;
using SwarmFS.Signing;
using SwarmFS.Transparency;

namespace SwarmFS.EndToEnd.Tests.Machines;

/// <summary>
/// One node run as a user runs it: the published program, with a state directory and a mount of its own, on a host of a <see cref="TestNetwork"/> or on this machine.
/// </summary>
public sealed class TestNode : IAsyncDisposable
{
    private readonly TestHost? _host;
    private readonly string[] _options;
    private readonly bool _mounted;
    private readonly StringBuilder _log = new();
    private ReadyProcess? _process;

    public TestNode(string directory, TestHost? host, params string[] options)
    {
        Directory = directory;
        _host = host;
        _mounted = !options.Contains("--no-mount");
        _options = [.. options.Where(option => option != "--no-mount"), .. options.Contains("--sync") ? (string[])[] : ["--sync", "off"]];
        System.IO.Directory.CreateDirectory(directory);
    }

    public string Directory { get; }

    /// <summary>Null: this machine.</summary>
    public TestHost? Host => _host;

    /// <summary>Where it listens; nodes on one host need different ones.</summary>
    public int Port { get; init; } = 7401;

    /// <summary>Variables that it has besides those of the test process.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Where it is started; null: where the test process is.</summary>
    public string? StartedIn { get; init; }

    public string State => Path.Join(Directory, "state");

    public string Mount => Path.Join(Directory, "mnt");

    /// <summary>Where other nodes reach it.</summary>
    public string Endpoint => $"{_host?.Address ?? "127.0.0.1"}:{Port}";

    /// <summary>What <c>up --trust</c> takes on nodes that are to believe what this one imports. Made by the first who asks, as the node would make it.</summary>
    public string TrustKey
    {
        get
        {
            System.IO.Directory.CreateDirectory(State, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            using var key = Ed25519PrivateKey.LoadOrCreate(Path.Join(State, "importer.key"));
            return VerifierKey.OfLog(LogName.Of(key.PublicKey), key.PublicKey).ToString();
        }
    }

    /// <summary>The process id of the node while it runs.</summary>
    public int ProcessId => _process?.Id ?? throw new InvalidOperationException("The node is not running.");

    /// <summary>What the node has printed since it was made.</summary>
    public string Log
    {
        get
        {
            lock (_log) return _log.ToString();
        }
    }

    /// <summary>Waits for a line of the log: the answer to a request may be here before what was written about it.</summary>
    public Task LogsAsync(string text) => Eventually.HoldsAsync(() => Task.FromResult(Log.Contains(text, StringComparison.Ordinal)), $"'{text}' in the log of {Directory}");

    /// <summary>The published program; <c>make</c> puts it there.</summary>
    public static string Program { get; } = FindProgram();

    private static string FindProgram()
    {
        if (System.Environment.GetEnvironmentVariable("SWARMFS_PROGRAM") is { Length: > 0 } named) return named;
        for (var directory = AppContext.BaseDirectory; directory is not null; directory = Path.GetDirectoryName(directory))
        {
            var candidate = Path.Join(directory, "artifacts/swarmfs/swarmfs");
            if (File.Exists(candidate)) return candidate;
        }
        throw new InvalidOperationException("artifacts/swarmfs/swarmfs is not there: run 'make' first, or name the program in SWARMFS_PROGRAM.");
    }

    /// <summary>Starts the node and waits until it says READY.</summary>
    public async Task StartAsync(params string[] more)
    {
        System.IO.Directory.CreateDirectory(Mount);
        string[] words =
        [
            Program, "--state", State, "up", "--mount", _mounted ? Mount : "none", "--listen", $"{_host?.Address ?? "127.0.0.1"}:{Port}", "--lan", "off", .. _options, .. more,
        ];
        _process = await ReadyProcess.StartAsync(_host, words, Environment, _log, StartedIn);
    }

    /// <summary>Ends the node as SIGKILL does; its mount is left dead.</summary>
    public async Task KillAsync()
    {
        if (_process is null) return;
        await _process.KillAsync();
        _process.Dispose();
        _process = null;
    }

    /// <summary>Ends the node as SIGTERM does and returns its exit code.</summary>
    public async Task<int> StopAsync()
    {
        var code = await _process!.StopAsync();
        _process.Dispose();
        _process = null;
        return code;
    }

    /// <summary>Runs <c>swarmfs --state … words</c>.</summary>
    public Task<CommandResult> SwarmAsync(params string[] words) => Command.RunAsync(Program, ["--state", State, .. words]);

    public async Task<StatusReport> StatusAsync() =>
        JsonSerializer.Deserialize((await SwarmAsync("status", "--json")).Output, ControlJson.Default.StatusReport) ?? throw new InvalidOperationException("status printed nothing");

    /// <summary>Imports from the system's apt sources and returns the path below a mount, <c>pkgs/NAME/VERSION</c>.</summary>
    public async Task<ImportReport> ImportAsync(params string[] words) =>
        JsonSerializer.Deserialize((await SwarmAsync(["import", .. words, "--json"])).Succeeded(), ControlJson.Default.ImportReport)!;

    /// <summary>Reads its apt sources into its log, which has to succeed.</summary>
    public async Task<SyncReport> SyncAsync() => JsonSerializer.Deserialize((await SwarmAsync("sync", "--json")).Succeeded(), ControlJson.Default.SyncReport)!;

    /// <summary>What <c>ls</c> says of a path.</summary>
    public async Task<IReadOnlyList<ListedEntry>> ListAsync(string path) =>
        JsonSerializer.Deserialize((await SwarmAsync("ls", path, "--json")).Succeeded(), ControlJson.Default.ListReport)!.Entries;

    /// <summary>Its own log with all records, as <c>swarmfs log</c> shows it.</summary>
    public async Task<LogReport> OwnLogAsync()
    {
        List<string> records = [];
        while (true)
        {
            var words = (string[])["log", "entries", "--from", $"{records.Count}", "--count", "1000", "--json"];
            var page = JsonSerializer.Deserialize((await SwarmAsync(words)).Succeeded(), ControlJson.Default.LogReport)!;
            records.AddRange(page.Records);
            if (page.Records.Count == 0 || records.Count >= page.Entries) return page with { Records = records };
        }
    }

    /// <summary>Waits until a path shows on the mount: names travel with the announcements.</summary>
    public async Task WaitForPathAsync(string path)
    {
        var waited = await Command.ShellAsync($"for i in $(seq 300); do [ -e '{Mount}/{path}' ] && exit 0; sleep 0.1; done; ls -la {Mount}/pkgs; exit 1");
        if (waited.ExitCode != 0) throw new InvalidOperationException($"{path} did not appear on {Mount}:\n{waited.Output}\n{Log}");
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        if (!_mounted) return;
        for (var tries = 0; tries < 5 && (await Command.RunAsync("mountpoint", ["-q", Mount])).ExitCode == 0; tries++)
            await Command.RunAsync("umount", ["-l", Mount]);
        // A dead mount is no mount point for mountpoint(1): it cannot be asked. So unmount once more whatever it said.
        await Command.RunAsync("umount", ["-l", Mount]);
    }
}
