using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using SwarmFS.Core;
using SwarmFS.Testing;
using SwarmFS.Wire;

namespace SwarmFS.Swarm.Tests;

/// <summary>What arrives is worked on by whoever noticed it, and that thread notices for others as well: no connection keeps it.</summary>
public sealed class TurnTests : IAsyncDisposable
{
    private readonly MemoryBlockStore _store = new();
    private readonly ScriptedLink _link = new();
    private readonly ManualTimeProvider _clock = new();
    private readonly SwarmNode _node;

    public TurnTests()
    {
        var identity = NodeIdentity.CreateEphemeral();
        _node = new SwarmNode(
            new SwarmOptions { Listen = new IPEndPoint(IPAddress.Any, 7001) }, identity, new Transport(new MemoryNetwork().For(identity.Id, IPAddress.Loopback), _link), _store, new TestLog(),
            _clock, new Random(1), NullLoggerFactory.Instance, new TestMeters());
    }

    public async ValueTask DisposeAsync()
    {
        _link.Abort();
        await _node.DisposeAsync();
    }

    [Fact]
    public async Task A_peer_that_sends_without_end_gives_the_thread_back()
    {
        await OpenAsync();
        var served = 0L;
        var noticing = new Thread(() =>
        {
            _link.Arrive(FrameOf(0, new Pong(4711)), ScriptedLink.EndlessBytes);
            served = _link.Served;
        });

        noticing.Start();
        noticing.Join();

        served.ShouldBeLessThan(ScriptedLink.EndlessBytes / 2);
    }

    [Fact]
    public async Task What_is_served_is_not_read_by_the_thread_that_noticed_room_to_send()
    {
        await OpenAsync();
        var blocks = SimulatedExchange.Blocks(10, length: 100_000);
        foreach (var block in blocks) _store.Put(block);
        _link.HoldsWrites = true;
        var want = FrameOf(1, new Want(blocks[0].Cid, FetchPriority.Demand, 60_000, blocks.Select(block => block.Cid).ToArray()));
        _link.Arrive(want, want.Length);
        var noticing = new Thread(() => _link.FinishWrite());
        while (!_link.IsWriting) await Task.Yield();
        // Until the writer waits: one that has not come to that goes on by itself, which proves nothing.
        await Task.Delay(100, TestContext.Current.CancellationToken);

        noticing.Start();
        noticing.Join();
        while (!_link.IsWriting) await Task.Yield();

        _link.LastWriter.ShouldNotBe(noticing.ManagedThreadId);
    }

    [Fact]
    public async Task An_answer_begins_with_a_small_batch_and_the_next_is_larger()
    {
        await OpenAsync();
        var blocks = SimulatedExchange.Blocks(200, length: 8_000);
        foreach (var block in blocks) _store.Put(block);
        var want = FrameOf(1, new Want(blocks[0].Cid, FetchPriority.Demand, 60_000, blocks.Select(block => block.Cid).ToArray()));

        _link.Arrive(want, want.Length);

        int[] batches;
        while ((batches = [.. _link.Writes.Where(length => length > 8_000)]).Sum() < 1_600_000) await Task.Delay(10, TestContext.Current.CancellationToken);
        batches[0].ShouldBeLessThan(64 << 10);
        batches[1].ShouldBeGreaterThan(batches[0] + 8_000);
        batches.Max().ShouldBeInRange(200 << 10, 300 << 10);
    }

    private async Task OpenAsync()
    {
        await _node.StartAsync();
        _node.AddPeer(new IPEndPoint(IPAddress.Loopback, 9));
        while (!_link.IsReadingOn)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }

    private static byte[] FrameOf<T>(uint id, in T message) where T : IWireMessage<T>
    {
        using var buffer = new FrameBuffer();
        WireMessage.WriteFrame(buffer, id, message);
        return buffer.Written.ToArray();
    }

    private sealed class Transport(IPeerTransport inner, ScriptedLink link) : IPeerTransport
    {
        public IPeerListener Listen(EndPoint endPoint) => inner.Listen(endPoint);

        public Task<IPeerLink> DialAsync(EndPoint endPoint, CancellationToken cancellationToken) => Task.FromResult<IPeerLink>(link);
    }

    /// <summary>Greets, then waits for <see cref="Arrive"/>, whose bytes are read without ever waiting. Continuations run on the thread that makes something happen, as on a socket's.</summary>
    private sealed class ScriptedLink : IPeerLink
    {
        public const long EndlessBytes = 64 << 20;

        private readonly TaskCompletionSource _arrival = new();
        private readonly TaskCompletionSource<int> _end = new();
        private readonly byte[] _greeting;
        private byte[] _frame = [];
        private TaskCompletionSource? _write;
        private long _toServe;
        private int _greeted;

        public ScriptedLink()
        {
            RemoteId = NodeIdentity.CreateEphemeral().Id;
            _greeting = [.. FrameOf(0, new Hello([1], RemoteId.Digest, RemoteId.Digest.Prefix, [], PeerServices.None, [], "turns/1")), .. FrameOf(0, new HelloOk(1))];
        }

        public NodeId RemoteId { get; }

        public LinkProgress? Progress => null;

        public EndPoint RemoteEndPoint { get; } = new IPEndPoint(IPAddress.Loopback, 9);

        public long Served { get; private set; }

        public bool IsReadingOn { get; private set; }

        public bool HoldsWrites { get; set; }

        public bool IsWriting => Volatile.Read(ref _write) is not null;

        public int LastWriter { get; private set; }

        public ConcurrentQueue<int> Writes { get; } = [];

        public void Arrive(byte[] frame, long bytes)
        {
            (_frame, _toServe) = (frame, bytes);
            _arrival.SetResult();
        }

        public void FinishWrite() => Interlocked.Exchange(ref _write, null)!.SetResult();

        public ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
        {
            if (_greeted < _greeting.Length)
            {
                var count = Math.Min(destination.Length, _greeting.Length - _greeted);
                _greeting.AsSpan(_greeted, count).CopyTo(destination.Span);
                _greeted += count;
                return new ValueTask<int>(count);
            }
            IsReadingOn = true;
            if (!_arrival.Task.IsCompleted) return ServeLaterAsync(destination);
            return Served < _toServe ? new ValueTask<int>(Serve(destination.Span)) : new ValueTask<int>(_end.Task);
        }

        private async ValueTask<int> ServeLaterAsync(Memory<byte> destination)
        {
            await _arrival.Task;
            return Serve(destination.Span);
        }

        private int Serve(Span<byte> destination)
        {
            var count = (int)Math.Min(destination.Length, _toServe - Served);
            for (var i = 0; i < count; i++) destination[i] = _frame[(int)((Served + i) % _frame.Length)];
            Served += count;
            return count;
        }

        public ValueTask WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken)
        {
            Writes.Enqueue(source.Length);
            // A batch of blocks, as against the small change of a connection.
            if (!HoldsWrites || source.Length < 8_000) return ValueTask.CompletedTask;
            LastWriter = Environment.CurrentManagedThreadId;
            var write = new TaskCompletionSource();
            Volatile.Write(ref _write, write);
            return new ValueTask(write.Task);
        }

        public void Abort()
        {
            _arrival.TrySetException(new IOException("aborted"));
            _end.TrySetResult(0);
            Interlocked.Exchange(ref _write, null)?.SetException(new IOException("aborted"));
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
