using System.Diagnostics;
using System.Text;

namespace SwarmFS.EndToEnd.Tests.Machines;

/// <summary>What a child process left behind.</summary>
public sealed record CommandResult(string CommandLine, int ExitCode, string Output, string Error, TimeSpan Elapsed)
{
    /// <summary>The output of a command that had to succeed.</summary>
    public string Succeeded() => ExitCode == 0
        ? Output
        : throw new InvalidOperationException($"'{CommandLine}' ended with {ExitCode} after {Elapsed.TotalSeconds:f1} s:\n{Output}\n{Error}");
}

/// <summary>
/// Runs child processes with a deadline. Everything that touches a mount goes through here: a process that reads its own mount can deadlock, and one that hangs on
/// a mount cannot be ended. Children die with the thread that started them or at the latest with the test process (setpriv --pdeathsig).
/// </summary>
public static class Command
{
    // A package of 120 MB copied on a busy machine of two cores takes about 20 s.
    private static readonly TimeSpan DefaultDeadline = TimeSpan.FromMinutes(3);

    public static Task<CommandResult> ShellAsync(string script, TimeSpan? deadline = null) => RunAsync("bash", ["-c", "set -o pipefail; " + script], deadline);

    public static async Task<CommandResult> RunAsync(string program, IEnumerable<string> arguments, TimeSpan? deadline = null)
    {
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["LC_ALL"] = "C.UTF-8" },
        };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        var line = $"{program} {string.Join(' ', start.ArgumentList)}";
        var watch = Stopwatch.StartNew();
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"'{line}' did not start.");
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        using var timeout = new CancellationTokenSource(deadline ?? DefaultDeadline);
        try
        {
            await process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException e)
        {
            var stacks = await StacksAsync(process.Id);
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"'{line}' had not ended after {watch.Elapsed.TotalSeconds:f0} s. Its threads wait in:\n{stacks}", e);
        }
        return new CommandResult(line, process.ExitCode, await output, await error, watch.Elapsed);
    }

    /// <summary>Where the kernel has the process and its children waiting: a hang names its cause.</summary>
    private static async Task<string> StacksAsync(int pid)
    {
        var text = new StringBuilder();
        foreach (var id in new[] { pid }.Concat(Children(pid)))
        {
            try
            {
                var name = (await File.ReadAllTextAsync($"/proc/{id}/comm")).Trim();
                var where = (await File.ReadAllTextAsync($"/proc/{id}/wchan")).Trim();
                var call = (await File.ReadAllTextAsync($"/proc/{id}/syscall")).Trim();
                text.AppendLine($"  {id} {name}: {where} (syscall {call})");
            }
            catch (IOException)
            {
                text.AppendLine($"  {id} is gone");
            }
        }
        return text.ToString();
    }

    private static IEnumerable<int> Children(int pid)
    {
        string text;
        try
        {
            text = File.ReadAllText($"/proc/{pid}/task/{pid}/children");
        }
        catch (IOException)
        {
            yield break;
        }
        foreach (var child in text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse))
        {
            yield return child;
            foreach (var grandchild in Children(child)) yield return grandchild;
        }
    }
}
