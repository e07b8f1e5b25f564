using System.Globalization;
using System.Text;
using SwarmFS.Catalog;
using SwarmFS.Control;
using SwarmFS.Core;

namespace SwarmFS.Daemon.Requests;

/// <summary>A root that a person named.</summary>
/// <param name="Release">Null when it was named by its CID.</param>
internal sealed record FoundRoot(Cid Root, Release? Release);

/// <summary>Follows names to roots: <c>NAME</c>, <c>NAME/VERSION</c>, a CID.</summary>
/// <param name="past">What the catalogue was at the moment that is looked at; null: what it is now.</param>
internal sealed class PackageFinder(ICatalog catalog, TimeProvider time, ICatalogSnapshot? past = null)
{
    public ICatalogSnapshot Snapshot => past ?? catalog.Current;

    /// <summary>Days of the past, ascending.</summary>
    public IReadOnlyList<string> Moments => catalog.Moments;

    /// <summary>The same in the past.</summary>
    /// <param name="moment">A day or an instant, UTC; a day that is not over shows what is now. Null: now.</param>
    /// <exception cref="RequestException">Nothing is known of that moment.</exception>
    public async Task<PackageFinder> AtAsync(string? moment, CancellationToken cancellationToken)
    {
        if (moment is null || moment == time.GetUtcNow().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)) return this;
        var snapshot = await catalog.AtAsync(moment, cancellationToken)
            ?? throw new RequestException(ControlErrors.NotFound, $"Nothing is known of the packages at {moment}.",
                "Write a day as 2026-11-20 or an instant as 2026-11-20T15:04:05Z, not in the future; swarmfs ls at lists the days on which something changed.");
        return new PackageFinder(catalog, time, snapshot);
    }

    /// <exception cref="RequestException">There is no such package.</exception>
    public async Task<FoundRoot> FindAsync(string subject, CancellationToken cancellationToken)
    {
        if (Cid.TryParse(subject, out var cid, out _)) return new FoundRoot(cid, null);
        var parts = subject.Trim('/').Split('/');
        if (parts.Length > 2 || parts[0].Length == 0)
            throw new RequestException(ControlErrors.Usage, $"'{subject}' names no package.", "Write NAME, NAME/VERSION, or the CID of a root.");
        return await FindAsync(parts[0], parts.Length == 2 ? parts[1] : PackageNames.Latest, cancellationToken);
    }

    /// <param name="version">As it stands in a path, or "latest".</param>
    /// <exception cref="RequestException">There is no such package.</exception>
    public async Task<FoundRoot> FindAsync(string name, string version, CancellationToken cancellationToken)
    {
        var release = ReleaseOf(await PackageAsync(name, cancellationToken), version);
        return new FoundRoot(await catalog.ResolveAsync(release, cancellationToken), release);
    }

    /// <summary>A version by <c>NAME</c> (its latest) or <c>NAME/VERSION</c>.</summary>
    /// <exception cref="RequestException">There is no such package.</exception>
    public async Task<Release> ReleaseAsync(string subject, CancellationToken cancellationToken)
    {
        var parts = subject.Trim('/').Split('/');
        if (parts.Length > 2 || parts[0].Length == 0) throw new RequestException(ControlErrors.Usage, $"'{subject}' names no version.", "Write NAME or NAME/VERSION.");
        return ReleaseOf(await PackageAsync(parts[0], cancellationToken), parts.Length == 2 ? parts[1] : PackageNames.Latest);
    }

    /// <exception cref="RequestException">There is no such package.</exception>
    public async Task<PackageEntry> PackageAsync(string name, CancellationToken cancellationToken) =>
        await FindPackageAsync(Encoding.UTF8.GetBytes(name), cancellationToken)
            ?? throw new RequestException(ControlErrors.NotFound, $"No package is called {name}.", "swarmfs ls pkgs lists those that are known; swarmfs import brings one in.");

    private ValueTask<PackageEntry?> FindPackageAsync(byte[] name, CancellationToken cancellationToken) =>
        past is null ? catalog.FindAsync(name, cancellationToken) : ValueTask.FromResult(past.IndexOf(name) is var index and >= 0 ? past[index] : null);

    private static Release ReleaseOf(PackageEntry package, string version) =>
        (version == PackageNames.Latest ? package.Latest : package.Releases.FirstOrDefault(candidate => candidate.Version == version))
            ?? throw new RequestException(ControlErrors.NotFound, $"{package.Name} has no version {version} here.", $"These are known: {string.Join(", ", package.Releases.Select(known => known.Version))}.");
}
