using Spectre.Console;
using SwarmFS.Control;

namespace SwarmFS.Cli;

/// <summary>
/// Shows on one line of a terminal how far the node has come. Reports arrive on one thread, in order; the line is rewritten at most ten times a second, and removed at the end.
/// </summary>
internal sealed class ProgressLine : IProgress<ProgressReport>, IDisposable
{
    /// <summary>Ten a second: faster is not read, slower looks stuck.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly IAnsiConsole _console;
    private readonly TimeProvider _time;
    private long _shown;
    private bool _visible;

    private ProgressLine(TextWriter writer, TimeProvider time)
    {
        _console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(writer), Interactive = InteractionSupport.No });
        _time = time;
    }

    /// <summary>Null where nobody watches.</summary>
    public static ProgressLine? For(Terminal terminal) => terminal.ErrorIsTerminal ? new ProgressLine(terminal.Error, TimeProvider.System) : null;

    public void Report(ProgressReport value)
    {
        if (_visible && _time.GetElapsedTime(_shown) < Interval) return;
        _shown = _time.GetTimestamp();
        _visible = true;
        _console.Write(new ControlCode("\r\x1b[2K"));
        var text = $"{value.Stage} {value.Subject} {Amount(value)}";
        _console.Write(new Text(text.Length < _console.Profile.Width ? text : text[..Math.Max(0, _console.Profile.Width - 1)]));
    }

    public void Dispose()
    {
        if (_visible) _console.Write(new ControlCode("\r\x1b[2K"));
        _visible = false;
    }

    private static string Amount(ProgressReport value)
    {
        var done = value.Unit == "bytes" ? Show.Size(value.Done) : $"{value.Done:n0} {value.Unit}";
        if (value.Total <= 0) return done;
        return $"{100.0 * value.Done / value.Total:f0} % of {(value.Unit == "bytes" ? Show.Size(value.Total) : $"{value.Total:n0} {value.Unit}")}";
    }
}
