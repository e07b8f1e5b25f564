using SwarmFS.Core;

namespace SwarmFS.Retrieval;

/// <summary>How long readers wait and how much is held for them. The defaults are the good choice.</summary>
public sealed record RetrievalOptions
{
    private const int MiB = 1 << 20;

    /// <summary>How long one read waits for a source before it fails.</summary>
    public TimeSpan ReadDeadline
    {
        get;
        init => field = value > TimeSpan.Zero ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "The deadline of a read must be above zero, say 15 s.");
    } = TimeSpan.FromSeconds(15);

    /// <summary>How much longer than its deadline a source is waited for, so that its account of who was asked arrives.</summary>
    public TimeSpan SourceGrace { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How long an earlier source is alone before the next one is raced against it: a peer answers within a round trip, an origin costs somebody money.</summary>
    public TimeSpan SourceHeadStart { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a reader waits for a block that was asked for at a lower priority, before the request is raised: a raised one may travel twice, and on any link that streams, what was asked ahead is here by then.</summary>
    public TimeSpan RaisePatience { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a reader waits for a block that was asked for at a lower priority and raised, before it is asked for again.</summary>
    public TimeSpan PromotionPatience { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a source may work on blocks that nobody waits for yet without delivering any of their root.</summary>
    public TimeSpan PrefetchDeadline { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a background fetch goes on without a single new block.</summary>
    public TimeSpan BackgroundDeadline { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Between two attempts of one read when the sources gave up before its deadline.</summary>
    public TimeSpan RetryPause { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How long no prefetch is sent for a root after one came back short.</summary>
    public TimeSpan PrefetchPause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a stream of directory nodes may bring nothing before its blocks are asked for by name, which sources can take to somebody else.</summary>
    public TimeSpan TreeStall { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long a root that was found malformed is refused without looking again.</summary>
    public TimeSpan HostileTreeMemory { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Directory structures held, in bytes: about 250,000 entries.</summary>
    public long TreeCacheBytes { get; init; } = 48L * MiB;

    /// <summary>Chunk lists held, in bytes: 40 per chunk.</summary>
    public long LayoutCacheBytes { get; init; } = 16L * MiB;

    /// <summary>Blocks that the full store declined, in bytes: enough that the kernel's pieces of one chunk, for several readers, find it again.</summary>
    public long OverflowBytes { get; init; } = 16L * MiB;

    /// <summary>Bytes asked for ahead of all readers together and not arrived: 64 MiB is one second of a 500 Mb/s link.</summary>
    public long PrefetchBytesInFlight { get; init; } = 64L * MiB;

    /// <summary>Read-ahead of a file at its second sequential read; it grows from there.</summary>
    public long FirstFileWindow { get; init; } = MiB;

    /// <summary>The most that is asked for ahead of one reader of a file.</summary>
    public long LargestFileWindow { get; init; } = 64L * MiB;

    /// <summary>
    /// A package whose files have no more bytes than this together, and whose entries are no more than one request names, is asked for whole at its first read: no more bytes than a read of one
    /// long chunk. Half of Debian's packages have at most 231 KiB, and a copy of such a one from afar takes two round trips instead of four.
    /// </summary>
    public long SmallPackageBytes { get; init; } = ChunkSizes.Default.Maximum;

    /// <summary>Read-ahead across files when a scan is first noticed; it grows from there.</summary>
    public long FirstScanWindow { get; init; } = MiB;

    /// <summary>The most that is asked for ahead of one scan.</summary>
    public long LargestScanWindow { get; init; } = 64L * MiB;

    /// <summary>The most bytes of nodes that one tree request brings; 30 bytes an entry make this over a million entries.</summary>
    public long TreeBudget { get; init; } = 128L * MiB;

    /// <summary>Roots whose readers' patterns are remembered.</summary>
    public int Sessions { get; init; } = 256;
}
