namespace SwarmFS.Swarm;

/// <summary>A <see cref="LogPace"/> for each of several subjects. There may be any number: when too many are remembered, all are forgotten and told of anew.</summary>
internal sealed class LogPaces<T>(TimeSpan period, TimeProvider time) where T : notnull
{
    private const int MaxSubjects = 256;

    private readonly Lock _gate = new();
    private readonly Dictionary<T, LogPace> _paces = [];

    /// <inheritdoc cref="LogPace.IsDue"/>
    public bool IsDue(T subject, out long others)
    {
        LogPace? pace;
        lock (_gate)
        {
            if (!_paces.TryGetValue(subject, out pace))
            {
                if (_paces.Count == MaxSubjects) _paces.Clear();
                _paces[subject] = pace = new LogPace(period, time);
            }
        }
        return pace.IsDue(out others);
    }
}
