using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using SwarmFS.Core;

namespace SwarmFS.Catalog;

/// <summary>
/// The directory that a head names (CATALOG.md, "Directories"), as a value: <see cref="With"/> makes the next one, and until its head stands in the journal the old one is the one that counts.
/// Of trees only the root of their directory is held.
/// </summary>
internal sealed record CatalogueDirectory
{
    private static readonly EntryAttributes DirectoryAttributes = new(0b111_101_101, 0, 0, 0, 0, 0, []);
    private static readonly EntryAttributes FileAttributes = new(0b110_100_100, 0, 0, 0, 0, 0, []);

    /// <summary>The newest suite of each namespace.</summary>
    private ImmutableSortedDictionary<string, SuiteRecord> Suites { get; init; } = ImmutableSortedDictionary.Create<string, SuiteRecord>(StringComparer.Ordinal);

    /// <summary>What was not revoked: of each publisher, the link's name and its target.</summary>
    private ImmutableSortedDictionary<string, ImmutableSortedDictionary<string, string>> Publishers { get; init; } =
        ImmutableSortedDictionary.Create<string, ImmutableSortedDictionary<string, string>>(StringComparer.Ordinal);

    private ImmutableHashSet<(string Namespace, string Link)> Revoked { get; init; } = [];

    private BuiltDirectory? Trees { get; init; }

    /// <exception cref="StoreFullException">The directory of the trees does not fit.</exception>
    public static CatalogueDirectory Of(IBlockStore store, LogState state)
    {
        var all = state.Namespaces.SelectMany(name => state.Suites(name, long.MaxValue)).Select(suite => (CatalogRecord)suite.Record)
            .Concat(state.Trees)
            .Concat(state.Releases(long.MaxValue).Select(release => release.Record))
            .Concat(state.Revocations(long.MaxValue).Select(revocation => revocation.Record));
        return new CatalogueDirectory().With(store, all);
    }

    /// <exception cref="StoreFullException">The nodes do not fit.</exception>
    /// <exception cref="ContentUnavailableException">Nodes of the last directory are not in the store.</exception>
    public CatalogueDirectory With(IBlockStore store, IEnumerable<CatalogRecord> records)
    {
        var next = this;
        var trees = new SortedDictionary<string, TreeRecord>(StringComparer.Ordinal);
        foreach (var record in records)
        {
            if (record is TreeRecord tree) trees.TryAdd(tree.Artifact.Sha256.ToString(), tree);
            else next = next.With(record);
        }
        return next with { Trees = AddTrees(store, trees) };
    }

    private CatalogueDirectory With(CatalogRecord record) => record switch
    {
        SuiteRecord suite when !Suites.TryGetValue(suite.Namespace, out var newest) || newest.Date < suite.Date => this with { Suites = Suites.SetItem(suite.Namespace, suite) },
        ReleaseRecord release => With(release),
        RevokeRecord revocation => Without(revocation),
        _ => this,
    };

    private CatalogueDirectory With(ReleaseRecord release)
    {
        var link = LinkName(release.Name, release.Version);
        var links = Publishers.GetValueOrDefault(release.Namespace, ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal));
        if (Revoked.Contains((release.Namespace, link)) || links.ContainsKey(link)) return this;
        return this with { Publishers = Publishers.SetItem(release.Namespace, links.Add(link, string.Create(CultureInfo.InvariantCulture, $"{release.Root} {release.Sequence}"))) };
    }

    private CatalogueDirectory Without(RevokeRecord revocation)
    {
        var link = LinkName(revocation.Name, revocation.Version);
        var next = this with { Revoked = Revoked.Add((revocation.Namespace, link)) };
        return Publishers.TryGetValue(revocation.Namespace, out var links) ? next with { Publishers = Publishers.SetItem(revocation.Namespace, links.Remove(link)) } : next;
    }

    /// <summary>The name of a publisher's link. '_' may stand in its names and versions, so a name's is written <c>%5f</c>: the first '_' parts them.</summary>
    public static string LinkName(string name, string version) => $"{name.Replace("_", "%5f")}_{version}";

    private BuiltDirectory? AddTrees(IBlockStore store, SortedDictionary<string, TreeRecord> trees)
    {
        if (trees.Count == 0) return Trees;
        if (Trees is { } old)
        {
            var changes = new List<LinkChange>();
            foreach (var (name, tree) in trees)
            {
                if (!LinkDirectory.TryFind(store, old.Root, Encoding.ASCII.GetBytes(name), out _)) changes.Add(new LinkChange(Encoding.ASCII.GetBytes(name), TreeTarget(tree)));
            }
            return LinkDirectory.Update(store, old.Root, changes);
        }
        var builder = new LinkDirectoryBuilder(store);
        foreach (var (name, tree) in trees) builder.Add(Encoding.ASCII.GetBytes(name), TreeTarget(tree));
        return builder.Finish();
    }

    private static byte[] TreeTarget(TreeRecord tree) => Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{tree.Root} {tree.Files} {tree.Bytes}"));

    /// <summary>Makes the tree. The indexes of the suites must be in the store.</summary>
    /// <exception cref="StoreFullException">The nodes do not fit.</exception>
    /// <exception cref="InvalidTreeException">All together have more entries than a tree may.</exception>
    /// <exception cref="ContentUnavailableException">An index is not in the store.</exception>
    public Cid Write(IBlockStore store)
    {
        var tree = new TreeBuilder(store);
        foreach (var (name, suite) in Suites)
        {
            var path = $"suites/{CatalogNamespace.ToFileName(name)}";
            tree.AddDirectory(Encoding.UTF8.GetBytes($"{path}/index"), DirectoryAttributes, suite.Index, LinkDirectory.Count(store, suite.Index), bytes: 0);
            tree.AddFile(Encoding.UTF8.GetBytes($"{path}/record"), FileAttributes, suite.Encode());
        }
        if (Trees is { } trees) tree.AddDirectory("trees"u8, DirectoryAttributes, trees.Root, trees.Entries, bytes: 0);
        foreach (var (name, links) in Publishers)
        {
            if (links.IsEmpty) continue;
            var builder = new LinkDirectoryBuilder(store);
            foreach (var (link, target) in links) builder.Add(Encoding.ASCII.GetBytes(link), Encoding.ASCII.GetBytes(target));
            var built = builder.Finish();
            tree.AddDirectory(Encoding.ASCII.GetBytes(name), DirectoryAttributes, built.Root, built.Entries, bytes: 0);
        }
        return tree.Finish().Root;
    }
}
