using System.Net;
using SwarmFS.Core;

namespace SwarmFS.Swarm;

public enum PeerDirection
{
    /// <summary>We dialled.</summary>
    Outbound,

    /// <summary>The peer did.</summary>
    Inbound,
}

public enum PeerState
{
    /// <summary>A static peer that is not connected; dialled again at <see cref="PeerStatus.NextDial"/>.</summary>
    Disconnected,
    Dialling,

    /// <summary>TLS is up; HELLO-OK is awaited.</summary>
    Greeting,
    Connected,

    /// <summary>Connected, owes blocks, and has delivered none for a while.</summary>
    Stalled,

    /// <summary>Lied or broke the protocol; not spoken to until <see cref="PeerStatus.DiscouragedUntil"/>.</summary>
    Discouraged,
}

/// <summary>One peer as a person sees it. A snapshot.</summary>
/// <param name="Id">Null for a static peer that was never reached.</param>
/// <param name="RoundTripSeconds">The smallest seen since it connected; 0 until measured.</param>
/// <param name="Goodput">Bytes of blocks a second while something was outstanding; an assumption until measured.</param>
/// <param name="BytesIn">Bytes of blocks, before they were packed for the wire.</param>
/// <param name="BytesSavedIn">Bytes that compression kept off the wire.</param>
/// <param name="Why">The last offence, or why the last dial failed.</param>
public sealed record PeerStatus(
    NodeId? Id,
    EndPoint? Address,
    PeerDirection? Direction,
    PeerState State,
    string Software,
    double RoundTripSeconds,
    double Goodput,
    long BytesIn,
    long BytesOut,
    long BlocksIn,
    long BlocksOut,
    long BytesSavedIn,
    long BytesSavedOut,
    int Outstanding,
    int Offences,
    int Timeouts,
    DateTimeOffset? ConnectedSince,
    DateTimeOffset? NextDial,
    DateTimeOffset? DiscouragedUntil,
    string? Why)
{
    /// <summary>The address as it is written: <c>host:port</c>.</summary>
    public string? AddressText => Address is DnsEndPoint named ? $"{named.Host}:{named.Port}" : Address?.ToString();
}

/// <summary>How much of a root came from whom since the node started.</summary>
public sealed record RootTransfer(Cid Root, NodeId From, long Bytes, long Blocks);
