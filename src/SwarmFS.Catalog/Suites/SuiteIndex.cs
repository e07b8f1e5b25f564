using System.Text;
using SwarmFS.Core;

namespace SwarmFS.Catalog;

/// <summary>
/// Reads the index of a suite. Entries come in the order of the links' bytes, in which a name counts together with the <c>_</c> behind it: all versions of a name are
/// neighbours, but "gedit-common" stands before "gedit". Every entry is held against its grammar when it is read. Immutable; safe from any thread.
/// </summary>
public sealed class SuiteIndex
{
    /// <summary>Entries that are read in one go: about a leaf.</summary>
    private const int BatchLength = 512;

    private readonly IBlockStore _store;

    /// <exception cref="ContentUnavailableException">The top node is not in the store.</exception>
    /// <exception cref="InvalidTreeException">It is no directory.</exception>
    public SuiteIndex(IBlockStore store, Cid root)
    {
        (_store, Root) = (store, root);
        Count = LinkDirectory.Count(store, root);
    }

    public Cid Root { get; }

    /// <summary>Entries: versions of all names.</summary>
    public int Count { get; }

    /// <summary>All entries in the order of their links.</summary>
    /// <exception cref="ContentUnavailableException">While enumerating: a node is not in the store.</exception>
    /// <exception cref="InvalidTreeException">While enumerating: the index is malformed.</exception>
    public IEnumerable<SuiteIndexEntry> Entries() => From([]);

    /// <summary>Each name once, in the order of the links.</summary>
    /// <exception cref="ContentUnavailableException">While enumerating: a node is not in the store.</exception>
    /// <exception cref="InvalidTreeException">While enumerating: the index is malformed.</exception>
    public IEnumerable<string> Names()
    {
        string? previous = null;
        foreach (var entry in Entries())
        {
            if (entry.Name == previous) continue;
            yield return entry.Name;
            previous = entry.Name;
        }
    }

    /// <param name="version">As it stands in a path.</param>
    /// <returns>Null when the suite does not have it.</returns>
    /// <exception cref="ContentUnavailableException">A node on the path is not in the store.</exception>
    /// <exception cref="InvalidTreeException">The index is malformed.</exception>
    public SuiteIndexEntry? Find(string name, string version)
    {
        byte[] link = [.. SuiteIndexEntry.PrefixOf(name), .. Encoding.ASCII.GetBytes(version)];
        return LinkDirectory.TryFind(_store, Root, link, out var target) ? Read(Root, link, target) : null;
    }

    /// <summary>The versions of a name in ascending order of the version grammar, at most <see cref="LinkDirectory.RangeMax"/>; none when the suite does not have the name.</summary>
    /// <exception cref="ContentUnavailableException">A node on the path is not in the store.</exception>
    /// <exception cref="InvalidTreeException">The index is malformed.</exception>
    public IReadOnlyList<SuiteIndexEntry> Versions(string name)
    {
        var prefix = SuiteIndexEntry.PrefixOf(name);
        var found = new List<SuiteIndexEntry>();
        foreach (var link in LinkDirectory.Enumerate(_store, Root, prefix))
        {
            if (!link.Name.StartsWith(prefix) || found.Count == LinkDirectory.RangeMax) break;
            found.Add(Read(Root, link.Name, link.Target));
        }
        return Sorted(found);
    }

    /// <summary>As <see cref="Versions"/>, for a node that has not all of the index: reads the nodes on the path, which also prove that a name is not there.</summary>
    /// <exception cref="ContentUnavailableException">A node on the path could not be had.</exception>
    /// <exception cref="InvalidTreeException">The index is malformed.</exception>
    public static async ValueTask<IReadOnlyList<SuiteIndexEntry>> VersionsAsync(Cid root, string name, BlockGetter get, CancellationToken cancellationToken)
    {
        var range = await LinkDirectory.RangeAsync(root, SuiteIndexEntry.PrefixOf(name), get, cancellationToken);
        return Sorted([.. range.Links.Select(link => Read(root, link.Name.Span, link.Target.Span))]);
    }

    private static List<SuiteIndexEntry> Sorted(List<SuiteIndexEntry> versions)
    {
        versions.Sort((left, right) => DebianVersion.Order.Compare(PackageNames.FromPathVersion(left.Version), PackageNames.FromPathVersion(right.Version)));
        return versions;
    }

    private IEnumerable<SuiteIndexEntry> From(byte[] from)
    {
        while (true)
        {
            var batch = ReadBatch(from);
            foreach (var entry in batch) yield return entry;
            if (batch.Count < BatchLength) yield break;
            // The lowest bytes that stand behind the last link: a link has no NUL.
            from = [.. Encoding.ASCII.GetBytes(batch[^1].LinkName), 0];
        }
    }

    private List<SuiteIndexEntry> ReadBatch(byte[] from)
    {
        var batch = new List<SuiteIndexEntry>(BatchLength);
        foreach (var link in LinkDirectory.Enumerate(_store, Root, from))
        {
            batch.Add(Read(Root, link.Name, link.Target));
            if (batch.Count == BatchLength) break;
        }
        return batch;
    }

    private static SuiteIndexEntry Read(Cid root, ReadOnlySpan<byte> link, ReadOnlySpan<byte> target) =>
        SuiteIndexEntry.TryRead(link, target) ?? throw new InvalidTreeException($"The suite index {root} has a link that lists no package.");
}
