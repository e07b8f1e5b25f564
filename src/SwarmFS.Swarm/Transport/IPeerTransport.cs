using System.Net;

namespace SwarmFS.Swarm;

/// <summary>Makes authenticated duplex connections between nodes. <see cref="TlsTcpTransport"/> in the product; a simulated network in tests.</summary>
public interface IPeerTransport
{
    IPeerListener Listen(EndPoint endPoint);

    /// <summary>Connects and authenticates. That this succeeds does not say that the other side accepts us: only its HELLO-OK does.</summary>
    /// <exception cref="PeerRefusedException">The other side is reached but is no node, or one that must not be spoken to.</exception>
    /// <exception cref="IOException">It is not reached. A <see cref="System.Net.Sockets.SocketException"/> says the same.</exception>
    Task<IPeerLink> DialAsync(EndPoint endPoint, CancellationToken cancellationToken);
}

/// <summary>Takes connections. Disposing it ends <see cref="AcceptAsync"/>.</summary>
public interface IPeerListener : IAsyncDisposable
{
    /// <summary>Where it listens: the chosen port where 0 was asked for.</summary>
    EndPoint EndPoint { get; }

    /// <summary>The next caller, not authenticated yet; null after disposal.</summary>
    Task<IIncomingLink?> AcceptAsync(CancellationToken cancellationToken);
}

/// <summary>A caller of whom only the address is known. Disposing it hangs up, unless it was authenticated: then the link is the owner.</summary>
public interface IIncomingLink : IDisposable
{
    EndPoint RemoteEndPoint { get; }

    /// <exception cref="PeerRefusedException">The caller is no node, or one that must not be spoken to.</exception>
    /// <exception cref="IOException">The caller hung up.</exception>
    Task<IPeerLink> AuthenticateAsync(CancellationToken cancellationToken);
}

/// <summary>An authenticated connection. One reader and one writer at a time.</summary>
public interface IPeerLink : IAsyncDisposable
{
    NodeId RemoteId { get; }

    EndPoint RemoteEndPoint { get; }

    /// <returns>Bytes read; 0 at the end.</returns>
    ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken);

    /// <summary>Completes when the bytes were handed on, so that a slow receiver holds the writer back.</summary>
    ValueTask WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken);

    /// <summary>What the path has taken of what was written, from which its speed can be told; null where nobody counts that.</summary>
    LinkProgress? Progress { get; }

    /// <summary>Ends the connection at once; reads and writes in progress fail.</summary>
    void Abort();
}

/// <param name="Acknowledged">Bytes that the other side has confirmed.</param>
/// <param name="Sending">How long bytes were under way or waited for the path: neither for the writer nor for the receiver's room. A receiver that is slow to confirm counts as well.</param>
/// <param name="IsFull">At this moment the path has what it may have at once, and more waits.</param>
public readonly record struct LinkProgress(long Acknowledged, TimeSpan Sending, bool IsFull);

/// <summary>The other side is not accepted; the message says why.</summary>
public sealed class PeerRefusedException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The other side is this node.</summary>
    public bool IsSelf { get; init; }
}
