namespace SwarmFS.Swarm;

/// <summary>Lets one line of a kind through in a period, the first at once, and counts the others.</summary>
internal sealed class LogPace(TimeSpan period, TimeProvider time)
{
    private readonly Lock _gate = new();
    private long? _said;
    private long _others;

    /// <param name="others">How often it was not due since the last time that it was.</param>
    public bool IsDue(out long others)
    {
        lock (_gate)
        {
            others = _others;
            var now = time.GetTimestamp();
            if (_said is { } said && time.GetElapsedTime(said, now) < period)
            {
                _others++;
                return false;
            }
            (_said, _others) = (now, 0);
            return true;
        }
    }
}
