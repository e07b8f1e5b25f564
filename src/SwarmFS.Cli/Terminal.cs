using SwarmFS.Cli.Commands;

namespace SwarmFS.Cli;

/// <summary>Everything that a command sees of the process around it, so that tests can stand in for it.</summary>
/// <param name="Bytes">Standard output as a stream, for content.</param>
/// <param name="ErrorIsTerminal">Whether a person watches standard error: progress is shown then.</param>
/// <param name="Environment">Looks a variable up.</param>
/// <param name="Programs">The directory in which the daemon's program lies: beside this one.</param>
internal sealed record Terminal(
    TextWriter Out, TextWriter Error, Func<Stream> Bytes, bool ErrorIsTerminal, Func<string, string?> Environment, bool IsRoot, string Programs)
{
    public static Terminal OfProcess()
    {
        Interop.OpenStandardFiles();
        return new(
            Console.Out, Console.Error, Console.OpenStandardOutput, !Console.IsErrorRedirected, System.Environment.GetEnvironmentVariable,
            System.Environment.IsPrivilegedProcess, AppContext.BaseDirectory);
    }
}
