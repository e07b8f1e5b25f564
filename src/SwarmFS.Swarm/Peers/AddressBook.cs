using System.Net;
using SwarmFS.Wire;

namespace SwarmFS.Swarm;

/// <summary>
/// Addresses this node has heard of, in memory. Caps per provider network and per peer that told them keep anybody from filling it alone (the idea of Bitcoin's addrman);
/// an address that worked is not pushed out by one that was only heard of.
/// </summary>
internal sealed class AddressBook(Random random, TimeProvider time)
{
    private const int MaxAddresses = 4096;
    private const int MaxPerProvider = 64;
    private const int MaxPerTeller = 1000;

    /// <summary>An address that fails so often without ever working is forgotten.</summary>
    private const int MaxFailures = 5;

    private readonly Lock _gate = new();
    private readonly Dictionary<PeerAddress, Entry> _entries = [];

    public int Count
    {
        get
        {
            lock (_gate) return _entries.Count;
        }
    }

    /// <returns>True when it is new here.</returns>
    public bool Add(PeerAddress address, NodeId teller)
    {
        var endPoint = address.ToEndPoint();
        var group = NetworkGroup.OfProvider(endPoint);
        lock (_gate)
        {
            if (_entries.ContainsKey(address)) return false;
            if (_entries.Count >= MaxAddresses && !DropUnproven()) return false;
            // Loopback is one machine and one owner: the cap protects against nobody there.
            if (!IPAddress.IsLoopback(address.Address) && _entries.Values.Count(entry => entry.Group == group) >= MaxPerProvider) return false;
            if (_entries.Values.Count(entry => entry.Teller == teller) >= MaxPerTeller) return false;
            _entries[address] = new Entry { Group = group, Teller = teller };
            return true;
        }
    }

    private bool DropUnproven()
    {
        var unproven = _entries.Where(entry => entry.Value.Worked is null).Select(entry => entry.Key).ToArray();
        return unproven.Length > 0 && _entries.Remove(unproven[random.Next(unproven.Length)]);
    }

    public void Worked(PeerAddress address, NodeId id)
    {
        lock (_gate)
        {
            if (!_entries.TryGetValue(address, out var entry)) _entries[address] = entry = new Entry { Group = NetworkGroup.OfProvider(address.ToEndPoint()), Teller = id };
            (entry.Id, entry.Worked, entry.Failures) = (id, time.GetUtcNow(), 0);
        }
    }

    /// <summary>Somebody authenticated there, whether or not it became a connection: while that node is connected, the address need not be dialled.</summary>
    public void Answered(PeerAddress address, NodeId id, bool isSelf)
    {
        lock (_gate)
        {
            if (isSelf) _entries.Remove(address);
            else if (_entries.TryGetValue(address, out var entry)) (entry.Id, entry.Failures) = (id, 0);
        }
    }

    public void Failed(PeerAddress address)
    {
        lock (_gate)
        {
            if (!_entries.TryGetValue(address, out var entry)) return;
            entry.Failures++;
            if (entry.Failures >= MaxFailures && entry.Worked is null) _entries.Remove(address);
        }
    }

    /// <summary>An address to dial that satisfies the condition, those that worked before the others; null when there is none that is due.</summary>
    public PeerAddress? Pick(Func<PeerAddress, NodeId?, bool> condition)
    {
        lock (_gate)
        {
            var now = time.GetTimestamp();
            var due = _entries.Where(entry => entry.Value.NextTry <= now && condition(entry.Key, entry.Value.Id)).ToArray();
            if (due.Length == 0) return null;
            var proven = due.Where(entry => entry.Value.Worked is not null).ToArray();
            var chosen = proven.Length > 0 && random.Next(4) > 0 ? proven[random.Next(proven.Length)] : due[random.Next(due.Length)];
            chosen.Value.NextTry = now + (long)(time.TimestampFrequency * Math.Min(600, 10 * Math.Pow(2, chosen.Value.Failures)));
            return chosen.Key;
        }
    }

    public PeerAddress[] Sample(int max)
    {
        lock (_gate)
        {
            var all = _entries.Keys.ToArray();
            random.Shuffle(all);
            return all.Length > max ? all[..max] : all;
        }
    }

    /// <summary>Those that worked, the last one first.</summary>
    public List<RememberedPeer> Proven(int max)
    {
        lock (_gate)
        {
            return [.. _entries.Where(entry => entry.Value is { Worked: not null, Id: not null })
                .OrderByDescending(entry => entry.Value.Worked)
                .Take(max)
                .Select(entry => new RememberedPeer(entry.Key.ToEndPoint(), entry.Value.Id!.Value, entry.Value.Worked!.Value))];
        }
    }

    private sealed class Entry
    {
        public NetworkGroup Group { get; init; }

        public NodeId Teller { get; init; }

        public NodeId? Id { get; set; }

        public DateTimeOffset? Worked { get; set; }

        public int Failures { get; set; }

        public long NextTry { get; set; } = long.MinValue;
    }
}
