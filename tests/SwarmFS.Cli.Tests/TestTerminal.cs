namespace SwarmFS.Cli.Tests;

/// <summary>A terminal whose two sides can be read.</summary>
internal sealed class TestTerminal
{
    private readonly StringWriter _out = new();
    private readonly StringWriter _error = new();
    private readonly MemoryStream _bytes = new();

    public Dictionary<string, string> Environment { get; } = [];

    public bool ErrorIsTerminal { get; init; }

    public string Out => _out.ToString();

    public string Error => _error.ToString();

    public string Bytes => System.Text.Encoding.UTF8.GetString(_bytes.ToArray());

    public Terminal Terminal => new(_out, _error, () => _bytes, ErrorIsTerminal, Environment.GetValueOrDefault, IsRoot: true, Programs: "/nowhere");

    public Task<int> RunAsync(params string[] arguments) => CommandLine.RunAsync(arguments, Terminal);
}
