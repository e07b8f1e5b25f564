using SwarmFS.Core;
using SwarmFS.Testing;
using SwarmFS.Wire;

namespace SwarmFS.Swarm.Tests;

/// <summary>
/// A source and several readers that begin to fetch the same at one moment, each with an exchange of its own, on one clock. What a node sends goes out over one line of so many bytes a second,
/// to those who asked in turn; what is said takes no time.
/// </summary>
internal sealed class SimulatedCrowd : IDisposable
{
    private const double Step = 0.002;

    private readonly ManualTimeProvider _clock = new();
    private readonly List<Node> _nodes = [];
    private readonly double _bytesPerSecond;

    public SimulatedCrowd(int readers, int seed, double bytesPerSecond)
    {
        _bytesPerSecond = bytesPerSecond;
        for (var number = 0; number <= readers; number++) _nodes.Add(new Node(this, number, seed));
    }

    private Node Source => _nodes[0];

    private IEnumerable<Node> Readers => _nodes.Skip(1);

    /// <summary>Blocks that the source has sent.</summary>
    public int SourceSent => Source.Sent;

    /// <returns>Seconds until the last reader has everything.</returns>
    public double Run(Block[] blocks)
    {
        foreach (var block in blocks) Source.Has[block.Cid] = block;
        foreach (var reader in Readers)
            foreach (var other in _nodes.Where(other => other != reader)) reader.Connect(other);
        var fetches = Readers.Select(reader => reader.Fetch(blocks)).ToArray();
        var started = _clock.GetTimestamp();
        while (!fetches.All(fetch => fetch.IsCompleted))
        {
            _clock.GetElapsedTime(started).TotalSeconds.ShouldBeLessThan(600);
            _clock.Advance(TimeSpan.FromSeconds(Step));
            foreach (var node in _nodes) node.AnswerHoldings();
            foreach (var node in _nodes) node.SendFor(Step * _bytesPerSecond);
        }
        foreach (var fetch in fetches) fetch.Result.Missing.ShouldBe(0);
        foreach (var reader in Readers) reader.Has.Count.ShouldBe(blocks.Length);
        return _clock.GetElapsedTime(started).TotalSeconds;
    }

    public void Dispose()
    {
        foreach (var node in _nodes) node.Exchange.Dispose();
    }

    private sealed class Node
    {
        private readonly SimulatedCrowd _crowd;
        private readonly List<Link> _asking = [];
        private double _credit;

        public Node(SimulatedCrowd crowd, int number, int seed)
        {
            (_crowd, Number) = (crowd, number);
            Exchange = new Exchange(Id, crowd._clock, new Random(seed * 100 + number), new SwarmMetrics(new TestMeters()));
            Exchange.Gained += (root, blocks) =>
            {
                foreach (var link in _asking) link.Tells(new Holdings(root, HoldingState.Partial, blocks));
            };
        }

        public int Number { get; }

        public NodeId Id => new(Sha256Digest.Of([(byte)Number]));

        public Exchange Exchange { get; }

        public Dictionary<Cid, Block> Has { get; } = [];

        public int Sent { get; private set; }

        public bool IsSource => Number == 0;

        public void Connect(Node other)
        {
            var link = new Link(this, other);
            other._asking.Add(link);
            Exchange.LaneOpened(link.Lane);
        }

        public Task<FetchResult> Fetch(Block[] blocks)
        {
            var request = new FetchRequest(SimulatedExchange.Root, [.. blocks.Select(block => block.Cid)], FetchPriority.Background, long.MaxValue);
            return Exchange.FetchAsync(request, new Sink(this), CancellationToken.None);
        }

        public void AnswerHoldings()
        {
            foreach (var link in _asking) link.AnswerHoldings();
        }

        public void SendFor(double bytes)
        {
            _credit = Math.Min(_credit + bytes, 100_000);
            while (_credit > 0 && _asking.FirstOrDefault(link => link.HasWork) is { } next)
            {
                _asking.Remove(next);
                _asking.Add(next);
                if (next.SendOne() is not { } block) continue;
                _credit -= block.Length;
                Sent++;
            }
        }

        private sealed class Sink(Node node) : IBlockSink
        {
            public void Deliver(Block block) => node.Has[block.Cid] = block;
        }
    }

    /// <summary>Where one node asks another. Its requests wait at the other's line.</summary>
    private sealed class Link : ILaneOutput
    {
        private readonly Node _asker;
        private readonly Node _server;
        private readonly List<(uint Id, Cid Cid, ushort Index)> _queue = [];
        private bool _owesHoldings;

        public Link(Node asker, Node server)
        {
            (_asker, _server) = (asker, server);
            Lane = new Lane(new PeerRecord(server.Id) { RoundTrip = 0.001 }, this);
        }

        public Lane Lane { get; }

        public long BlockBytesRead { get; private set; }

        public bool HasWork => _queue.Count > 0;

        public void Send<T>(uint requestId, in T message) where T : IWireMessage<T>
        {
            switch (message)
            {
                case GetHoldings: _owesHoldings = true; break;
                case Want want:
                    for (var i = 0; i < want.Blocks.Length; i++) _queue.Add((requestId, want.Blocks.Span[i], (ushort)i));
                    break;
                case Cancel cancel: _queue.RemoveAll(waiting => waiting.Id == requestId && (cancel.Indices.Length == 0 || cancel.Indices.Contains(waiting.Index))); break;
            }
        }

        /// <summary>Not at once: the question comes from within the asker's lock.</summary>
        public void AnswerHoldings()
        {
            if (!_owesHoldings) return;
            _owesHoldings = false;
            Tells(new Holdings(SimulatedExchange.Root, _server.IsSource ? HoldingState.Complete : _server.Has.Count > 0 ? HoldingState.Partial : HoldingState.None, default));
        }

        public void Tells(Holdings told) => _asker.Exchange.HoldingsTold(Lane, told);

        public Block? SendOne()
        {
            var (id, cid, index) = _queue[0];
            _queue.RemoveAt(0);
            if (!_server.Has.TryGetValue(cid, out var block))
            {
                _asker.Exchange.DontHave(Lane, id, new DontHave([index])).ShouldBeNull();
                return null;
            }
            BlockBytesRead += block.Length;
            var rented = RentedBytes.Rent(block.Length);
            block.Span.CopyTo(rented.Array);
            _asker.Exchange.BlockArrived(Lane, id, cid, HashedBytes.Of(rented)).Kind.ShouldNotBe(ArrivalKind.Offence);
            return block;
        }
    }
}
