using System.CommandLine;
using SwarmFS.Control;

namespace SwarmFS.Cli.Commands;

/// <summary><c>down</c>: ends the node, and returns when the next one can be started.</summary>
internal static class DownCommand
{
    /// <summary>A node that has stopped waits half a minute at most for requests that do not end, and then gives its directory up.</summary>
    private static readonly TimeSpan FreeWithin = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    public static Command Create(CommandContext context)
    {
        var command = new Command("down", "Stop the node: unmount, close connections, write everything out");
        context.AddExample(command, "swarmfs down");
        command.SetAction((parsed, cancellationToken) => context.GuardAsync("The node goes on stopping.", async () =>
        {
            var state = context.StateDirectory(parsed);
            using var client = new ControlClient(state);
            var node = HolderOf(state);
            var report = await client.CallAsync(ControlRoutes.Down, new EmptyRequest(), ControlJson.Default.EmptyRequest, ControlJson.Default.DownReport, progress: null, cancellationToken);
            if (!await IsFreeAsync(state, node, cancellationToken))
                throw new IOException($"The node has stopped, but its process {node} has not ended after {FreeWithin.TotalMinutes} minute and still holds {state}. Its log says what it waits for; kill {node} ends it.");
            if (context.IsJson(parsed)) context.WriteJson(report, ControlJson.Default.DownReport);
            else context.Terminal.Out.WriteLine(report.Message);
            return ExitCodes.Done;
        }));
        return command;
    }

    /// <summary>Waits until the node has let its directory go, or another has it already.</summary>
    private static async Task<bool> IsFreeAsync(string state, string? node, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(FreeWithin);
        while (IsHeld(state) && (HolderOf(state) is not { } holder || holder == node))
        {
            if (patience.IsCancellationRequested) return false;
            await Task.Delay(Pause, TimeProvider.System, cancellationToken);
        }
        return true;
    }

    private static bool IsHeld(string state)
    {
        try
        {
            new FileStream(Path.Join(state, "lock"), FileMode.Open, FileAccess.Read, FileShare.Read).Dispose();
            return false;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return false;
        }
        catch (IOException e) when (e.HResult == Interop.WouldBlock)
        {
            return true;
        }
    }

    private static string? HolderOf(string state)
    {
        try
        {
            return File.ReadAllText(Path.Join(state, "pid")).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
