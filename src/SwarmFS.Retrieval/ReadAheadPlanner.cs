using SwarmFS.Core;

namespace SwarmFS.Retrieval;

/// <summary>
/// Turns a reader that goes forward into blocks to ask for before it gets there. The window grows each time the reader has used up half of it, up to a cap that follows what the
/// link lately gave: a slow link must not queue more than a reader's patience lasts.
/// </summary>
internal sealed class ReadAheadPlanner(RetrievalOptions options, BlocksAtHand blocks, LayoutLibrary layouts, BlockFetcher fetcher, TimeProvider time)
{
    // CIDs in one request: what one WANT frame carries. A tree with more entries is not small, however few its bytes.
    private const int MaxBlocksPerRequest = 512;

    // The least that any cap leaves: several chunks, so that a reader never waits for one at a time.
    private const long SmallestCap = 2L << 20;

    // Below it the window quadruples, so that a distant source is at full speed after four round trips rather than eight.
    private const long QuickStart = 4L << 20;

    public RetrievalOptions Options => options;

    public TimeProvider Time => time;

    /// <summary>True when there is nothing left to ask for.</summary>
    public bool Holds(Completeness completeness, TreeTable tree) => completeness.Holds(tree, blocks, layouts);

    /// <summary>The chunks that follow a file's reader.</summary>
    public List<WantedBlock> PlanFile(TreeTable tree, ref SequentialReader reader)
    {
        List<WantedBlock> wanted = [];
        ref readonly var row = ref tree[reader.Key];
        if (!layouts.TryGet(row.Content, row.Size, out var layout)) return wanted;
        var cap = Cap(options.LargestFileWindow);
        var window = Math.Min(reader.Window, cap);
        var room = fetcher.AheadRoom;
        var from = Math.Max(reader.Requested, reader.Position);
        var to = Math.Min(layout.Size, reader.Position + window);
        while (from < to)
        {
            var chunk = layout.ChunkAt(from);
            if (!AddMissing(layout.ChunkCid(chunk), layout.ChunkLength(chunk), wanted, ref room)) break;
            from = layout.ChunkStart(chunk) + layout.ChunkLength(chunk);
        }
        reader.Requested = from;
        reader.Window = Math.Min(Grown(window), cap);
        reader.Trigger = from >= layout.Size ? long.MaxValue : reader.Position + (window / 2);
        return wanted;
    }

    /// <summary>The contents of the files that follow a walk's position, in canonical order.</summary>
    public List<WantedBlock> PlanScan(TreeTable tree, ref SequentialReader reader)
    {
        List<WantedBlock> wanted = [];
        var cap = Cap(options.LargestScanWindow);
        var window = Math.Min(reader.Window, cap);
        var room = fetcher.AheadRoom;
        var (ahead, half) = (0L, (long)tree.Count);
        var next = (int)reader.Position;
        var requested = reader.Requested;
        for (; next < tree.Count && ahead < window; next++)
        {
            if (tree[next].Kind != EntryKind.File) continue;
            if (next >= requested && !AddFile(tree[next], window - ahead, wanted, ref room)) break;
            ahead += tree[next].Size;
            // Of a file that reaches over the window's end the rest is asked for by the next plan.
            if (ahead <= window) requested = Math.Max(requested, next + 1);
            if (ahead * 2 >= window) half = Math.Min(half, next);
        }
        reader.Requested = requested;
        reader.Window = Math.Min(Grown(window), cap);
        // Half of the bytes or half of the files: where the bytes lie in a few large files at the end, a reader is at these sooner than a request. A plan without one more file read would grow
        // the window for nothing.
        reader.Trigger = next >= tree.Count ? long.MaxValue : Math.Max(reader.Position + 1, Math.Min(half, (reader.Position + next) / 2));
        return wanted;
    }

    /// <summary>All files of a small package, and nothing of a larger one.</summary>
    public List<WantedBlock> PlanSmallPackage(TreeTable tree)
    {
        List<WantedBlock> wanted = [];
        if (tree[0].Size > options.SmallPackageBytes || tree.Count > MaxBlocksPerRequest) return wanted;
        var room = fetcher.AheadRoom;
        for (var row = 0; row < tree.Count; row++)
        {
            if (tree[row].Kind == EntryKind.File && !AddFile(tree[row], tree[row].Size, wanted, ref room)) break;
        }
        return wanted;
    }

    /// <summary>Asks for what was planned.</summary>
    public void Send(RootAccount account, List<WantedBlock> wanted, RootSession session)
    {
        foreach (var part in wanted.Chunk(MaxBlocksPerRequest))
        {
            _ = fetcher.AskAhead(account, [.. part], isWhole =>
            {
                if (!isWhole) session.Pause();
            });
        }
    }

    // A large file is taken as far as the window reaches; its own reader goes on from there.
    private bool AddFile(in TreeRow file, long most, List<WantedBlock> wanted, ref long room)
    {
        if (file.Content.Codec == CidCodec.Raw) return AddMissing(file.Content, (int)Math.Min(file.Size, Block.MaxLength), wanted, ref room);
        if (!layouts.TryGet(file.Content, file.Size, out var layout)) return true;
        for (var chunk = 0; chunk < layout.ChunkCount && layout.ChunkStart(chunk) < most; chunk++)
        {
            if (!AddMissing(layout.ChunkCid(chunk), layout.ChunkLength(chunk), wanted, ref room)) return false;
        }
        return true;
    }

    private bool AddMissing(in Cid cid, int length, List<WantedBlock> wanted, ref long room)
    {
        if (length > room) return false;
        if (blocks.Contains(cid)) return true;
        wanted.Add(new WantedBlock(cid, length));
        room -= length;
        return true;
    }

    private static long Grown(long window) => window < QuickStart ? window * 4 : window * 2;

    private long Cap(long largest)
    {
        var rate = fetcher.BytesPerSecond;
        var cap = rate > largest ? largest : Math.Min(largest, Math.Max(SmallestCap, rate * 2));
        // What the store has no room for waits in the overflow, and a quarter of that is one reader's share.
        return fetcher.IsStoreFull ? Math.Min(cap, options.OverflowBytes / 4) : cap;
    }
}
