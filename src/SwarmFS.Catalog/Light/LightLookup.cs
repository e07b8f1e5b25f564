using System.Globalization;
using System.Text;
using SwarmFS.Core;

namespace SwarmFS.Catalog;

/// <summary>Questions to one proven catalogue: each reads the nodes on one path, which prove what is there and what is not.</summary>
internal sealed class LightLookup(Cid catalogue, BlockGetter get)
{
    /// <summary>Namespaces of suites in one log: Debian has some dozens with all its architectures.</summary>
    private const int NamespacesMax = 4_096;

    /// <summary>The namespaces that this log has, as they stand in records.</summary>
    public async Task<IReadOnlyList<string>> NamespacesAsync(CancellationToken cancellationToken)
    {
        if (await TreePathReader.FindAsync(catalogue, "suites", get, cancellationToken) is not { } suites) return [];
        var names = await TreePathReader.ListAsync(suites, NamespacesMax, get, cancellationToken);
        return [.. names.Select(name => Encoding.UTF8.GetString(name).Replace("%2f", "/")).Where(name => CatalogNamespace.IsSuite(name))];
    }

    /// <summary>The newest suite of a namespace, with an index that is the one which its record names; null when the log has none.</summary>
    /// <exception cref="InvalidTreeException">Record and directory do not belong together.</exception>
    public async Task<SuiteRecord?> SuiteAsync(string ofNamespace, CancellationToken cancellationToken)
    {
        var path = $"suites/{CatalogNamespace.ToFileName(ofNamespace)}";
        if (await TreePathReader.FindAsync(catalogue, $"{path}/record", get, cancellationToken) is not { } file) return null;
        var bytes = await TreePathReader.ReadFileAsync(file, CatalogRecord.LengthMax, get, cancellationToken);
        var index = await TreePathReader.FindAsync(catalogue, $"{path}/index", get, cancellationToken);
        if (CatalogRecord.TryRead(bytes, out var error) is not SuiteRecord suite || suite.Namespace != ofNamespace || index is not { Kind: EntryKind.Directory } || index.Value.Content != suite.Index)
            throw new InvalidTreeException($"The catalogue {catalogue} has a suite {ofNamespace} whose record is not of its index ({error ?? "they do not belong together"}).");
        return suite;
    }

    public async Task<IReadOnlyList<SuiteIndexEntry>> VersionsAsync(SuiteRecord suite, string name, CancellationToken cancellationToken) =>
        await SuiteIndex.VersionsAsync(suite.Index, name, get, cancellationToken);

    /// <summary>The tree of an archive; null when the log has none.</summary>
    public async Task<TreeRecord?> TreeAsync(ArtifactDigest artifact, CancellationToken cancellationToken)
    {
        if (await TreePathReader.FindAsync(catalogue, "trees", get, cancellationToken) is not { Kind: EntryKind.Directory } trees) return null;
        var target = await LinkDirectory.FindAsync(trees.Content, Encoding.ASCII.GetBytes(artifact.Sha256.ToString()), get, cancellationToken);
        if (target is null) return null;
        var words = Encoding.ASCII.GetString(target).Split(' ');
        if (words.Length != 3 || !Cid.TryParse(words[0], out var root, out _) || !TryNumber(words[1], out var files) || !TryNumber(words[2], out var bytes))
            throw new InvalidTreeException($"The catalogue {catalogue} has a tree that cannot be read.");
        return new TreeRecord(artifact, root, files, bytes);
    }

    /// <summary>A publisher's versions of a name with their roots and sequences, as the log has them.</summary>
    public async Task<IReadOnlyList<(string Version, Cid Root, long Sequence)>> ReleasesAsync(string publisher, string name, CancellationToken cancellationToken)
    {
        if (await TreePathReader.FindAsync(catalogue, publisher, get, cancellationToken) is not { Kind: EntryKind.Directory } directory) return [];
        var prefix = Encoding.ASCII.GetBytes(CatalogueDirectory.LinkName(name, ""));
        var range = await LinkDirectory.RangeAsync(directory.Content, prefix, get, cancellationToken);
        return [.. range.Links.Select(link => ReadRelease(link, prefix.Length))];
    }

    private (string Version, Cid Root, long Sequence) ReadRelease(Link link, int prefix)
    {
        var words = Encoding.ASCII.GetString(link.Target.Span).Split(' ');
        var version = Encoding.ASCII.GetString(link.Name.Span[prefix..]);
        if (words.Length != 2 || !PackageNames.IsPathVersion(version) || !Cid.TryParse(words[0], out var root, out _) || !TryNumber(words[1], out var sequence))
            throw new InvalidTreeException($"The catalogue {catalogue} has a release that cannot be read.");
        return (version, root, sequence);
    }

    private static bool TryNumber(string digits, out long number) =>
        long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number.ToString(CultureInfo.InvariantCulture) == digits;
}
