using SwarmFS.Core;
using SwarmFS.Testing;
using SwarmFS.Wire;

namespace SwarmFS.Swarm.Tests;

/// <summary>An exchange on a clock that the test moves, with peers that say what the test makes them say. Nothing runs by itself.</summary>
internal sealed class SimulatedExchange : IDisposable
{
    public SimulatedExchange(int seed = 7, byte self = 0)
    {
        Exchange = new Exchange(new NodeId(Sha256Digest.Of([self])), Clock, new Random(seed), new SwarmMetrics(new TestMeters()));
    }

    public ManualTimeProvider Clock { get; } = new();

    public Exchange Exchange { get; }

    public SimulatedPeer Connect(byte name)
    {
        var peer = new SimulatedPeer(this, name);
        Exchange.LaneOpened(peer.Lane);
        return peer;
    }

    public long In(double seconds) => Clock.GetTimestamp() + (long)(seconds * Clock.TimestampFrequency);

    public Task<FetchResult> Fetch(IEnumerable<Block> blocks, KeepingSink sink, FetchPriority priority = FetchPriority.Demand, double seconds = 15, CancellationToken token = default)
    {
        var cids = blocks.Select(block => block.Cid).ToArray();
        return Exchange.FetchAsync(new FetchRequest(Root, cids, priority, In(seconds)), sink, token);
    }

    public void Advance(double seconds) => Clock.Advance(TimeSpan.FromSeconds(seconds));

    public static readonly Cid Root = Cid.Of(CidCodec.MessagePack, "root"u8);

    public static Block[] Blocks(int count, int length = 1000) =>
        [.. Enumerable.Range(0, count).Select(i =>
        {
            var bytes = new byte[length];
            BitConverter.TryWriteBytes(bytes, i);
            return Block.Create(CidCodec.Raw, bytes);
        })];

    public void Dispose() => Exchange.Dispose();
}

internal sealed class SimulatedPeer : ILaneOutput
{
    private readonly SimulatedExchange _world;

    public SimulatedPeer(SimulatedExchange world, byte name)
    {
        _world = world;
        Lane = new Lane(new PeerRecord(new NodeId(Sha256Digest.Of([name]))), this);
    }

    public Lane Lane { get; }

    public long BlockBytesRead { get; set; }

    public List<(uint Id, object Message)> Sent { get; } = [];

    public IEnumerable<(uint Id, Want Want)> Wants => Sent.Where(sent => sent.Message is Want).Select(sent => (sent.Id, (Want)sent.Message));

    public IEnumerable<Cid> Asked => Wants.SelectMany(sent => sent.Want.Blocks.ToArray());

    public IEnumerable<(uint Id, Cancel Cancel)> Cancels => Sent.Where(sent => sent.Message is Cancel).Select(sent => (sent.Id, (Cancel)sent.Message));

    public void Send<T>(uint requestId, in T message) where T : IWireMessage<T> =>
        Sent.Add((requestId, message is Want want ? want with { Blocks = want.Blocks.ToArray() } : message));

    public void Holds(HoldingState state) => _world.Exchange.HoldingsTold(Lane, new Holdings(SimulatedExchange.Root, state, default));

    public void Lists(params IEnumerable<Block> blocks) =>
        _world.Exchange.HoldingsTold(Lane, new Holdings(SimulatedExchange.Root, HoldingState.Partial, blocks.Select(block => Holdings.ShortIdOf(block.Cid)).ToArray()));

    /// <summary>Answers the request that asked for the block last.</summary>
    public ArrivalKind Delivers(Block block) => Delivers(Wants.Last(sent => sent.Want.Blocks.ToArray().Contains(block.Cid)).Id, block);

    public ArrivalKind Delivers(uint id, Block block)
    {
        var rented = RentedBytes.Rent(block.Length);
        block.Span.CopyTo(rented.Array);
        return _world.Exchange.BlockArrived(Lane, id, block.Cid, HashedBytes.Of(rented)).Kind;
    }

    public void Lacks(uint id, params ushort[] indices) => _world.Exchange.DontHave(Lane, id, new DontHave(indices)).ShouldBeNull();

    public void Ends(uint id, EndStatus status = EndStatus.Complete) => _world.Exchange.Ended(Lane, id, status);

    public void Leaves() => _world.Exchange.LaneClosed(Lane);
}
