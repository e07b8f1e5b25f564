using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using SwarmFS.Catalog;

namespace SwarmFS.Mount;

/// <summary>
/// From the inode numbers of <c>pkgs/&lt;name&gt;</c> and <c>latest</c> back to what they name. Numbers that were not given in this process (it took over from another) are found by
/// going through the catalogue once. Holds one entry per name that was looked up, so at most the catalogue's names.
/// </summary>
internal sealed class NameNodes(ICatalog catalog)
{
    private readonly ConcurrentDictionary<NodeNumber, byte[]> _names = new();
    private readonly ConcurrentDictionary<NodeNumber, byte[]> _targets = new();

    /// <summary>The number of a name that exists.</summary>
    public NodeNumber OfName(PackageEntry package)
    {
        var number = NodeNumber.Of(NodeKind.Name, package.NameBytes.Span);
        if (!_names.ContainsKey(number)) _names.TryAdd(number, package.NameBytes.ToArray());
        return number;
    }

    public NodeNumber OfLatest(PackageEntry package, out int targetLength)
    {
        var number = NodeNumber.Of(NodeKind.Latest, package.Name, package.Latest.Version);
        targetLength = _targets.GetOrAdd(number, static (_, version) => Encoding.UTF8.GetBytes(version), package.Latest.Version).Length;
        return number;
    }

    /// <summary>True when the kernel was told about this name, so that it may hold directories below it.</summary>
    public bool IsKnown(NodeNumber name) => _names.ContainsKey(name);

    /// <summary>Finds the package in this state of the catalogue.</summary>
    public bool TryFind(NodeNumber number, ICatalogSnapshot snapshot, [NotNullWhen(true)] out PackageEntry? package)
    {
        package = null;
        if (!_names.TryGetValue(number, out var name) && !TryRecall(number, out name)) return false;
        var index = snapshot.IndexOf(name);
        if (index < 0) return false;
        package = snapshot[index];
        return true;
    }

    public bool TryGetTarget(NodeNumber number, [NotNullWhen(true)] out byte[]? target)
    {
        if (_targets.TryGetValue(number, out target)) return true;
        var snapshot = catalog.Current;
        for (var i = 0; i < snapshot.Count; i++)
        {
            if (OfLatestOnly(snapshot[i]) != number) continue;
            target = Encoding.UTF8.GetBytes(snapshot[i].Latest.Version);
            return true;
        }
        return false;
    }

    private static NodeNumber OfLatestOnly(PackageEntry package) => NodeNumber.Of(NodeKind.Latest, package.Name, package.Latest.Version);

    private bool TryRecall(NodeNumber number, [NotNullWhen(true)] out byte[]? name)
    {
        var snapshot = catalog.Current;
        for (var i = 0; i < snapshot.Count; i++)
        {
            if (NodeNumber.Of(NodeKind.Name, snapshot[i].NameBytes.Span) != number) continue;
            name = _names.GetOrAdd(number, snapshot[i].NameBytes.ToArray());
            return true;
        }
        name = null;
        return false;
    }
}
