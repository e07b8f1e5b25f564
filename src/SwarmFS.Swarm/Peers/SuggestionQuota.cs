using System.Net;

namespace SwarmFS.Swarm;

/// <summary>
/// How many addresses are taken in from the local network in a period: a few from each source, so that one that floods the network shuts nobody else out, and a bounded number of all, since a
/// source is easily forged. One thread at a time.
/// </summary>
internal sealed class SuggestionQuota(TimeSpan period, TimeProvider time)
{
    /// <summary>Some nodes on one machine, each of which announces itself once a minute and at each change of its network.</summary>
    private const int MaxOfSource = 16;

    private const int MaxOfAll = 512;

    private readonly Dictionary<IPAddress, int> _taken = [];
    private long _began = time.GetTimestamp();
    private int _all;

    public bool TryTake(IPAddress source)
    {
        Renew();
        var taken = _taken.GetValueOrDefault(source);
        if (taken >= MaxOfSource || _all >= MaxOfAll) return false;
        _taken[source] = taken + 1;
        _all++;
        return true;
    }

    private void Renew()
    {
        if (time.GetElapsedTime(_began) < period) return;
        _began = time.GetTimestamp();
        _taken.Clear();
        _all = 0;
    }
}
