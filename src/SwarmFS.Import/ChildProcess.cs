using System.ComponentModel;
using System.Diagnostics;

namespace SwarmFS.Import;

/// <summary>What a child process answered.</summary>
internal sealed record ChildResult(int ExitCode, string Output, string Error);

/// <summary>Runs the system's own small programs (apt-config, dpkg, gpgv) to their end, never through a shell.</summary>
internal static class ChildProcess
{
    /// <summary>Each answers within a fraction of a second; one that does not is stuck.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    /// <param name="program">Its whole path: the runtime looks for a bare name in the current directory before it looks in PATH.</param>
    /// <exception cref="SourceUnavailableException">It is not installed, or did not end in time.</exception>
    public static async Task<ChildResult> RunAsync(string program, IEnumerable<string> arguments, TimeProvider time, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["LC_ALL"] = "C";
        using var process = Start(start);
        process.StandardInput.Close();
        using var deadline = new CancellationTokenSource(Deadline, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(either.Token);
            var error = process.StandardError.ReadToEndAsync(either.Token);
            await Task.WhenAll(output, error);
            await process.WaitForExitAsync(either.Token);
            return new ChildResult(process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new SourceUnavailableException($"'{program}' did not end within {Deadline.TotalSeconds:0} s. Try it by hand.");
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new SourceUnavailableException($"'{start.FileName}' cannot be started ({e.Message}). On Debian it comes with the packages apt, dpkg and gpgv.", e);
        }
    }
}
