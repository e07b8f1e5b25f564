using System.Text;
using SwarmFS.Core;
using SwarmFS.Fuse;

namespace SwarmFS.Mount;

/// <summary>The top and the directories that are always below it.</summary>
internal sealed class FixedNodes(CatalogNodes catalog, MomentNodes moments, StatusNodes status, PackageTrees trees, PackageNodes packages, ImageNodes images, Parking parking, TimeProvider time)
{
    private static readonly TimeSpan Forever = TimeSpan.MaxValue;

    /// <summary>The longest text of a CID.</summary>
    private const int CidTextLength = 64;

    private static readonly (byte[] Name, NodeNumber Node)[] Names =
    [
        (".status"u8.ToArray(), NodeNumber.StatusDirectory),
        ("at"u8.ToArray(), NodeNumber.At),
        ("cid"u8.ToArray(), NodeNumber.Cids),
        ("pkgs"u8.ToArray(), NodeNumber.Packages),
    ];

    private readonly DateTimeOffset _mounted = time.GetUtcNow();

    public FuseResult Lookup(ref FuseRequest request, NodeNumber directory, ReadOnlySpan<byte> name, ref FuseEntry entry)
    {
        if (name.Length > Limits.NameLength) return FuseResult.Error(Errno.ENAMETOOLONG);
        if (directory == NodeNumber.Packages) return catalog.LookupName(ref request, directory, name, ref entry);
        if (directory == NodeNumber.At) return moments.LookupMoment(ref request, name, ref entry);
        if (directory == NodeNumber.Cids) return LookupCid(ref request, name, ref entry);
        if (directory == NodeNumber.StatusDirectory) status.Lookup(name, ref entry);
        else if (directory == NodeNumber.Top) LookupTop(name, ref entry);
        else return FuseResult.Error(Errno.ESTALE);
        return FuseResult.Ok;
    }

    private void LookupTop(ReadOnlySpan<byte> name, ref FuseEntry entry)
    {
        entry = VirtualEntries.Absent(Forever);
        foreach (var (known, node) in Names)
        {
            if (name.SequenceEqual(known)) entry = Entry(node);
        }
    }

    /// <summary>Any tree by its root, as a directory or as an image. What is no root's CID cannot come to exist, so the kernel may remember that.</summary>
    private FuseResult LookupCid(ref FuseRequest request, ReadOnlySpan<byte> name, ref FuseEntry entry)
    {
        entry = VirtualEntries.Absent(Forever);
        var isImage = ImageNodes.TryTrim(ref name);
        Span<char> text = stackalloc char[CidTextLength];
        if (name.Length > text.Length || !Encoding.ASCII.TryGetChars(name, text, out var length)) return FuseResult.Ok;
        if (!Cid.TryParse(text[..length], out var root, out _) || root.Codec != CidCodec.MessagePack) return FuseResult.Ok;
        if (!trees.TryGet(root, out var package)) return parking.ForTree(ref request, root);
        if (isImage) return images.Lookup(package, ref entry);
        entry = packages.Entry(package, NodeNumber.CidView, 0);
        return FuseResult.Ok;
    }

    public bool TryGet(NodeNumber node, ref FuseAttributes attributes)
    {
        if (node != NodeNumber.Top && !Names.Any(n => n.Node == node)) return false;
        attributes = Entry(node).Attributes;
        return true;
    }

    private FuseEntry Entry(NodeNumber node) =>
        node == NodeNumber.Packages ? catalog.Packages()
        : node == NodeNumber.At ? moments.At()
        : node == NodeNumber.StatusDirectory ? status.Directory()
        : VirtualEntries.Directory(node, node == NodeNumber.Top ? (uint)Names.Length + 2 : 2, _mounted, Forever);

    public FuseResult List<T>(ref FuseRequest request, NodeNumber directory, ulong offset, ref T listing)
        where T : IListing, allows ref struct
    {
        if (directory == NodeNumber.Packages) return catalog.List(ref request, directory, NodeNumber.Top, offset, ref listing);
        if (directory == NodeNumber.At) moments.ListMoments(offset, ref listing);
        else if (directory == NodeNumber.StatusDirectory) status.List(offset, ref listing);
        else if (directory == NodeNumber.Cids) ListingOffsets.TryAddDots(ref listing, ref offset, directory, NodeNumber.Top);
        else if (directory == NodeNumber.Top) ListTop(offset, ref listing);
        else return FuseResult.Error(Errno.ESTALE);
        return FuseResult.Ok;
    }

    private void ListTop<T>(ulong offset, ref T listing)
        where T : IListing, allows ref struct
    {
        if (!ListingOffsets.TryAddDots(ref listing, ref offset, NodeNumber.Top, NodeNumber.Top)) return;
        for (var i = offset - ListingOffsets.FirstEntry; i < (ulong)Names.Length; i++)
        {
            if (!listing.TryAdd(Names[i].Name, Entry(Names[i].Node), i + 1 + ListingOffsets.FirstEntry)) return;
        }
    }
}
