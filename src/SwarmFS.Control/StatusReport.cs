namespace SwarmFS.Control;

/// <summary>Everything that a person or a monitor asks of a running node. Sizes are bytes.</summary>
/// <param name="Metrics">Sums of all instruments since the node started, by the instrument's name (and tag).</param>
public sealed record StatusReport(
    string Version,
    int Pid,
    DateTimeOffset Started,
    string StateDirectory,
    string NodeId,
    string ImporterKey,
    string Listen,
    HealthReport Health,
    MountReport? Mount,
    StoreReport Store,
    IReadOnlyList<PeerReport> Peers,
    IReadOnlyList<RootReport> Roots,
    CatalogueReport Catalogue,
    IReadOnlyList<ActivityReport> Activity,
    MemoryReport Memory,
    IReadOnlyDictionary<string, long> Metrics);

/// <param name="State">"ok" or "degraded".</param>
/// <param name="Problems">One line each: what is wrong and what to do.</param>
public sealed record HealthReport(string State, IReadOnlyList<string> Problems);

/// <param name="State">"mounted"; "gone": it has ended; "elsewhere": it lives, but is not what is seen at the path.</param>
public sealed record MountReport(string Path, string State, string Protocol, string Options);

/// <param name="PinnedRoots">Roots that are never evicted: what was imported here, and what a person asked for.</param>
public sealed record StoreReport(
    long Blocks, long Bytes, long DiskBytes, long QuotaBytes, int PinnedRoots, long EvictedBlocks, long DamagedBlocks, int FlatFiles, int Packs);

/// <param name="Direction">"inbound" or "outbound"; null while not connected.</param>
/// <param name="RoundTripMilliseconds">Null before the first PONG.</param>
/// <param name="Goodput">Bytes a second, smoothed.</param>
/// <param name="BytesSavedIn">Of <paramref name="BytesIn"/>, what compression kept off the wire; likewise for what went out.</param>
/// <param name="DiscouragedUntil">Set while the peer is avoided; <paramref name="Why"/> says what it did.</param>
public sealed record PeerReport(
    string? NodeId, string? Address, string? Direction, string State, string Software, double? RoundTripMilliseconds, double Goodput,
    long BytesIn, long BytesOut, long BlocksIn, long BlocksOut, long BytesSavedIn, long BytesSavedOut, int Offences, DateTimeOffset? DiscouragedUntil, string? Why);

public sealed record PeersReport(IReadOnlyList<PeerReport> Peers);

/// <summary>How many bytes of a root came from whom since the node started.</summary>
public sealed record RootReport(string Root, string? Name, string? Version, long BytesReceived, IReadOnlyList<RootSource> Sources);

public sealed record RootSource(string NodeId, long Bytes, long Blocks);

/// <param name="State">"fresh"; "stale" when too few logs have a checkpoint that is young enough; "empty" while nothing is confirmed.</param>
/// <param name="Needed">How many logs must have a record before it counts.</param>
/// <param name="Light">Only what was looked up is counted.</param>
/// <param name="Logs">Whose word the names rest on.</param>
/// <param name="Conflicts">What importers or publishers say that contradicts what is shown, one line each.</param>
/// <param name="Forks">Logs that showed two histories, with the file of the evidence.</param>
public sealed record CatalogueReport(
    int Packages, int Releases, string State, int Needed, bool Light, IReadOnlyList<LogStateReport> Logs, IReadOnlyList<SuiteReport> Suites,
    IReadOnlyList<string> Conflicts, IReadOnlyList<string> Forks)
{
    /// <summary>Of a light node: bytes of the blocks that its lookups read.</summary>
    public long? ProofBytes { get; init; }

    /// <summary>Of a light node: proofs that it checked.</summary>
    public long? ProofsChecked { get; init; }
}

/// <summary>A log of the policy as it is held here.</summary>
/// <param name="Key">The log's key as a verifier key.</param>
/// <param name="Own">This node's own.</param>
/// <param name="Entries">Of which the tree is verified.</param>
/// <param name="Time">Since when the quorum of witnesses has it, or where none is asked for, when its head was made; null while nothing is held.</param>
/// <param name="State">"fresh", "unwitnessed", "stale", "unheard", "unpublished" (the own log, of which nothing is shown yet), "forked" or "refused".</param>
/// <param name="Reason">Why the last announcement was not taken up, if it was not, or why the log is refused.</param>
public sealed record LogStateReport(string Key, bool Own, long Entries, DateTimeOffset? Time, string State, string? Reason = null);

/// <param name="Confirmations">Logs that have this record.</param>
public sealed record SuiteReport(string Namespace, DateTimeOffset Date, int Packages, int Confirmations);

/// <summary>What is going on now.</summary>
/// <param name="Kind">"read" for fetches that readers wait for, otherwise the command's name.</param>
public sealed record ActivityReport(string Kind, string Subject, string Stage, long Done, long Total, string Unit);

/// <param name="ResidentBytes">As /proc/self/status calls VmRSS.</param>
/// <param name="Collections">Garbage collections since start.</param>
/// <param name="PausedMilliseconds">For how long they have stopped the node in all.</param>
public sealed record MemoryReport(long ResidentBytes, long ManagedBytes, long Collections, double PausedMilliseconds);
