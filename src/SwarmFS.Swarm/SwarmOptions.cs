using System.Net;
using SwarmFS.Core;

namespace SwarmFS.Swarm;

/// <summary>What an operator may choose about the swarm. The defaults leave an interactive machine and a home router alone.</summary>
public sealed record SwarmOptions
{
    /// <summary>Where to take connections; null: nowhere, this node only dials. Port 0 lets the system choose.</summary>
    public EndPoint? Listen { get; init; }

    /// <summary>Peers to keep connected to: <c>host:port</c>, <c>[v6]:port</c>.</summary>
    public IReadOnlyList<string> Peers { get; init; } = [];

    /// <summary>Connections at once, both directions. An eighth is kept for peers that were named and those that this node dials.</summary>
    public int MaxConnections
    {
        get;
        init => field = value is >= 1 and <= 1024 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "From 1 to 1024 connections.");
    } = 64;

    /// <summary>Connections that this node dials without being told to, to peers it has heard of.</summary>
    public int OutboundTarget { get; init; } = 8;

    public int DialsAtOnce { get; init; } = 8;

    /// <summary>Handshakes at once from one /24 (IPv4) or /64 (IPv6): a P-256 handshake costs a third of a millisecond of our processor and nothing of the caller's.</summary>
    public int HandshakesPerGroup { get; init; } = 8;

    /// <summary>Whether blocks are packed on slow paths, in both directions.</summary>
    public bool Compression { get; init; } = true;

    /// <summary>Whether blocks that have come are gathered and hashed together; the machine decides, tests try both.</summary>
    internal bool GathersArrivals { get; init; } = BlockHasher.GainsBySeveral;

    /// <summary>Bytes a second that blocks take on the wire, all peers together; null: no limit.</summary>
    public long? UploadBytesPerSecond
    {
        get;
        init => field = value is null or >= 1 << 10 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "At least 1024 bytes a second, or no limit.");
    }

    /// <summary>Announce this node on the local network and connect to those who do.</summary>
    public bool LanDiscovery { get; init; }

    /// <summary>How long one that lied is not spoken to.</summary>
    public TimeSpan Discouragement { get; init; } = TimeSpan.FromHours(24);
}
