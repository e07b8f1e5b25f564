using System.Net;
using SwarmFS.Core;
using SwarmFS.Wire;

namespace SwarmFS.Swarm.Tests;

/// <summary>
/// A node that speaks raw frames over real TLS and does what a test tells it to. By itself it greets, answers pings and claims to hold everything; any other frame
/// goes to the script.
/// </summary>
internal sealed class HostilePeer : IAsyncDisposable
{
    private readonly NodeIdentity _identity = NodeIdentity.CreateEphemeral();
    private readonly IPeerListener _listener;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Func<HostilePeer, IPeerLink, Frame, Task> _script;
    private readonly List<Task> _running = [];
    private int _asked;

    public HostilePeer(Func<HostilePeer, IPeerLink, Frame, Task> script, Func<IPeerLink, Task<bool>>? greeting = null)
    {
        _script = script;
        Greeting = greeting;
        _listener = new TlsTcpTransport(_identity, TimeProvider.System).Listen(new IPEndPoint(IPAddress.Loopback, 0));
        _running.Add(AcceptLoopAsync());
    }

    public NodeId Id => _identity.Id;

    public EndPoint EndPoint => _listener.EndPoint;

    /// <summary>Said instead of HELLO; false ends the connection's script.</summary>
    public Func<IPeerLink, Task<bool>>? Greeting { get; }

    /// <summary>WANT and TREE frames that came.</summary>
    public int Asked => Volatile.Read(ref _asked);

    public CancellationToken Stopping => _stopping.Token;

    /// <summary>Connects to a node instead of waiting for it.</summary>
    public async Task CallAsync(EndPoint node)
    {
        var link = await new TlsTcpTransport(_identity, TimeProvider.System).DialAsync(node, _stopping.Token);
        _running.Add(RunAsync(new OneWriterLink(link)));
    }

    private async Task AcceptLoopAsync()
    {
        while (await _listener.AcceptAsync(CancellationToken.None) is { } incoming)
        {
            try
            {
                _running.Add(RunAsync(new OneWriterLink(await incoming.AuthenticateAsync(_stopping.Token))));
            }
            catch (Exception ended) when (ended is IOException or PeerRefusedException or OperationCanceledException)
            {
                incoming.Dispose();
            }
        }
    }

    /// <summary>The test writes while the peer answers pings by itself, and a link takes one write at a time.</summary>
    private sealed class OneWriterLink(IPeerLink link) : IPeerLink
    {
        private readonly SemaphoreSlim _turn = new(1);

        public NodeId RemoteId => link.RemoteId;

        public EndPoint RemoteEndPoint => link.RemoteEndPoint;

        public LinkProgress? Progress => link.Progress;

        public ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken) => link.ReadAsync(destination, cancellationToken);

        public async ValueTask WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken)
        {
            await _turn.WaitAsync(cancellationToken);
            try
            {
                await link.WriteAsync(source, cancellationToken);
            }
            finally
            {
                _turn.Release();
            }
        }

        public void Abort() => link.Abort();

        public ValueTask DisposeAsync() => link.DisposeAsync();
    }

    private async Task RunAsync(IPeerLink link)
    {
        var ended = CancellationToken.None;
        try
        {
            if (Greeting is not null && !await Greeting(link)) return;
            await SendAsync(link, 0, new Hello([1], Id.Digest, Id.Digest.Prefix, [], PeerServices.None, [], "hostile/1"));
            var reader = new FrameReader(link);
            while ((await reader.ReadAsync(int.MaxValue, ended)).Frame is { } frame)
            {
                await ActAsync(link, frame);
                frame.Body.Return();
            }
        }
        catch (Exception closed) when (closed is IOException or ObjectDisposedException or System.Net.Sockets.SocketException or OperationCanceledException)
        {
            // The node hung up: what a test wants to see.
        }
        finally
        {
            await link.DisposeAsync();
        }
    }

    private async Task ActAsync(IPeerLink link, Frame frame)
    {
        switch (frame.Header.Kind)
        {
            case FrameKind.Hello:
                await SendAsync(link, 0, new HelloOk(1));
                break;
            case FrameKind.Ping:
                WireMessage.TryRead<Ping>(frame.Body.Span, out var ping, out _);
                await SendAsync(link, frame.Header.RequestId, new Pong(ping.Token));
                break;
            case FrameKind.GetHoldings:
                WireMessage.TryRead<GetHoldings>(frame.Body.Span, out var asked, out _);
                await SendAsync(link, frame.Header.RequestId, new Holdings(asked.Root, HoldingState.Complete, default));
                break;
            default:
                if (frame.Header.Kind is FrameKind.Want or FrameKind.Tree) Interlocked.Increment(ref _asked);
                await _script(this, link, frame);
                break;
        }
    }

    public static Want ReadWant(Frame frame)
    {
        WireMessage.TryRead<Want>(frame.Body.Span, out var want, out var error).ShouldBeTrue(error);
        return want;
    }

    public static async Task SendAsync<T>(IPeerLink link, uint requestId, T message) where T : IWireMessage<T>
    {
        using var buffer = new FrameBuffer();
        WireMessage.WriteFrame(buffer, requestId, message);
        await link.WriteAsync(buffer.Written.ToArray(), CancellationToken.None);
    }

    public static async Task SendBlockAsync(IPeerLink link, uint requestId, Cid cid, byte[] data) =>
        await link.WriteAsync(BlockFrame(requestId, cid, data), CancellationToken.None);

    public static byte[] BlockFrame(uint requestId, in Cid cid, ReadOnlySpan<byte> data)
    {
        var frame = new byte[FrameHeader.Length + BlockPrefix.Length + data.Length];
        new FrameHeader(FrameKind.Block, requestId, BlockPrefix.Length + data.Length).WriteTo(frame);
        BlockPrefix.Write(frame.AsSpan(FrameHeader.Length), cid);
        data.CopyTo(frame.AsSpan(FrameHeader.Length + BlockPrefix.Length));
        return frame;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _listener.DisposeAsync();
        _stopping.Dispose();
        _identity.Dispose();
    }
}
