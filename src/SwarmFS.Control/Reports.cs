namespace SwarmFS.Control;

/// <param name="Path">Where it appears below the mount.</param>
/// <param name="Evidence">What the import was believed on, one line.</param>
/// <param name="Warnings">Sources that were passed over, and why.</param>
public sealed record ImportReport(
    string Name, string Version, string Root, string Path, long Bytes, int Entries, string Evidence, double Seconds, IReadOnlyList<string>? Warnings = null);

/// <summary>One directory entry.</summary>
/// <param name="Kind">"directory", "file" or "symlink".</param>
/// <param name="Mode">Permission and special bits, octal.</param>
/// <param name="Mtime">Seconds since 1970.</param>
/// <param name="Cid">The content, where it is known.</param>
public sealed record ListedEntry(string Name, string Kind, string Mode, uint Uid, uint Gid, long Size, long Mtime, string? Target = null, string? Cid = null);

public sealed record ListReport(string Path, IReadOnlyList<ListedEntry> Entries);

/// <param name="Missing">Blocks that no source delivered; they are fetched when a source has them.</param>
/// <param name="Unkept">Blocks that came and found no room in the store.</param>
public sealed record PinReport(string Root, string? Name, string? Version, bool Pinned, long FetchedBytes, long Missing, long Unkept);

/// <summary>A tree as an image that the kernel's EROFS can mount.</summary>
/// <param name="Image">Its absolute path below the mount.</param>
/// <param name="Place">The absolute path of the tree itself.</param>
/// <param name="Views">Where the image is mounted already.</param>
public sealed record ViewReport(string Root, string? Name, string? Version, string Image, string Place, IReadOnlyList<string> Views);

public sealed record CollectReport(long FreedBytes, long EvictedBlocks, long DiskBytes, long QuotaBytes);

/// <param name="Damaged">CIDs of blocks whose bytes were wrong; they are dropped.</param>
/// <param name="Incomplete">Pinned roots of which blocks are not here: they are fetched when they are read or pinned again.</param>
/// <param name="Repaired">How many of the damaged came again from peers.</param>
/// <param name="Clean">Nothing that a pinned or mounted root needs is damaged any more.</param>
public sealed record CheckReport(long Blocks, long Bytes, IReadOnlyList<string> Damaged, IReadOnlyList<string> Incomplete, int Repaired, bool Clean);

/// <param name="ImporterKey">The public key that signs what this node imports.</param>
public sealed record IdentityReport(string NodeId, string ImporterKey, string Listen, string StateDirectory);

public sealed record DownReport(bool Unmounted, string Message);

/// <summary>A setting in force.</summary>
/// <param name="Origin">Where the value comes from: "default", a file with its line, a variable, an option.</param>
public sealed record SettingReport(string Key, string Value, string Origin);

public sealed record ConfigReport(IReadOnlyList<SettingReport> Settings);
