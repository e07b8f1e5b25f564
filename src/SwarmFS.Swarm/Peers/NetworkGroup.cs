using System.Net;
using System.Net.Sockets;

namespace SwarmFS.Swarm;

/// <summary>The network that an address belongs to: what one party can have many of counts once.</summary>
internal readonly record struct NetworkGroup(ulong Prefix, bool IsV6)
{
    /// <summary>/24 for IPv4, /64 for IPv6: one site.</summary>
    public static NetworkGroup OfSite(EndPoint endPoint) => Of(endPoint, 24, 64);

    /// <summary>/16 for IPv4, /32 for IPv6: one provider.</summary>
    public static NetworkGroup OfProvider(EndPoint endPoint) => Of(endPoint, 16, 32);

    /// <summary>This machine, or a network that the internet does not lead to (RFC 1918, 3927, 4193).</summary>
    public static bool IsLocal(EndPoint endPoint)
    {
        if (endPoint is not IPEndPoint { Address: var address }) return false;
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (IPAddress.IsLoopback(address)) return true;
        if (address.AddressFamily == AddressFamily.InterNetworkV6) return address.IsIPv6LinkLocal || address.IsIPv6UniqueLocal;
        return address.GetAddressBytes() is [10, ..] or [172, >= 16 and < 32, ..] or [192, 168, ..] or [169, 254, ..];
    }

    /// <summary>The address alone, the same whichever way it is seen.</summary>
    public static object HostOf(EndPoint endPoint) => endPoint is IPEndPoint { Address: var address } ? address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address : endPoint;

    private static NetworkGroup Of(EndPoint endPoint, int v4Bits, int v6Bits)
    {
        if (endPoint is not IPEndPoint { Address: var address }) return default;
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        var isV6 = address.AddressFamily == AddressFamily.InterNetworkV6;
        var prefix = System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(bytes);
        var bits = isV6 ? v6Bits : v4Bits;
        return new NetworkGroup(prefix >> (64 - bits), isV6);
    }
}
