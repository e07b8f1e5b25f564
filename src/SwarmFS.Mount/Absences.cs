using System.Collections.Concurrent;

namespace SwarmFS.Mount;

/// <summary>
/// What was asked for and does not exist, for the request that was parked meanwhile and for those that follow at once. By inode numbers, which are hashes of names or moments themselves.
/// </summary>
internal sealed class Absences(TimeProvider time)
{
    /// <summary>Answers kept; beyond it all are forgotten, and asked for again.</summary>
    private const int Kept = 4096;

    /// <summary>Long enough for a parked request to come round again, short enough to be seen as now.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<NodeNumber, long> _absent = new();

    public void Add(NodeNumber number)
    {
        if (_absent.Count >= Kept) _absent.Clear();
        _absent[number] = time.GetTimestamp();
    }

    public bool Contains(NodeNumber number)
    {
        if (!_absent.TryGetValue(number, out var since)) return false;
        if (time.GetElapsedTime(since) < Lifetime) return true;
        _absent.TryRemove(new KeyValuePair<NodeNumber, long>(number, since));
        return false;
    }
}
