using System.Collections.Concurrent;
using SwarmFS.Control;

namespace SwarmFS.Daemon;

/// <summary>The long work that goes on now, for status. Safe from any thread.</summary>
internal sealed class Activities
{
    private readonly ConcurrentDictionary<object, ActivityReport> _running = new();

    public IReadOnlyList<ActivityReport> Running => [.. _running.Values];

    /// <summary>Shows work until the returned handle is disposed; what is reported to it is shown and passed on.</summary>
    public Activity Begin(string kind, string subject, IProgress<ProgressReport>? next) => new(this, new ActivityReport(kind, subject, "starting", 0, 0, ""), next);

    internal sealed class Activity : IProgress<ProgressReport>, IDisposable
    {
        private readonly Activities _owner;
        private readonly ActivityReport _first;
        private readonly IProgress<ProgressReport>? _next;

        public Activity(Activities owner, ActivityReport first, IProgress<ProgressReport>? next)
        {
            (_owner, _first, _next) = (owner, first, next);
            owner._running[this] = first;
        }

        public void Report(ProgressReport value)
        {
            _owner._running[this] = _first with { Stage = value.Stage, Done = value.Done, Total = value.Total, Unit = value.Unit };
            _next?.Report(value);
        }

        public void Dispose() => _owner._running.TryRemove(this, out _);
    }
}
