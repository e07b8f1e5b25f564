using BenchmarkDotNet.Attributes;
using SwarmFS.Core;

namespace SwarmFS.Benchmarks;

/// <summary>What it costs to make and verify blocks: the hash is nearly all of it. And what is gained where those that come together are hashed together.</summary>
public class Making
{
    private readonly RentedBytes[] _arrivals = new RentedBytes[48];
    private readonly HashedBytes[] _hashed = new HashedBytes[48];
    private readonly BlockHasher _singly = new(lanes: null);
    private readonly BlockHasher _together = new(Sha256Lanes.Supported.FirstOrDefault());
    private readonly byte[] _bytes = new byte[256 << 10];
    private Cid _cid;

    [GlobalSetup]
    public void Fill()
    {
        new Random(1).NextBytes(_bytes);
        _cid = Cid.Of(CidCodec.Raw, _bytes);
        for (var i = 0; i < _arrivals.Length; i++) _arrivals[i] = new RentedBytes(_bytes, 0, 1000 + (300 * i), null);
    }

    // The block object; its buffer is pooled.
    [Benchmark]
    [AllocationBudget(96)]
    public int VerifyBlock()
    {
        using var block = Block.TryVerify(_cid, _bytes);
        return block!.Length;
    }

    [Benchmark]
    [AllocationBudget(0)]
    public Cid NameBlock() => Cid.Of(CidCodec.Raw, _bytes);

    [Benchmark]
    [AllocationBudget(0)]
    public void HashArrivalsSingly() => _singly.Hash(_arrivals, _hashed);

    [Benchmark]
    [AllocationBudget(0)]
    public void HashArrivalsTogether() => _together.Hash(_arrivals, _hashed);
}
