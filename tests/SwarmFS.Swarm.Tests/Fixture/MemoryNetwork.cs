using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace SwarmFS.Swarm.Tests;

/// <summary>A network in memory: what one writes the other reads. Addresses that nobody listens at refuse; those in <see cref="BlackHoles"/> never answer, and those in <see cref="Faults"/> show a fault of the transport.</summary>
internal sealed class MemoryNetwork
{
    private readonly Dictionary<EndPoint, Listener> _listeners = [];
    private int _ports = 40000;

    public HashSet<EndPoint> BlackHoles { get; } = [];

    public HashSet<EndPoint> Faults { get; } = [];

    public List<EndPoint> Dialled { get; } = [];

    public IPeerTransport For(NodeId id, IPAddress address) => new Transport(this, id, address);

    private sealed class Transport(MemoryNetwork network, NodeId id, IPAddress address) : IPeerTransport
    {
        public IPeerListener Listen(EndPoint endPoint)
        {
            var listener = new Listener(network, id, new IPEndPoint(address, ((IPEndPoint)endPoint).Port));
            lock (network._listeners) network._listeners.Add(listener.EndPoint, listener);
            return listener;
        }

        public async Task<IPeerLink> DialAsync(EndPoint endPoint, CancellationToken cancellationToken)
        {
            Listener? listener;
            lock (network._listeners)
            {
                network.Dialled.Add(endPoint);
                listener = network._listeners.GetValueOrDefault(endPoint);
            }
            if (network.BlackHoles.Contains(endPoint)) await Task.Delay(Timeout.Infinite, cancellationToken);
            if (network.Faults.Contains(endPoint)) throw new InvalidOperationException("A fault of the transport.");
            if (listener is null) throw new SocketException((int)SocketError.ConnectionRefused);
            var (mine, theirs) = Link.Pair(id, new IPEndPoint(address, Interlocked.Increment(ref network._ports)), listener.Id, (IPEndPoint)endPoint);
            listener.Incoming.Writer.TryWrite(theirs);
            return mine;
        }
    }

    private sealed class Listener(MemoryNetwork network, NodeId id, IPEndPoint endPoint) : IPeerListener
    {
        public NodeId Id => id;

        public EndPoint EndPoint => endPoint;

        public Channel<IPeerLink> Incoming { get; } = Channel.CreateUnbounded<IPeerLink>();

        public async Task<IIncomingLink?> AcceptAsync(CancellationToken cancellationToken)
        {
            try
            {
                return new IncomingLink(await Incoming.Reader.ReadAsync(cancellationToken));
            }
            catch (ChannelClosedException)
            {
                return null;
            }
        }

        public ValueTask DisposeAsync()
        {
            lock (network._listeners) network._listeners.Remove(endPoint);
            Incoming.Writer.TryComplete();
            return ValueTask.CompletedTask;
        }
    }

    private sealed class IncomingLink(IPeerLink link) : IIncomingLink
    {
        public EndPoint RemoteEndPoint => link.RemoteEndPoint;

        public Task<IPeerLink> AuthenticateAsync(CancellationToken cancellationToken) => Task.FromResult(link);

        public void Dispose()
        {
        }
    }

    private sealed class Link(NodeId remoteId, EndPoint remote, PipeReader reader, PipeWriter writer) : IPeerLink
    {
        public NodeId RemoteId => remoteId;

        public EndPoint RemoteEndPoint => remote;

        public static (IPeerLink First, IPeerLink Second) Pair(NodeId first, IPEndPoint firstAt, NodeId second, IPEndPoint secondAt)
        {
            var (forth, back) = (new Pipe(), new Pipe());
            return (new Link(second, secondAt, back.Reader, forth.Writer), new Link(first, firstAt, forth.Reader, back.Writer));
        }

        public async ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
        {
            var result = await reader.ReadAsync(cancellationToken);
            if (result.IsCanceled) throw new IOException("aborted");
            var count = (int)Math.Min(result.Buffer.Length, destination.Length);
            var taken = result.Buffer.Slice(0, count);
            System.Buffers.BuffersExtensions.CopyTo(taken, destination.Span);
            reader.AdvanceTo(taken.End);
            return count;
        }

        public async ValueTask WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken)
        {
            var result = await writer.WriteAsync(source, cancellationToken);
            if (result.IsCompleted || result.IsCanceled) throw new IOException("the other side is gone");
        }

        public LinkProgress? Progress => null;

        public void Abort()
        {
            reader.CancelPendingRead();
            writer.CancelPendingFlush();
            writer.Complete();
        }

        public ValueTask DisposeAsync()
        {
            writer.Complete();
            reader.Complete();
            return ValueTask.CompletedTask;
        }
    }
}
