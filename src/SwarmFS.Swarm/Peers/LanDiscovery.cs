using System.Buffers;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using SwarmFS.Core;

namespace SwarmFS.Swarm;

// datagram := [str "swarmfs/1", bin32 node id, u16 port]      (canonical MessagePack, to 239.192.83.70:7083, once a minute and when the network has changed)

/// <summary>
/// Tells the local network where this node takes connections, and of nodes that tell the same. A datagram proves nothing: it only suggests an address to dial.
/// The group is of the organisation-local scope (RFC 2365), with a time to live of one hop.
/// </summary>
internal sealed class LanDiscovery : IAsyncDisposable
{
    private const string Magic = "swarmfs/1";
    private const int Port = 7083;
    private const int LongestDatagram = 128;

    private static readonly IPAddress Group = new([239, 192, 83, 70]);
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(60);

    /// <summary>A network that changes does so in several steps.</summary>
    private static readonly TimeSpan SettlingTime = TimeSpan.FromSeconds(2);

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly CancellationTokenSource _stopping = new();
    private readonly ITimer _timer;
    private readonly Task _receiving;
    private readonly NodeId _self;
    private readonly byte[] _announcement;
    private readonly Action<IPEndPoint> _found;
    private readonly ILogger _logger;
    private readonly SuggestionQuota _quota;
    private readonly LogPace _flooded;
    private readonly Lock _gate = new();
    private bool _isCutOff;

    /// <param name="port">0: this node takes no connections and only looks for others.</param>
    /// <exception cref="SocketException">The port cannot be used.</exception>
    public LanDiscovery(NodeId self, int port, TimeProvider time, ILogger logger, Action<IPEndPoint> found)
    {
        (_self, _logger, _found) = (self, logger, found);
        (_quota, _flooded) = (new SuggestionQuota(Period, time), new LogPace(Period, time));
        _announcement = port == 0 ? [] : Encode(self, port);
        try
        {
            _socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            _socket.Bind(new IPEndPoint(IPAddress.Any, Port));
            _socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastTimeToLive, 1);
        }
        catch
        {
            _socket.Dispose();
            throw;
        }
        _receiving = ReceiveLoopAsync();
        _timer = time.CreateTimer(static lan => ((LanDiscovery)lan!).Announce(), this, TimeSpan.Zero, Period);
    }

    internal static byte[] Encode(NodeId id, int port)
    {
        var output = new ArrayBufferWriter<byte>(LongestDatagram);
        var writer = new MessagePackWriter(output);
        writer.WriteArrayHeader(3);
        writer.WriteString(Magic);
        writer.WriteDigest(id.Digest);
        writer.WriteUInt64((ushort)port);
        return output.WrittenSpan.ToArray();
    }

    internal static bool TryDecode(ReadOnlySpan<byte> datagram, out NodeId id, out int port)
    {
        (id, port) = (default, 0);
        try
        {
            var reader = new MessagePackReader(datagram);
            reader.ReadArrayHeaderExactly(3);
            if (reader.ReadString(Magic.Length) != Magic) return false;
            id = new NodeId(reader.ReadDigest());
            port = reader.ReadInt32(ushort.MaxValue);
            reader.End();
            return port > 0;
        }
        catch (MessagePackFormatException)
        {
            return false;
        }
    }

    /// <summary>There may be other interfaces than before.</summary>
    public void NetworkChanged() => _timer.Change(SettlingTime, Period);

    /// <summary>Joins the group on every interface that is there by now, and announces this node on it.</summary>
    private void Announce()
    {
        lock (_gate)
        {
            var reached = Interfaces().Count(TryAnnounce);
            if (reached == 0 && !_isCutOff) SwarmLog.LanDiscoveryWaits(_logger);
            _isCutOff = reached == 0;
        }
    }

    /// <summary>The ports of a bridge have no address, and the kernel lets a socket join on twenty interfaces only. A tunnel does not know whether it is up.</summary>
    private static int[] Interfaces()
    {
        try
        {
            var usable =
                from card in NetworkInterface.GetAllNetworkInterfaces()
                where card.OperationalStatus is OperationalStatus.Up or OperationalStatus.Unknown && card.SupportsMulticast
                let addresses = card.GetIPProperties()
                where addresses.UnicastAddresses.Any(own => own.Address.AddressFamily == AddressFamily.InterNetwork)
                select addresses.GetIPv4Properties().Index;
            return [.. usable];
        }
        catch (NetworkInformationException)
        {
            // One is gone while it is looked at: the next look comes in a minute.
            return [];
        }
    }

    private bool TryAnnounce(int index)
    {
        try
        {
            Join(index);
            if (_announcement.Length == 0) return true;
            _socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastInterface, IPAddress.HostToNetworkOrder(index));
            _socket.SendTo(_announcement, new IPEndPoint(Group, Port));
            return true;
        }
        catch (Exception failed) when (failed is SocketException or ObjectDisposedException)
        {
            // Gone again, or not set up yet: the next announcement comes in a minute.
            return false;
        }
    }

    private void Join(int index)
    {
        try
        {
            _socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.AddMembership, new MulticastOption(Group, index));
        }
        catch (SocketException joined) when (joined.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            // As before.
        }
    }

    private async Task ReceiveLoopAsync()
    {
        var buffer = new byte[LongestDatagram];
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                var received = await _socket.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), _stopping.Token);
                if (!TryDecode(buffer.AsSpan(0, received.ReceivedBytes), out var id, out var port) || id == _self) continue;
                var source = ((IPEndPoint)received.RemoteEndPoint).Address;
                if (_quota.TryTake(source)) _found(new IPEndPoint(source, port));
                else if (_flooded.IsDue(out var others)) SwarmLog.LanFlooded(_logger, source, others);
            }
            catch (SocketException)
            {
                // Longer than any datagram of ours, or an error that an earlier send left behind.
            }
            catch (Exception ended) when (ended is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _timer.DisposeAsync();
        _socket.Dispose();
        await _receiving;
        _stopping.Dispose();
    }
}
