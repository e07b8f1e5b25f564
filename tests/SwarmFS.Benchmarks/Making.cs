using BenchmarkDotNet.Attributes;
using SwarmFS.Core;

namespace SwarmFS.Benchmarks;

/// <summary>What it costs to make and verify blocks: the hash is nearly all of it.</summary>
public class Making
{
    private readonly byte[] _bytes = new byte[256 << 10];
    private Cid _cid;

    [GlobalSetup]
    public void Fill()
    {
        new Random(1).NextBytes(_bytes);
        _cid = Cid.Of(CidCodec.Raw, _bytes);
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
}
