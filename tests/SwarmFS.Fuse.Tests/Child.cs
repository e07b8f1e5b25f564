using System.Diagnostics;

namespace SwarmFS.Fuse.Tests;

internal sealed record ChildResult(int ExitCode, string Output, string Error)
{
    public string Succeeded()
    {
        ExitCode.ShouldBe(0, $"{Output}\n{Error}");
        return Output.TrimEnd('\n');
    }
}

/// <summary>A program that uses a mount in place of the test, with a deadline: whoever reads a mount that nobody serves would wait for ever.</summary>
internal sealed class Child : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private readonly Process _process;
    private readonly Task<string> _output;
    private readonly Task<string> _error;

    private Child(string program, string[] arguments)
    {
        _process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true })!;
        _output = _process.StandardOutput.ReadToEndAsync();
        _error = _process.StandardError.ReadToEndAsync();
    }

    public int Id => _process.Id;
    public bool HasExited => _process.HasExited;

    public static Child Start(string program, params string[] arguments) => new(program, arguments);

    public static Child Python(string script, params string[] arguments) => new("python3", ["-c", script, .. arguments]);

    public static Task<ChildResult> Shell(string script) => Start("sh", "-c", script).Result();

    public void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{_process.Id}"]);
        kill.WaitForExit();
    }

    public Task<bool> HasEndedWithin(TimeSpan time) => Task.Run(() => _process.WaitForExit(time));

    public async Task<ChildResult> Result()
    {
        using var deadline = new CancellationTokenSource(Deadline);
        try
        {
            await _process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException e)
        {
            _process.Kill(entireProcessTree: true);
            throw new TimeoutException($"the child was still running after {Deadline}", e);
        }

        return new ChildResult(_process.ExitCode, await _output, await _error);
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }
}
