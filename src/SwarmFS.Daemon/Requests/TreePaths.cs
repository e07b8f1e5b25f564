using SwarmFS.Control;
using SwarmFS.Core;

namespace SwarmFS.Daemon.Requests;

/// <summary>An entry of a package tree that a person named.</summary>
internal readonly record struct FoundEntry(TreeTable Tree, int Row);

/// <summary>Follows paths into trees.</summary>
internal sealed class TreePaths(PackageFinder packages, IPackageContent content)
{
    /// <summary>Symlinks on one path (as the kernel: MAXSYMLINKS, path_resolution(7)).</summary>
    private const int SymlinksMax = 40;

    /// <param name="path">One that <see cref="TreePath.IsInTree"/>.</param>
    /// <param name="followLast">Whether a symlink at the end of the path is followed, as cat does and ls does not.</param>
    /// <exception cref="RequestException">There is no such path.</exception>
    public async Task<FoundEntry> FindAsync(TreePath path, bool followLast, CancellationToken cancellationToken)
    {
        var names = path.Names;
        var isPackage = names[0] == "pkgs";
        var root = isPackage ? await (await packages.AtAsync(path.Moment, cancellationToken)).FindAsync(names[1], names[2], cancellationToken) : new FoundRoot(ParseRoot(names[1]), null);
        var tree = await content.GetTreeAsync(root.Root, cancellationToken);
        return new FoundEntry(tree, Follow(tree, names[(isPackage ? 3 : 2)..], followLast));
    }

    private static Cid ParseRoot(string text) =>
        Cid.TryParse(text, out var cid, out var reason) ? cid : throw new RequestException(ControlErrors.Usage, $"'{text}' is not a CID: {reason}.");

    private static int Follow(TreeTable tree, string[] names, bool followLast)
    {
        var pending = new Stack<byte[]>(names.Reverse().Select(PathText.ToBytes));
        var (row, links) = (0, 0);
        while (pending.TryPop(out var name))
        {
            if (name.Length == 0 || name is [(byte)'.']) continue;
            if (name is [(byte)'.', (byte)'.'])
            {
                row = tree[row].Parent;
                continue;
            }
            if (tree[row].Kind != EntryKind.Directory) throw NotFound(names, "a part of it is no directory");
            if (!tree.TryFind(row, name, out var child)) throw NotFound(names, $"there is no {PathText.FromBytes(name)}");
            if (tree[child].Kind == EntryKind.Symlink && (followLast || pending.Count > 0))
            {
                if (++links > SymlinksMax) throw NotFound(names, "its symlinks go round in circles");
                var target = tree.SymlinkTarget(child);
                if (target.StartsWith("/"u8)) throw NotFound(names, $"it leads to {PathText.FromBytes(target)}, which is outside the package");
                foreach (var part in PathText.FromBytes(target).Split('/').Reverse()) pending.Push(PathText.ToBytes(part));
                continue;
            }
            row = child;
        }
        return row;
    }

    private static RequestException NotFound(string[] names, string reason) =>
        new(ControlErrors.NotFound, $"{(names.Length == 0 ? "/" : string.Join('/', names))} is not in this package: {reason}.");
}
