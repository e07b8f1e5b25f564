using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using SwarmFS.Core;
using SwarmFS.Testing;

namespace SwarmFS.Swarm.Tests;

/// <summary>A source whose operator limits what it sends, on a clock that the test moves.</summary>
public sealed class UploadLimitTests : IAsyncDisposable
{
    /// <summary>The smallest that a setting may be.</summary>
    private const int Slow = 16 << 10;

    private readonly MemoryNetwork _network = new();
    private readonly ManualTimeProvider _clock = new();
    private readonly List<SwarmNode> _nodes = [];
    private readonly List<NodeIdentity> _identities = [];
    private readonly MemoryBlockStore _store = new();

    [Fact]
    public async Task The_largest_chunk_reaches_two_readers_of_the_slowest_source()
    {
        await StartAsync(_store, Slow);
        var blocks = Noise(count: 2, ChunkSizes.Default.Maximum);
        using var sink = new KeepingSink();
        SwarmNode[] readers = [await StartReaderAsync(), await StartReaderAsync()];

        var reads = readers.Select((reader, i) => reader.FetchAsync(Wish([blocks[i]]), sink, TestContext.Current.CancellationToken)).ToArray();
        await RunAsync(seconds: 120, () => reads.All(read => read.IsCompleted));

        foreach (var read in reads) (await read).ShouldBe(new FetchResult(1, 0, null));
        readers.ShouldAllBe(reader => reader.Peers.Single().Timeouts == 0);
    }

    [Fact]
    public async Task Who_reads_long_blocks_gets_as_many_bytes_as_who_reads_short_ones()
    {
        var source = await StartAsync(_store, 4 * Slow);
        var (large, small) = (Noise(count: 12, ChunkSizes.Default.Maximum), Noise(count: 800, 4 << 10));
        using var sink = new KeepingSink();
        var (first, second) = (await StartReaderAsync(), await StartReaderAsync());

        Task[] reads =
        [
            first.FetchAsync(Wish(large), sink, TestContext.Current.CancellationToken),
            second.FetchAsync(Wish(small), sink, TestContext.Current.CancellationToken),
        ];
        await RunAsync(seconds: 80, () => false);

        reads.ShouldAllBe(read => !read.IsCompleted);
        long BytesTo(SwarmNode reader) => source.Peers.Single(peer => peer.Id == reader.Id).BytesOut;
        BytesTo(first).ShouldBeInRange(BytesTo(second) - ChunkSizes.Default.Maximum, BytesTo(second) + ChunkSizes.Default.Maximum);
        BytesTo(second).ShouldBeGreaterThan(3 * ChunkSizes.Default.Maximum);
    }

    public async ValueTask DisposeAsync()
    {
        // The last words wait for what is being sent, and that for the clock.
        var ends = Task.WhenAll(_nodes.Select(node => node.DisposeAsync().AsTask()));
        await RunAsync(seconds: 60, () => ends.IsCompleted);
        await ends;
        foreach (var identity in _identities) identity.Dispose();
    }

    private async Task<SwarmNode> StartAsync(MemoryBlockStore store, long? limit)
    {
        var identity = NodeIdentity.CreateEphemeral();
        var address = new IPAddress([10, 0, 0, (byte)(_nodes.Count + 1)]);
        var node = new SwarmNode(
            new SwarmOptions { Listen = new IPEndPoint(IPAddress.Any, 7001), OutboundTarget = 0, UploadBytesPerSecond = limit }, identity, _network.For(identity.Id, address), store, new TestLog(),
            _clock, new Random(_nodes.Count), NullLoggerFactory.Instance, new TestMeters());
        _identities.Add(identity);
        _nodes.Add(node);
        await node.StartAsync();
        return node;
    }

    private async Task<SwarmNode> StartReaderAsync()
    {
        var reader = await StartAsync(new MemoryBlockStore(), limit: null);
        reader.AddPeer(_nodes[0].ListenEndPoint!);
        await RunAsync(seconds: 20, () => reader.Peers.Any(peer => peer.State == PeerState.Connected));
        return reader;
    }

    private Block[] Noise(int count, int length) => [.. Enumerable.Range(0, count).Select(_ => Noise(length))];

    private Block Noise(int length)
    {
        var bytes = new byte[length];
        new Random(_store.Count).NextBytes(bytes);
        var block = Block.Create(CidCodec.Raw, bytes);
        _store.Put(block);
        return block;
    }

    private FetchRequest Wish(Block[] blocks) =>
        new(blocks[0].Cid, [.. blocks.Select(block => block.Cid)], FetchPriority.Demand, _clock.GetTimestamp() + 15 * _clock.TimestampFrequency);

    /// <summary>Moves the clock on in steps shorter than a slice of the limit takes, and lets the work that falls due be done in between.</summary>
    private async Task RunAsync(int seconds, Func<bool> isEnough)
    {
        for (var step = 0; step < 20 * seconds && !isEnough(); step++)
        {
            // A pool that is busy with other tests must not look like a peer that is silent.
            do await Task.Delay(1);
            while (ThreadPool.PendingWorkItemCount > 0);
            _clock.Advance(TimeSpan.FromMilliseconds(50));
        }
    }
}
