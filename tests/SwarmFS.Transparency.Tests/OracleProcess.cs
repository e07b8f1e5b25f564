using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace SwarmFS.Transparency.Tests;

/// <summary>What an independent program is asked; which members count depends on the kind: note, record, tree, tiles, cosignature.</summary>
internal sealed record OracleQuestion(string Kind, string Key, string Note)
{
    public string? Name { get; init; }

    public string? OldNote { get; init; }

    public long Index { get; init; }

    public byte[]? Entry { get; init; }

    public string[]? Proof { get; init; }

    public string? Directory { get; init; }
}

/// <summary>A program by others, in a directory of its own that disposing removes.</summary>
public abstract class OracleProcess : IDisposable
{
    /// <summary>Compiling and installing included; a machine that is busy with other things needs minutes.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("swarmfs-oracle-");

    protected string WorkDirectory => _directory.FullName;

    protected static string SourceOf(string file) => Path.Join(AppContext.BaseDirectory, "Oracle", file);

    protected abstract string Ask(string questions);

    /// <returns>For each question null when it was accepted, otherwise why not.</returns>
    internal IReadOnlyList<string?> Judge(IReadOnlyCollection<OracleQuestion> questions)
    {
        var answers = JsonSerializer.Deserialize<string[]>(Ask(JsonSerializer.Serialize(questions)))!;
        answers.Length.ShouldBe(questions.Count);
        return [.. answers.Select(answer => answer.Length == 0 ? null : answer)];
    }

    protected string Run(string program, string[] arguments, string input = "", params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = WorkDirectory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(false),
            StandardOutputEncoding = new UTF8Encoding(false),
        };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        if (!process.WaitForExit(Deadline))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} did not end within {Deadline}.");
        }
        process.ExitCode.ShouldBe(0, $"{program} {string.Join(' ', arguments)}: {errors.Result}{output.Result}");
        return output.Result;
    }

    protected virtual void Dispose(bool disposing)
    {
        if (disposing) _directory.Delete(recursive: true);
    }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }
}

/// <summary>golang.org/x/mod/sumdb, as Debian packages it.</summary>
public sealed class GoOracle : OracleProcess
{
    private readonly string _program;

    public GoOracle()
    {
        _program = Path.Join(WorkDirectory, "oracle");
        File.Copy(SourceOf("main.go"), Path.Join(WorkDirectory, "main.go"));
        // Go builds from Debian's sources alone: no module mode, no compiler for C, nothing from the network.
        Run("go", ["build", "-o", _program, "main.go"], "", ("GO111MODULE", "off"), ("GOPATH", "/usr/share/gocode"), ("GOFLAGS", ""), ("GOPROXY", "off"), ("CGO_ENABLED", "0"));
    }

    protected override string Ask(string questions) => Run(_program, [], questions);
}

/// <summary>The package @sigstore/verify on Node, its version pinned.</summary>
public sealed class SigstoreOracle : OracleProcess
{
    private const string Package = "@sigstore/verify";
    private const string Version = "4.1.3";

    public SigstoreOracle() =>
        Run("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline", "--prefix", WorkDirectory, $"{Package}@{Version}"]);

    protected override string Ask(string questions) => Run("node", [SourceOf("judge.js"), Path.Join(WorkDirectory, "node_modules", Package)], questions);
}
