using System.Text;
using SwarmFS.Core;
using SwarmFS.Fuse;

namespace SwarmFS.Mount;

/// <summary>
/// Extended attributes inside a version: the tree's own, and <c>user.swarmfs.cid</c>, which tells the CID of a file, a directory or a whole package. The latter is answered but
/// not listed, so that <c>cp -a</c> does not write it into the copy.
/// </summary>
internal static class PackageXattrs
{
    public static ReadOnlySpan<byte> CidName => "user.swarmfs.cid"u8;

    public static FuseResult Get(MountedPackage package, NodeNumber node, ReadOnlySpan<byte> name, Span<byte> value)
    {
        if (name.SequenceEqual(CidName)) return GetCid(package, node, value);
        if (package.Tree.HasXattrs)
        {
            foreach (var xattr in package.Tree.Xattrs(node.Row))
            {
                if (xattr.Name.Span.SequenceEqual(name)) return Answer(xattr.Value.Span, value);
            }
        }
        return FuseResult.Error(Errno.ENODATA);
    }

    public static FuseResult List(MountedPackage package, NodeNumber node, Span<byte> names)
    {
        if (!package.Tree.HasXattrs) return FuseResult.Ok;
        var at = 0;
        foreach (var xattr in package.Tree.Xattrs(node.Row))
        {
            var name = xattr.Name.Span;
            if (at + name.Length < names.Length)
            {
                name.CopyTo(names[at..]);
                names[at + name.Length] = 0;
            }
            at += name.Length + 1;
        }
        return FuseResult.Bytes(at);
    }

    private static FuseResult GetCid(MountedPackage package, NodeNumber node, Span<byte> value)
    {
        var cid = node.Row == 0 ? package.Tree.Root : package.Tree[node.Row].Content;
        return cid.IsNone ? FuseResult.Error(Errno.ENODATA) : Answer(Encoding.ASCII.GetBytes(cid.ToString()), value);
    }

    public static FuseResult Answer(ReadOnlySpan<byte> whole, Span<byte> value)
    {
        if (whole.Length <= value.Length) whole.CopyTo(value);
        return FuseResult.Bytes(whole.Length);
    }
}
