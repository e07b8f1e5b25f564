using System.Net;
using System.Net.Sockets;

namespace SwarmFS.Gateway;

/// <summary>How many requests of each client are under way. Addresses of one IPv6 network of 64 bits, which is what one customer gets, are one client. Safe from any thread.</summary>
internal sealed class ClientSlots(int max)
{
    private const int NetworkBytes = 8;

    private readonly Dictionary<IPAddress, int> _running = [];
    private readonly Lock _gate = new();

    /// <returns>The client to be given to <see cref="Leave"/>; null when it has too many already.</returns>
    public IPAddress? TryEnter(IPAddress? address)
    {
        var client = ClientOf(address ?? IPAddress.None);
        lock (_gate)
        {
            var running = _running.GetValueOrDefault(client);
            if (running == max) return null;
            _running[client] = running + 1;
            return client;
        }
    }

    public void Leave(IPAddress client)
    {
        lock (_gate)
        {
            if (--_running[client] == 0) _running.Remove(client);
        }
    }

    private static IPAddress ClientOf(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return address;
        var bytes = address.GetAddressBytes();
        bytes.AsSpan(NetworkBytes).Clear();
        return new IPAddress(bytes);
    }
}
