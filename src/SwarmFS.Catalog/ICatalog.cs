using SwarmFS.Core;

namespace SwarmFS.Catalog;

/// <summary>One version of a package, as the catalogue knows it. Immutable.</summary>
/// <param name="Version">As it stands in a path: a colon is written <c>%3a</c>.</param>
/// <param name="Root">The package tree, or null while nobody has unpacked it: then <see cref="ICatalog.ResolveAsync"/> finds or makes it.</param>
/// <param name="Importer">Who says so: the importer's public key, for people to recognise.</param>
/// <param name="Published">When the importer says it published it; also the mtime of the version's directory entry.</param>
public sealed record Release(string Name, string Version, Cid? Root, string Importer, DateTimeOffset Published)
{
    /// <summary>The archive that the tree is unpacked from, where there is one.</summary>
    public ArtifactDigest? Artifact { get; init; }

    /// <summary>Whence it is known: of a suite, or a publisher's.</summary>
    public string? Namespace { get; init; }

    /// <summary>Where the origin has the archive, as its Packages says.</summary>
    public string? Filename { get; init; }
}

/// <summary>A package name with its versions in ascending order of the version grammar. Immutable; never empty.</summary>
/// <param name="latest">The version that a user pinned; null: the newest.</param>
public sealed class PackageEntry(string name, IReadOnlyList<Release> releases, Release? latest = null)
{
    public string Name { get; } = name;

    /// <summary>The name's bytes, as the kernel sends them.</summary>
    public ReadOnlyMemory<byte> NameBytes { get; } = System.Text.Encoding.ASCII.GetBytes(name);

    public IReadOnlyList<Release> Releases { get; } = releases;

    /// <summary>The version that <c>latest</c> points to: the newest, unless a user pinned another.</summary>
    public Release Latest { get; } = latest ?? releases[^1];
}

/// <summary>All packages at one moment, ascending by the bytes of their names. Immutable; taking it is free.</summary>
public interface ICatalogSnapshot
{
    int Count { get; }

    /// <summary>May be made when asked for: take <see cref="NameAt"/> where the name is enough.</summary>
    PackageEntry this[int index] { get; }

    /// <summary>The bytes of a name, without making anything.</summary>
    ReadOnlySpan<byte> NameAt(int index) => this[index].NameBytes.Span;

    /// <summary>The index of a name, or the complement of where it would stand.</summary>
    int IndexOf(ReadOnlySpan<byte> name);

    /// <summary>When anything last changed: the mtime of <c>pkgs/</c>.</summary>
    DateTimeOffset Changed { get; }
}

/// <summary>
/// Which names, versions and roots exist, now and at earlier moments. What stands behind it is the catalogue's own affair (CATALOG.md).
/// Safe from any thread.
/// </summary>
public interface ICatalog
{
    ICatalogSnapshot Current { get; }

    /// <summary>
    /// True for a light node: <see cref="Current"/> lists only names that were looked up, and one that is not there may exist: <see cref="FindAsync"/> tells.
    /// </summary>
    bool IsPartial => false;

    /// <summary>The package of this name with the proof of its presence, or null with the proof of its absence. Completes at once unless <see cref="IsPartial"/>.</summary>
    /// <exception cref="ContentUnavailableException">No source delivered the proof in time.</exception>
    ValueTask<PackageEntry?> FindAsync(ReadOnlyMemory<byte> name, CancellationToken cancellationToken)
    {
        var snapshot = Current;
        return ValueTask.FromResult(snapshot.IndexOf(name.Span) is var index and >= 0 ? snapshot[index] : null);
    }

    /// <summary>Days that are over and on which something changed, ascending: "2026-11-20" (UTC). Other moments from the first change on can be looked at as well.</summary>
    IReadOnlyList<string> Moments => [];

    /// <summary>
    /// The catalogue as it was at the end of a day ("2026-11-20") or at an instant ("2026-11-20T15:04:05Z"), UTC. Null when the text is no moment, lies in the future, or
    /// before the first head. Snapshots of one moment are equal for ever, so they may be kept.
    /// </summary>
    /// <exception cref="ContentUnavailableException">Its directories are no longer here and no source delivered them in time.</exception>
    ValueTask<ICatalogSnapshot?> AtAsync(string moment, CancellationToken cancellationToken) => ValueTask.FromResult<ICatalogSnapshot?>(null);

    /// <summary>The root of a release; makes it known if it was not. Completes at once when <see cref="Release.Root"/> is set.</summary>
    /// <exception cref="ContentUnavailableException">It could be neither found nor made in time.</exception>
    ValueTask<Cid> ResolveAsync(Release release, CancellationToken cancellationToken);

    /// <summary>Raised after <see cref="Current"/> has changed, with the names that did, on a thread that holds no lock.</summary>
    event Action<IReadOnlyList<string>>? Changed;
}
