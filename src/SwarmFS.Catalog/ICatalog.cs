using SwarmFS.Core;

namespace SwarmFS.Catalog;

/// <summary>One version of a package, as the catalogue knows it. Immutable.</summary>
/// <param name="Version">As it stands in a path: a colon is written <c>%3a</c>.</param>
/// <param name="Root">The package tree, or null while nobody has unpacked it: then <see cref="ICatalog.ResolveAsync"/> finds or makes it.</param>
/// <param name="Importer">Who says so: the importer's public key, for people to recognise.</param>
/// <param name="Published">When the importer says it published it; also the mtime of the version's directory entry.</param>
public sealed record Release(string Name, string Version, Cid? Root, string Importer, DateTimeOffset Published);

/// <summary>A package name with its versions in ascending order of the version grammar. Immutable; never empty.</summary>
public sealed class PackageEntry(string name, IReadOnlyList<Release> releases)
{
    public string Name { get; } = name;

    /// <summary>The name's bytes, as the kernel sends them.</summary>
    public ReadOnlyMemory<byte> NameBytes { get; } = System.Text.Encoding.ASCII.GetBytes(name);

    public IReadOnlyList<Release> Releases { get; } = releases;

    /// <summary>The newest version, which <c>latest</c> points to.</summary>
    public Release Latest => Releases[^1];
}

/// <summary>All packages at one moment, ascending by the bytes of their names. Immutable; taking it is free.</summary>
public interface ICatalogSnapshot
{
    int Count { get; }

    PackageEntry this[int index] { get; }

    /// <summary>The index of a name, or the complement of where it would stand.</summary>
    int IndexOf(ReadOnlySpan<byte> name);

    /// <summary>When anything last changed: the mtime of <c>pkgs/</c>.</summary>
    DateTimeOffset Changed { get; }
}

/// <summary>
/// Which names, versions and roots exist. What stands behind it (announcements by peers, or a witnessed log) is the catalogue's own affair.
/// Safe from any thread.
/// </summary>
public interface ICatalog
{
    ICatalogSnapshot Current { get; }

    /// <summary>The root of a release; makes it known if it was not. Completes at once when <see cref="Release.Root"/> is set.</summary>
    /// <exception cref="ContentUnavailableException">It could be neither found nor made in time.</exception>
    ValueTask<Cid> ResolveAsync(Release release, CancellationToken cancellationToken);

    /// <summary>Raised after <see cref="Current"/> has changed, with the names that did, on a thread that holds no lock.</summary>
    event Action<IReadOnlyList<string>>? Changed;
}
