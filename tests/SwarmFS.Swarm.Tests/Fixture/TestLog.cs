using System.Diagnostics.Metrics;
using SwarmFS.Core;

namespace SwarmFS.Swarm.Tests;

/// <summary>Announcements in memory: those that begin with "bad" are invalid, those with "far" are declined.</summary>
internal sealed class TestLog : IAnnouncementLog
{
    private readonly Lock _gate = new();
    private readonly List<byte[]> _records = [];
    private readonly HashSet<string> _known = [];

    public long Count
    {
        get
        {
            lock (_gate) return _records.Count;
        }
    }

    public event Action? Grown;

    public int Offered { get; private set; }

    public long Read(long first, int max, List<ReadOnlyMemory<byte>> into)
    {
        lock (_gate)
        {
            for (; max > 0 && first < _records.Count; max--) into.Add(_records[(int)first++]);
            return first;
        }
    }

    public AnnouncementVerdict Offer(ReadOnlyMemory<byte> record)
    {
        lock (_gate)
        {
            Offered++;
            if (record.Span.StartsWith("bad"u8)) return AnnouncementVerdict.Invalid;
            if (record.Span.StartsWith("far"u8)) return AnnouncementVerdict.Declined;
            if (!_known.Add(Convert.ToHexString(record.Span))) return AnnouncementVerdict.Known;
            _records.Add(record.ToArray());
        }
        Grown?.Invoke();
        return AnnouncementVerdict.Accepted;
    }

    /// <summary>Puts in what would be refused: a node that lies.</summary>
    public void Plant(byte[] record)
    {
        lock (_gate) _records.Add(record);
        Grown?.Invoke();
    }

    public bool Has(string text)
    {
        lock (_gate) return _records.Exists(record => System.Text.Encoding.UTF8.GetString(record) == text);
    }
}

internal sealed class TestMeters : IMeterFactory
{
    public Meter Create(MeterOptions options) => new(options);

    public void Dispose()
    {
    }
}

/// <summary>Keeps what is delivered.</summary>
internal sealed class KeepingSink(IBlockStore? store = null) : IBlockSink, IDisposable
{
    private readonly Lock _gate = new();

    public List<Block> Blocks { get; } = [];

    public long Bytes { get; private set; }

    /// <summary>How often it was told that a part of a block has come.</summary>
    public int Heard { get; private set; }

    public void Receiving() => Heard++;

    public void Deliver(Block block)
    {
        store?.Put(block);
        lock (_gate)
        {
            Blocks.Add(block);
            Bytes += block.Length;
        }
    }

    public IReadOnlyList<Cid> Cids
    {
        get
        {
            lock (_gate) return [.. Blocks.Select(block => block.Cid)];
        }
    }

    public void Dispose()
    {
        foreach (var block in Blocks) block.Dispose();
    }
}
