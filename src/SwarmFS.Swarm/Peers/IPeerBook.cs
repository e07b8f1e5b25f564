using System.Net;

namespace SwarmFS.Swarm;

/// <summary>A peer that was connected once.</summary>
/// <param name="LastSeen">When the connection last was up.</param>
public sealed record RememberedPeer(IPEndPoint Address, NodeId Id, DateTimeOffset LastSeen);

/// <summary>Remembers peers over restarts; they are dialled first. Whoever wires the node decides where it is kept.</summary>
public interface IPeerBook
{
    /// <summary>Those seen last come first.</summary>
    IReadOnlyList<RememberedPeer> Load();

    /// <summary>Replaces what was remembered; at most 256.</summary>
    void Save(IReadOnlyList<RememberedPeer> peers);
}

/// <summary>Remembers until the process ends.</summary>
public sealed class MemoryPeerBook : IPeerBook
{
    private IReadOnlyList<RememberedPeer> _peers = [];

    public IReadOnlyList<RememberedPeer> Load() => _peers;

    public void Save(IReadOnlyList<RememberedPeer> peers) => _peers = peers;
}
