namespace SwarmFS.Control;

/// <param name="Suite">Only sources whose suite, codename or namespace is this; null: all of the system's.</param>
public sealed record SyncRequest(string? Suite = null);

/// <param name="Suites">Each index of each source that answered.</param>
/// <param name="Failures">Sources that were passed over, and why, one sentence each.</param>
/// <param name="Recorded">Records that are new in this node's log.</param>
/// <param name="Unwitnessed">Why the log's new state does not count yet by the node's own policy; null when it does.</param>
public sealed record SyncReport(IReadOnlyList<SyncedSuiteReport> Suites, IReadOnlyList<string> Failures, int Recorded, long BytesFetched, double Seconds, string? Unwitnessed = null);

/// <param name="Date">Of the signed Release.</param>
/// <param name="Index">CID of the list of names and versions.</param>
/// <param name="Changed">False when it says what it said before.</param>
public sealed record SyncedSuiteReport(string Namespace, DateTimeOffset Date, int Packages, string Index, bool Changed);

/// <param name="Name">A package.</param>
public sealed record HistoryRequest(string Name);

/// <summary>When which versions of a package were to be had, oldest first.</summary>
/// <param name="Latest">What <c>latest</c> points to now; null when no version is left.</param>
public sealed record HistoryReport(string Name, string? Latest, IReadOnlyList<HistoryEntry> Versions);

/// <param name="Seen">When a head of the catalogue first had it.</param>
/// <param name="Gone">When a later one had it no more; null: it is there.</param>
public sealed record HistoryEntry(string Version, string Namespace, DateTimeOffset Seen, DateTimeOffset? Gone);

/// <param name="Subject"><c>NAME</c> or <c>NAME/VERSION</c>.</param>
public sealed record VerifyRequest(string Subject);

/// <summary>The chain of evidence of one version, from the upstream's signature to the tree.</summary>
/// <param name="Steps">In order; each was checked now.</param>
/// <param name="Confirmations">Logs in which the record stands, of the <paramref name="Needed"/> that the policy asks for.</param>
public sealed record VerifyReport(string Name, string Version, bool Confirmed, int Confirmations, int Needed, IReadOnlyList<EvidenceStep> Steps);

/// <param name="What">"signature", "suite", "log", "witness", "index", "archive", "tree", "release".</param>
/// <param name="Text">For a person.</param>
/// <param name="Holds">False: this step is missing or does not hold.</param>
public sealed record EvidenceStep(string What, string Text, bool Holds);

/// <param name="Directory">An absolute path.</param>
/// <param name="Key">Absolute path of the publisher's key; null: the key of the node's log.</param>
public sealed record PublishRequest(string Directory, string Name, string Version, string? Key = null);

/// <param name="Version">As it stands in a path.</param>
/// <param name="Key">Absolute path of the key that signed the release; null: the key of the node's log.</param>
public sealed record RevokeRequest(string Name, string Version, string Reason, string? Key = null);

public sealed record RevokeReport(string Name, string Version, string Namespace);

/// <param name="First">The first entry shown; null: none.</param>
public sealed record LogRequest(long? First = null, int Count = 0);

/// <summary>This node's own log.</summary>
/// <param name="Entries">Under that checkpoint.</param>
/// <param name="Checkpoint">The signed note that its quorum has seen, cosignatures included; null while there is none.</param>
/// <param name="Files">CID of the directory of the log's files, as peers get them.</param>
/// <param name="Unpublished">A sentence about the entries that nobody can prove yet; null when there are none.</param>
public sealed record LogReport(string Key, long Entries, string? Checkpoint, string? Files, IReadOnlyList<string> Records, string? Unpublished = null);

/// <param name="Subject"><c>NAME</c> or <c>NAME/VERSION</c>.</param>
public sealed record ProofRequest(string Subject);

/// <summary>A record and the proof that it stands in a log (C2SP tlog-proof), as text.</summary>
public sealed record ProofReport(string Log, string Record, string Proof);

/// <param name="Subject"><c>NAME</c> or <c>NAME/VERSION</c>.</param>
public sealed record ChallengeRequest(string Subject);

/// <param name="Recorded">The root that the logs say; null when none says one.</param>
/// <param name="Made">The root made here from the origin's archive.</param>
public sealed record ChallengeReport(string Name, string Version, string? Recorded, string Made, bool Agrees);

/// <param name="Findings">What does not hold, one sentence each.</param>
public sealed record AuditReport(int Logs, long Entries, int Indexes, IReadOnlyList<string> Findings);

/// <param name="File">An absolute path of a signed policy.</param>
public sealed record PolicyRequest(string File);

/// <param name="Version">The version now in force.</param>
/// <param name="Message">What the person should know: what was applied, and whether the node has to be started again.</param>
public sealed record PolicyReport(long Version, string Message);
