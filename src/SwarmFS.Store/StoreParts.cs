using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;

namespace SwarmFS.Store;

/// <summary>The parts of one store, put together once.</summary>
internal sealed class StoreParts
{
    public StoreParts(StoreOptions options, TimeProvider time, ILogger logger, IMeterFactory meters)
    {
        Options = options;
        Logger = logger;
        Files = Path.Combine(options.Directory, "files");
        Packs = Path.Combine(options.Directory, "packs");
        Index = new BlockIndex(BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))));
        Budget = new DiskBudget(options.QuotaBytes);
        Metrics = new StoreMetrics(meters, Index, Budget);
        Protection = new Protection(new PinFile(options.Directory));
        Handles = new HandleCache(options.OpenFiles);
        WriteBehind = new WriteBehind(Handles, options.RecentBytes);
        Flats = new FlatFiles(Files, Index, Containers, Handles, WriteBehind, Budget);
        PackWriter = new PackWriter(Packs, PackBytesOf(options), Index, Containers, Handles, Tail, Budget);
        Reader = new BlockReader(Index, Containers, Handles, Tail, Flats, Metrics, logger);
        Reach = new DagReach(Reader, logger);
        Flusher = new Flusher(PackWriter, Index, Containers, Reader, Files, Packs);
        Collector = new Collector(Index, Containers, Handles, Flats, PackWriter, Flusher, Protection, new Marker(Index, Containers, Protection, Reach), Budget, Metrics, logger);
        Space = new SpaceKeeper(options, Budget, Collector, Protection, time, logger);
        Writer = new BlockWriter(options, Index, Flats, PackWriter, Protection, Space, Budget, Metrics, logger);
    }

    public StoreOptions Options { get; }
    public ILogger Logger { get; }
    public string Files { get; }
    public string Packs { get; }
    public BlockIndex Index { get; }
    public ContainerTable Containers { get; } = new();
    public HandleCache Handles { get; }
    public DiskBudget Budget { get; }
    public StoreMetrics Metrics { get; }
    public Protection Protection { get; }
    public WriteBehind WriteBehind { get; }
    public FlatFiles Flats { get; }
    public PackTail Tail { get; } = new();
    public PackWriter PackWriter { get; }
    public BlockReader Reader { get; }
    public DagReach Reach { get; }
    public Collector Collector { get; }
    public SpaceKeeper Space { get; }
    public BlockWriter Writer { get; }
    public Flusher Flusher { get; }

    /// <summary>An eighth of the quota at most, so that a small store has more than one pack to choose from; at least room for the largest block.</summary>
    private static long PackBytesOf(StoreOptions options) =>
        Math.Min(options.PackBytes, Math.Max(options.QuotaBytes / 8, Core.Block.MaxLength + 4096));
}
