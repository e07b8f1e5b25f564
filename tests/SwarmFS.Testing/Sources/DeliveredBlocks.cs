using System.Collections.Concurrent;
using SwarmFS.Core;

namespace SwarmFS.Testing;

/// <summary>Every block object that a source handed over, so that a test can ask afterwards whether somebody still holds a reference.</summary>
public sealed class DeliveredBlocks
{
    private readonly ConcurrentQueue<Block> _blocks = new();

    public int Count => _blocks.Count;

    public long Bytes => _blocks.Sum(block => (long)block.Length);

    public IReadOnlyList<Cid> Cids => [.. _blocks.Select(block => block.Cid)];

    /// <summary>Blocks of which a reference lives.</summary>
    public IReadOnlyList<Cid> Leaked => [.. _blocks.Where(IsAlive).Select(block => block.Cid)];

    /// <summary>Gives the sink a copy with its own reference.</summary>
    public void Hand(Block block, IBlockSink sink)
    {
        var copy = Block.Create(block.Cid.Codec, block.Span);
        _blocks.Enqueue(copy);
        sink.Deliver(copy);
    }

    private static bool IsAlive(Block block)
    {
        try
        {
            return block.Bytes.Length >= 0;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }
}
