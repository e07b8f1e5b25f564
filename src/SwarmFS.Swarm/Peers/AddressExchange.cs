using System.Net;
using System.Runtime.CompilerServices;
using SwarmFS.Wire;

namespace SwarmFS.Swarm;

/// <summary>GETADDR and ADDR: what peers tell each other about other peers, at a bounded rate, passed on to two.</summary>
internal sealed class AddressExchange(AddressBook book, Func<IReadOnlyList<PeerConnection>> connections, Random random, TimeProvider time)
{
    /// <summary>Addresses that one peer may tell: a full answer at first, then one in ten seconds, as in Bitcoin Core.</summary>
    private const double Burst = WireLimits.AddressesPerMessage;
    private const double PerSecond = 0.1;

    /// <summary>Unasked messages of at most so many addresses are passed on, to so many others.</summary>
    private const int MaxRelayed = 10;
    private const int RelayedTo = 2;

    /// <summary>Answers to GETADDR on one connection: the book is not to be read out bit by bit.</summary>
    private const int AnswersPerConnection = 1;

    private readonly Lock _gate = new();
    private readonly ConditionalWeakTable<PeerConnection, Allowance> _allowances = [];

    public void Start(PeerConnection connection)
    {
        lock (_gate) _allowances.GetValue(connection, Create).Awaited = true;
        connection.Send(connection.Lane.NextRequestId(), new GetAddresses(WireLimits.AddressesPerMessage));
    }

    private Allowance Create(PeerConnection connection) => new() { Tokens = Burst, Filled = time.GetTimestamp() };

    public void Asked(PeerConnection connection, uint requestId, GetAddresses request)
    {
        lock (_gate)
        {
            var allowance = _allowances.GetValue(connection, Create);
            if (allowance.Answers >= AnswersPerConnection) return;
            allowance.Answers++;
        }
        connection.Send(requestId, new Addresses(book.Sample(request.Max)));
    }

    public void Arrived(PeerConnection connection, uint requestId, Addresses message)
    {
        var fresh = new List<PeerAddress>();
        bool isAnswer;
        lock (_gate)
        {
            var allowance = _allowances.GetValue(connection, Create);
            isAnswer = requestId != 0 && allowance.Awaited;
            if (isAnswer) allowance.Awaited = false;
            var now = time.GetTimestamp();
            allowance.Tokens = Math.Min(Burst, allowance.Tokens + PerSecond * time.GetElapsedTime(allowance.Filled, now).TotalSeconds);
            allowance.Filled = now;
            foreach (var address in message.Known)
            {
                if (allowance.Tokens < 1) break;
                allowance.Tokens--;
                if (IsPlausible(address, connection.Peer.Address) && book.Add(address, connection.Peer.Id)) fresh.Add(address);
            }
        }
        if (!isAnswer && fresh.Count is > 0 and <= MaxRelayed) Relay(fresh, connection);
    }

    /// <summary>Tells two others of addresses that are new here.</summary>
    public void Relay(List<PeerAddress> fresh, PeerConnection from)
    {
        var others = connections().Where(other => !ReferenceEquals(other, from)).ToArray();
        random.Shuffle(others);
        foreach (var other in others.Take(RelayedTo)) other.Send(0, new Addresses([.. fresh]));
    }

    /// <summary>A stranger far away cannot know what is on our own machine or link.</summary>
    private static bool IsPlausible(PeerAddress address, EndPoint? teller)
    {
        var ip = address.Address;
        if (ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any) || ip.IsIPv6Multicast || ip.IsIPv6LinkLocal) return false;
        if (ip.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork && ip.GetAddressBytes()[0] >= 224) return false;
        return !IPAddress.IsLoopback(ip) || teller is IPEndPoint { Address: var from } && IPAddress.IsLoopback(from);
    }

    private sealed class Allowance
    {
        public double Tokens { get; set; }

        public long Filled { get; set; }

        public bool Awaited { get; set; }

        public int Answers { get; set; }
    }
}
