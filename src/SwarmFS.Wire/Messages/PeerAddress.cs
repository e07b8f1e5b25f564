using System.Net;
using System.Net.Sockets;
using SwarmFS.Core;

namespace SwarmFS.Wire;

// address := [bin(4 | 16) ip, u16 port (1..65535)]

/// <summary>Where a node takes connections. IPv4 addresses in IPv6 form are refused: one address has one encoding.</summary>
public readonly record struct PeerAddress
{
    private const int LongestAddress = 16;

    public PeerAddress(IPAddress address, int port)
    {
        Address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        Port = port;
    }

    public IPAddress Address { get; }

    public int Port { get; }

    public IPEndPoint ToEndPoint() => new(Address, Port);

    /// <summary>Null where the endpoint is no IP address.</summary>
    public static PeerAddress? From(EndPoint endPoint) => endPoint is IPEndPoint { Port: > 0 } ip ? new PeerAddress(ip.Address, ip.Port) : null;

    public override string ToString() => ToEndPoint().ToString();

    internal void Write(in MessagePackWriter writer)
    {
        Span<byte> bytes = stackalloc byte[LongestAddress];
        Address.TryWriteBytes(bytes, out var length);
        writer.WriteArrayHeader(2);
        writer.WriteBinary(bytes[..length]);
        writer.WriteUInt64((ushort)Port);
    }

    internal static PeerAddress Read(ref MessagePackReader reader)
    {
        reader.ReadArrayHeaderExactly(2);
        var bytes = reader.ReadBinary(LongestAddress);
        if (bytes.Length is not (4 or LongestAddress)) throw reader.Refuse($"an IP address has 4 or 16 bytes, not {bytes.Length}");
        var address = new IPAddress(bytes);
        if (address.AddressFamily == AddressFamily.InterNetworkV6 && address.IsIPv4MappedToIPv6) throw reader.Refuse("an IPv4 address is written with 4 bytes");
        var port = reader.ReadInt32(ushort.MaxValue);
        return port > 0 ? new PeerAddress(address, port) : throw reader.Refuse("a port is at least 1");
    }

    internal static PeerAddress[] ReadArray(ref MessagePackReader reader, int max)
    {
        var addresses = new PeerAddress[reader.ReadArrayHeader(max)];
        for (var i = 0; i < addresses.Length; i++) addresses[i] = Read(ref reader);
        return addresses;
    }
}

// GETADDR := [u16 max (1..1000)]

/// <summary>"Whom do you know?"</summary>
public readonly record struct GetAddresses(int Max) : IWireMessage<GetAddresses>
{
    public static FrameKind Kind => FrameKind.GetAddresses;

    public void WriteBody(in MessagePackWriter writer)
    {
        writer.WriteArrayHeader(1);
        writer.WriteUInt64((uint)Max);
    }

    public static GetAddresses ReadBody(ref MessagePackReader reader)
    {
        reader.ReadArrayHeaderExactly(1);
        return new GetAddresses(reader.ReadInt32(WireLimits.AddressesPerMessage));
    }
}

// ADDR := [address]

/// <summary>Addresses that the sender knows; an answer, or (request id 0) a few fresh ones passed on.</summary>
public sealed record Addresses(PeerAddress[] Known) : IWireMessage<Addresses>
{
    public static FrameKind Kind => FrameKind.Addresses;

    public void WriteBody(in MessagePackWriter writer)
    {
        writer.WriteArrayHeader(Known.Length);
        foreach (var address in Known) address.Write(writer);
    }

    public static Addresses ReadBody(ref MessagePackReader reader) => new(PeerAddress.ReadArray(ref reader, WireLimits.AddressesPerMessage));
}
