using System.Text;

namespace SwarmFS.EndToEnd.Tests.Machines;

/// <summary>A witness as its operator runs it, on a host of its own.</summary>
public sealed class TestWitness : IAsyncDisposable
{
    private const int Port = 7411;

    private readonly TestHost _host;
    private readonly string _directory;
    private readonly string _name;
    private readonly StringBuilder _log = new();
    private ReadyProcess? _process;

    private TestWitness(string directory, TestHost host, string name, string vkey) => (_directory, _host, _name, Vkey) = (directory, host, name, vkey);

    /// <summary>As policies name it.</summary>
    public string Vkey { get; }

    public string Url => $"http://{_host.Address}:{Port}";

    private string Key => Path.Join(_directory, "witness.key");

    private string State { get; init; } = "state";

    /// <summary>The same key on another machine, with a memory of its own: so one witness can sign two histories.</summary>
    public TestWitness OtherFace(TestHost host) => new(_directory, host, _name, Vkey) { State = "other-state" };

    /// <summary>True when this face has cosigned a checkpoint of the log.</summary>
    public async Task<bool> HasCosignedAsync(string origin) =>
        (await Command.RunAsync("grep", ["-rqF", origin, Path.Join(_directory, State)])).ExitCode == 0;

    public static async Task<TestWitness> CreateAsync(string directory, TestHost host, string name)
    {
        Directory.CreateDirectory(directory);
        var made = await Command.RunAsync(TestNode.Program, ["key", "gen", Path.Join(directory, "witness.key"), "--name", name, "--witness"]);
        return new TestWitness(directory, host, name, made.Succeeded().Trim());
    }

    /// <param name="logs">Keys of the logs that it cosigns.</param>
    public async Task StartAsync(IEnumerable<string> logs)
    {
        string[] words =
        [
            TestNode.Program, "--state", Path.Join(_directory, State), "witness", "serve", "--key", Key, "--name", _name, "--listen", $"{_host.Address}:{Port}",
            .. logs.SelectMany(log => (string[])["--log", log]),
        ];
        _process = await ReadyProcess.StartAsync(_host, words, new Dictionary<string, string>(), _log);
    }

    public async Task KillAsync()
    {
        if (_process is null) return;
        await _process.KillAsync();
        _process.Dispose();
        _process = null;
    }

    public async ValueTask DisposeAsync() => await KillAsync();
}
