using System.Text;
using SwarmFS.Catalog;
using SwarmFS.Control;
using SwarmFS.Core;

namespace SwarmFS.Daemon.Requests;

/// <summary>A root that a person named.</summary>
/// <param name="Release">Null when it was named by its CID.</param>
internal sealed record FoundRoot(Cid Root, Release? Release);

/// <summary>Follows names to roots: <c>NAME</c>, <c>NAME/VERSION</c>, a CID.</summary>
internal sealed class PackageFinder(ICatalog catalog)
{
    public ICatalogSnapshot Current => catalog.Current;

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
        await catalog.FindAsync(Encoding.UTF8.GetBytes(name), cancellationToken)
            ?? throw new RequestException(ControlErrors.NotFound, $"No package is called {name}.", "swarmfs ls pkgs lists those that are known; swarmfs import brings one in.");

    private static Release ReleaseOf(PackageEntry package, string version) =>
        (version == PackageNames.Latest ? package.Latest : package.Releases.FirstOrDefault(candidate => candidate.Version == version))
            ?? throw new RequestException(ControlErrors.NotFound, $"{package.Name} has no version {version} here.", $"These are known: {string.Join(", ", package.Releases.Select(known => known.Version))}.");
}
