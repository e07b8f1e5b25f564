using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using SwarmFS.Core;
using SwarmFS.Testing;

namespace SwarmFS.Swarm.Tests;

/// <summary>A whole node on a real TLS socket at loopback, with a store and an announcement log in memory.</summary>
internal sealed class TestNode : IAsyncDisposable
{
    /// <summary>Nothing on loopback takes this long; a test that waits so long has failed.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>SWARM_TEST_LOG=1 shows what the nodes say.</summary>
    private static readonly ILoggerFactory Loggers = Environment.GetEnvironmentVariable("SWARM_TEST_LOG") is null
        ? NullLoggerFactory.Instance
        : LoggerFactory.Create(logging => logging.AddConsole().SetMinimumLevel(LogLevel.Debug));

    private readonly bool _ownsIdentity;

    private TestNode(NodeIdentity identity, bool ownsIdentity, SwarmOptions options, MemoryBlockStore store, TestLog log, IPeerBook? book)
    {
        (Identity, _ownsIdentity, Store, Log) = (identity, ownsIdentity, store, log);
        Node = new SwarmNode(
            options, identity, new TlsTcpTransport(identity, TimeProvider.System), store, log, TimeProvider.System, new Random(), Loggers, new TestMeters(), book);
    }

    public NodeIdentity Identity { get; }

    public MemoryBlockStore Store { get; }

    public TestLog Log { get; }

    public SwarmNode Node { get; }

    public IPEndPoint EndPoint => (IPEndPoint)Node.ListenEndPoint!;

    public static async Task<TestNode> StartAsync(
        Func<SwarmOptions, SwarmOptions>? configure = null, NodeIdentity? identity = null, MemoryBlockStore? store = null, TestLog? log = null, IPeerBook? book = null)
    {
        var options = new SwarmOptions { Listen = new IPEndPoint(IPAddress.Loopback, 0), OutboundTarget = 0 };
        var node = new TestNode(identity ?? NodeIdentity.CreateEphemeral(), identity is null, configure?.Invoke(options) ?? options, store ?? new(), log ?? new(), book);
        await node.Node.StartAsync();
        return node;
    }

    public Block AddBlock(int length, int seed, CidCodec codec = CidCodec.Raw)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        var block = Block.Create(codec, bytes);
        Store.Put(block);
        return block;
    }

    public void ConnectTo(TestNode other) => Node.AddPeer(other.EndPoint);

    public PeerStatus? StatusOf(NodeId id) => Node.Peers.FirstOrDefault(peer => peer.Id == id);

    public bool IsConnectedTo(TestNode other) => StatusOf(other.Identity.Id)?.State is PeerState.Connected or PeerState.Stalled;

    public static FetchRequest Wish(Cid root, IReadOnlyList<Cid> blocks, double seconds = 15, FetchPriority priority = FetchPriority.Demand) =>
        new(root, blocks, priority, Deadline(seconds));

    public static long Deadline(double seconds) =>
        TimeProvider.System.GetTimestamp() + (long)(seconds * TimeProvider.System.TimestampFrequency);

    /// <summary>Waits for a condition that other threads bring about; the deadline makes a failure, not a pass.</summary>
    public static async Task Until(Func<bool> condition, string what)
    {
        var deadline = Deadline(Patience.TotalSeconds);
        while (!condition())
        {
            if (TimeProvider.System.GetTimestamp() > deadline) throw new TimeoutException($"Not within {Patience.TotalSeconds} s: {what}.");
            await Task.Delay(5);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Node.DisposeAsync();
        if (_ownsIdentity) Identity.Dispose();
    }
}
