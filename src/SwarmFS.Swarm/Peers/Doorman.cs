using System.Net;

namespace SwarmFS.Swarm;

/// <summary>
/// Decides which callers may have a handshake: so many at once from one site, half as many from one address, and from an address that lied lately only one now and then. Names are free, addresses
/// are not, so a liar that comes back under a new name still is slowed down. Who says nothing leaves its place to the next caller after a moment.
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

    /// <summary>A handshake takes a few round trips: one that has not ended by now may be hung up on. One address begins too few in the time to keep all places with younger ones.</summary>
    private static readonly TimeSpan Prompt = TimeSpan.FromSeconds(1);

    private readonly int _handshakesPerAddress = Math.Max(1, handshakesPerGroup / 2);
    private readonly Lock _gate = new();
    private readonly Dictionary<NetworkGroup, List<Handshake>> _inProgress = [];
    private readonly Dictionary<IPAddress, Bucket> _buckets = [];

    /// <param name="refusal">Why the caller may not go on; null when it may.</param>
    /// <returns>To be disposed when the handshake is over; null: the caller is refused.</returns>
    public Handshake? Enter(EndPoint caller, out string? refusal)
    {
        var group = NetworkGroup.OfSite(caller);
        var address = NetworkGroup.HostOf(caller);
        Handshake? slow = null;
        Handshake entered;
        lock (_gate)
        {
            if (!_inProgress.TryGetValue(group, out var running)) running = [];
            var ofAddress = running.Where(other => other.Address.Equals(address)).ToList();
            if (ofAddress.Count >= _handshakesPerAddress) slow = SlowOf(ofAddress);
            else if (running.Count >= handshakesPerGroup) slow = SlowOf(running.GroupBy(other => other.Address).MaxBy(others => others.Count())!);
            refusal = slow is not null ? null
                : ofAddress.Count >= _handshakesPerAddress ? $"{ofAddress.Count} handshakes are in progress with its address"
                : running.Count >= handshakesPerGroup ? $"{running.Count} handshakes are in progress with its network" : null;
            if (refusal is null && caller is IPEndPoint ip && !Refill(ip.Address).TryTake()) refusal = "too many connections or offences from its address";
            if (refusal is not null) return null;
            if (slow is not null) running.Remove(slow);
            running.Add(entered = new Handshake(this, group, address, time.GetTimestamp()));
            _inProgress[group] = running;
        }
        slow?.HangUp();
        return entered;
    }

    /// <summary>The oldest, when it has had its time.</summary>
    private Handshake? SlowOf(IEnumerable<Handshake> running) => running.MinBy(handshake => handshake.Began) is { } oldest && time.GetElapsedTime(oldest.Began) > Prompt ? oldest : null;

    private void Leave(Handshake handshake)
    {
        lock (_gate)
        {
            if (_inProgress.TryGetValue(handshake.Group, out var running) && running.Remove(handshake) && running.Count == 0) _inProgress.Remove(handshake.Group);
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

    /// <summary>A caller that is not a peer yet. Disposing it leaves the place.</summary>
    internal sealed class Handshake(Doorman doorman, NetworkGroup group, object address, long began) : IDisposable
    {
        private readonly CancellationTokenSource _hungUp = new();

        public NetworkGroup Group => group;

        public object Address => address;

        public long Began => began;

        /// <summary>Cancelled when it took too long and another caller has its place.</summary>
        public CancellationToken HungUp => _hungUp.Token;

        public void HangUp() => _ = _hungUp.CancelAsync();

        public void Dispose() => doorman.Leave(this);
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
