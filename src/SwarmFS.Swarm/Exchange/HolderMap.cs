using SwarmFS.Core;
using SwarmFS.Wire;

namespace SwarmFS.Swarm;

/// <summary>Which of the peers that list what they have, have the block of one short id. A bit for each peer.</summary>
internal sealed class BlockHolders
{
    public ulong Peers { get; set; }

    /// <summary>Who waits for it. Of two wants whose blocks begin alike, the later.</summary>
    public BlockWant? Want { get; set; }
}

/// <summary>What the partial holders of one root have said that they have. Belongs to the exchange's lock.</summary>
internal sealed class HolderMap
{
    private const int MaxPeers = 64;

    private readonly Dictionary<uint, BlockHolders> _blocks = [];
    private ulong _peers;

    /// <summary>True while some peer lists what it has.</summary>
    public bool IsInUse => _peers != 0;

    public int Count => _blocks.Count;

    /// <returns>The peer's number, or -1: there are too many.</returns>
    public int AddPeer()
    {
        var peer = System.Numerics.BitOperations.TrailingZeroCount(~_peers);
        if (peer == MaxPeers) return -1;
        _peers |= 1UL << peer;
        return peer;
    }

    public void RemovePeer(int peer)
    {
        _peers &= ~(1UL << peer);
        foreach (var (block, holders) in _blocks)
        {
            holders.Peers &= _peers;
            if (holders.Peers == 0 && (holders.Want is null || !IsInUse)) _blocks.Remove(block);
        }
    }

    public BlockHolders Of(uint shortId)
    {
        if (!_blocks.TryGetValue(shortId, out var holders)) _blocks[shortId] = holders = new BlockHolders();
        return holders;
    }

    public void Detach(BlockWant want)
    {
        if (want.Holders is not { } holders || holders.Want != want) return;
        holders.Want = null;
        if (holders.Peers == 0) _blocks.Remove(Holdings.ShortIdOf(want.Cid));
    }

    public void Attach(BlockWant want)
    {
        want.Holders = Of(Holdings.ShortIdOf(want.Cid));
        want.Holders.Want = want;
    }
}
