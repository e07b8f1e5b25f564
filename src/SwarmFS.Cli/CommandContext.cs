using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using SwarmFS.Control;
using SwarmFS.Control.Configuration;

namespace SwarmFS.Cli;

/// <summary>What all commands share: the global options, the way to the node, and how an outcome becomes text and an exit code.</summary>
internal sealed class CommandContext(Terminal terminal, Option<string?> state, Option<string?> config, Option<bool> json, ExampleHelp examples)
{
    private static readonly IReadOnlyDictionary<string, IReadOnlyList<string>> NoOptions = new Dictionary<string, IReadOnlyList<string>>();

    public Terminal Terminal => terminal;

    public void AddExample(Command command, params string[] lines) => examples.Add(command, lines);

    public bool IsJson(ParseResult parsed) => parsed.GetValue(json);

    public SettingsInput Input(ParseResult parsed, IReadOnlyDictionary<string, IReadOnlyList<string>>? options = null) =>
        new(parsed.GetValue(state), parsed.GetValue(config), options ?? NoOptions, terminal.Environment, terminal.IsRoot);

    /// <exception cref="UsageException">An empty one was given.</exception>
    public string StateDirectory(ParseResult parsed)
    {
        var (path, origin) = SettingsLoader.FindState(Input(parsed));
        return path.Length > 0 ? path : throw new UsageException($"node.state is empty ({origin}): must be a directory; leave it out for the default.");
    }

    /// <summary>Makes the command ask the node one thing and show its answer.</summary>
    /// <param name="show">Writes the answer for a person.</param>
    /// <param name="isDone">Whether an answer means that all was done; null where every answer does.</param>
    /// <param name="whatStays">What Ctrl-C leaves behind, for the person who pressed it.</param>
    public void Ask<TRequest, TResult>(
        Command command, string route, Func<ParseResult, TRequest> request, JsonTypeInfo<TRequest> requestType, JsonTypeInfo<TResult> resultType,
        Action<TResult> show, string whatStays = "Nothing was changed.", Func<TResult, bool>? isDone = null) =>
        command.SetAction((parsed, cancellationToken) => GuardAsync(whatStays, async () =>
        {
            using var client = new ControlClient(StateDirectory(parsed));
            using var progress = ProgressLine.For(terminal);
            var result = await client.CallAsync(route, request(parsed), requestType, resultType, progress, cancellationToken);
            progress?.Dispose();
            if (IsJson(parsed)) WriteJson(result, resultType);
            else show(result);
            return isDone?.Invoke(result) != false ? ExitCodes.Done : ExitCodes.Failed;
        }));

    /// <summary>Makes the command do something by itself, without a node.</summary>
    /// <param name="run">Gives the exit code.</param>
    public void Do(Command command, Func<ParseResult, int> run) =>
        command.SetAction((parsed, _) => GuardAsync("Nothing was changed.", () => Task.FromResult(run(parsed))));

    /// <summary>Makes the command do something by itself that depends on the time.</summary>
    public void DoAtTime(Command command, Func<ParseResult, DateTimeOffset, int> run) => Do(command, parsed =>
        ProgramClock.TryMake(terminal.Environment, out var time, out var error) ? run(parsed, time.GetUtcNow()) : throw new UsageException(error));

    /// <summary>Runs a command and turns what it throws into a sentence on standard error and an exit code.</summary>
    public async Task<int> GuardAsync(string whatStays, Func<Task<int>> run)
    {
        try
        {
            return await run();
        }
        catch (OperationCanceledException)
        {
            terminal.Error.WriteLine($"swarmfs: interrupted. {whatStays}");
            return ExitCodes.Interrupted;
        }
        catch (ControlException e)
        {
            terminal.Error.WriteLine($"swarmfs: {e.Error.Message}");
            if (e.Error.Remedy is { } remedy) terminal.Error.WriteLine(remedy);
            return e.Error.Code == ControlErrors.Usage ? ExitCodes.Usage : ExitCodes.Failed;
        }
        catch (UsageException e)
        {
            terminal.Error.WriteLine($"swarmfs: {e.Message}");
            return ExitCodes.Usage;
        }
        catch (Exception e) when (e is NoNodeException or IOException or UnauthorizedAccessException or HttpRequestException)
        {
            terminal.Error.WriteLine($"swarmfs: {e.Message}");
            return ExitCodes.Failed;
        }
    }

    public void WriteJson<T>(T value, JsonTypeInfo<T> type) => terminal.Out.WriteLine(JsonSerializer.Serialize(value, type));
}
