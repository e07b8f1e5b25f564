using System.Diagnostics.CodeAnalysis;
using SwarmFS.Catalog;

namespace SwarmFS.Mount;

/// <summary>A release as a directory below a name shows it.</summary>
/// <param name="Directory">Of the name.</param>
/// <param name="Number">What the version has while it is not unpacked.</param>
/// <param name="View">Tells its tree from the same tree elsewhere.</param>
internal readonly record struct ShownRelease(Release Release, NodeNumber Directory, NodeNumber Number, uint View);

/// <summary>
/// One state of the catalogue as one directory of names shows it, and the inode numbers that names, links and versions have there: <see cref="CurrentState"/> behind <c>pkgs/</c>,
/// <see cref="PastState"/> behind <c>at/&lt;moment&gt;/pkgs/</c>.
/// </summary>
internal abstract class CatalogState(ICatalogSnapshot snapshot)
{
    public ICatalogSnapshot Snapshot { get; } = snapshot;

    /// <summary>Names shown.</summary>
    public abstract int Count { get; }

    /// <summary>The directory that holds the names.</summary>
    public abstract NodeNumber Names { get; }

    /// <summary>How long a name holds, and that there is none.</summary>
    public abstract TimeSpan NameTimeout { get; }

    /// <summary>How long holds what is below a name.</summary>
    public abstract TimeSpan Timeout { get; }

    public abstract NodeNumber OfName(int index);

    /// <summary>The number of <c>latest</c> with the target that it has.</summary>
    public abstract NodeNumber OfLatest(int index, PackageEntry package);

    /// <param name="release">Its position among the package's releases.</param>
    /// <returns>False for one that this state cannot show.</returns>
    public abstract bool TryShow(int index, PackageEntry package, int release, out ShownRelease shown);

    public abstract bool TryFindName(NodeNumber number, out int index);

    /// <summary>Finds the release behind a link's or unresolved version's number.</summary>
    /// <param name="index">Of the name.</param>
    public abstract bool TryFindRelease(NodeNumber number, out int index, [NotNullWhen(true)] out PackageEntry? package, out int release);
}
