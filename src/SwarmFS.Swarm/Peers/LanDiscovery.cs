using System.Buffers;
using System.Net;
using System.Net.Sockets;
using SwarmFS.Core;

namespace SwarmFS.Swarm;

// datagram := [str "swarmfs/1", bin32 node id, u16 port]      (canonical MessagePack, to 239.192.83.70:7083, at most once a minute)

/// <summary>
/// Tells the local network where this node takes connections, and of nodes that tell the same. A datagram proves nothing: it only suggests an address to dial.
/// The group is of the organisation-local scope (RFC 2365), with a time to live of one hop.
/// </summary>
internal sealed class LanDiscovery : IAsyncDisposable
{
    private const string Magic = "swarmfs/1";
    private const int Port = 7083;
    private const int LongestDatagram = 128;

    /// <summary>Suggestions taken in a period; what floods the network is not ours to answer.</summary>
    private const int MaxSuggestions = 64;

    private static readonly IPAddress Group = new([239, 192, 83, 70]);
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(60);

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly CancellationTokenSource _stopping = new();
    private readonly ITimer _timer;
    private readonly Task _receiving;
    private readonly NodeId _self;
    private readonly byte[] _announcement;
    private readonly Action<IPEndPoint> _found;
    private int _taken;

    /// <param name="port">0: this node takes no connections and only looks for others.</param>
    /// <exception cref="SocketException">There is no multicast here.</exception>
    public LanDiscovery(NodeId self, int port, TimeProvider time, Action<IPEndPoint> found)
    {
        (_self, _found) = (self, found);
        _announcement = port == 0 ? [] : Encode(self, port);
        try
        {
            _socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            _socket.Bind(new IPEndPoint(IPAddress.Any, Port));
            _socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.AddMembership, new MulticastOption(Group));
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

    private void Announce()
    {
        Volatile.Write(ref _taken, 0);
        if (_announcement.Length == 0) return;
        try
        {
            _socket.SendTo(_announcement, new IPEndPoint(Group, Port));
        }
        catch (Exception failed) when (failed is SocketException or ObjectDisposedException)
        {
            // No network for the moment: the next announcement comes in a minute.
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
                if (Interlocked.Increment(ref _taken) > MaxSuggestions) continue;
                _found(new IPEndPoint(((IPEndPoint)received.RemoteEndPoint).Address, port));
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
