using System.Net;

namespace SwarmFS.Swarm;

/// <summary>
/// Decides which callers may have a handshake: so many at once from one site, and from an address that lied lately only one now and then. Names are free, addresses
/// are not, so a liar that comes back under a new name still is slowed down.
/// </summary>
internal sealed class Doorman(int handshakesPerGroup, TimeProvider time)
{
    /// <summary>Handshakes that an address may begin at once, and what it regains a second.</summary>
    private const double Burst = 64;
    private const double PerSecond = 4;

    /// <summary>What one offence costs, in handshakes.</summary>
    private const double OffenceCost = 8;

    /// <summary>Addresses remembered; the fullest bucket, which means least, makes room.</summary>
    private const int MaxAddresses = 4096;

    private readonly Lock _gate = new();
    private readonly Dictionary<NetworkGroup, int> _inProgress = [];
    private readonly Dictionary<IPAddress, Bucket> _buckets = [];

    /// <returns>Null when the caller may go on; <see cref="Leave"/> is due then.</returns>
    public string? Enter(EndPoint caller)
    {
        var group = NetworkGroup.OfSite(caller);
        lock (_gate)
        {
            var running = _inProgress.GetValueOrDefault(group);
            if (running >= handshakesPerGroup) return $"{running} handshakes are in progress with its network";
            if (caller is IPEndPoint ip && !Refill(ip.Address).TryTake()) return "too many connections or offences from its address";
            _inProgress[group] = running + 1;
            return null;
        }
    }

    public void Leave(EndPoint caller)
    {
        var group = NetworkGroup.OfSite(caller);
        lock (_gate)
        {
            var running = _inProgress[group] - 1;
            if (running == 0) _inProgress.Remove(group);
            else _inProgress[group] = running;
        }
    }

    public void Offended(EndPoint caller)
    {
        if (caller is not IPEndPoint ip) return;
        lock (_gate) Refill(ip.Address).Tokens -= OffenceCost;
    }

    private Bucket Refill(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        var now = time.GetTimestamp();
        if (!_buckets.TryGetValue(address, out var bucket))
        {
            if (_buckets.Count >= MaxAddresses) _buckets.Remove(_buckets.MaxBy(known => known.Value.Tokens).Key);
            _buckets[address] = bucket = new Bucket { Tokens = Burst, Filled = now };
        }
        bucket.Tokens = Math.Min(Burst, bucket.Tokens + PerSecond * time.GetElapsedTime(bucket.Filled, now).TotalSeconds);
        bucket.Filled = now;
        return bucket;
    }

    private sealed class Bucket
    {
        public double Tokens { get; set; }

        public long Filled { get; set; }

        public bool TryTake()
        {
            if (Tokens < 1) return false;
            Tokens--;
            return true;
        }
    }
}
