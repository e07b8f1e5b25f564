using System.Diagnostics.CodeAnalysis;
using SwarmFS.Core;
using SwarmFS.Fuse;
using SwarmFS.Images;

namespace SwarmFS.Mount;

/// <summary>
/// <c>cid/&lt;cid&gt;.erofs</c>: a tree as one file, which the kernel mounts (Linux 6.12) or a virtual machine has as its disk. It is not listed, as no tree by its root is.
/// Everybody may read it, but for one of a tree in which modes keep something from others: that is root's.
/// </summary>
internal sealed class ImageNodes(MountOptions options, IPackageContent content, Parking parking, MountMetrics metrics)
{
    private static readonly TimeSpan Forever = TimeSpan.MaxValue;

    private static ReadOnlySpan<byte> Suffix => ".erofs"u8;

    /// <summary>Takes the root's name off an image's.</summary>
    public static bool TryTrim(ref ReadOnlySpan<byte> name)
    {
        if (!name.EndsWith(Suffix)) return false;
        name = name[..^Suffix.Length];
        return true;
    }

    public FuseResult Lookup(MountedPackage package, ref FuseEntry entry)
    {
        if (!TryGet(package, out var image)) return FuseResult.Error(Errno.EFBIG);
        entry = VirtualEntries.File(NodeNumber.Image(package.Slot), image.Size, DateTimeOffset.UnixEpoch, Forever);
        if (package.IsForSome) entry.Attributes.Mode = FileModes.Regular | 0x100;
        return FuseResult.Ok;
    }

    public FuseResult GetAttributes(MountedPackage package, ref FuseAttributes attributes)
    {
        var entry = default(FuseEntry);
        var result = Lookup(package, ref entry);
        attributes = entry.Attributes;
        return result;
    }

    private bool TryGet(MountedPackage package, [NotNullWhen(true)] out ErofsImage? image)
    {
        try
        {
            image = package.Image(options.ApplySpecialBits);
            return true;
        }
        catch (ImageTooLargeException)
        {
            image = null;
            return false;
        }
    }

    public FuseResult Read(ref FuseRequest request, MountedPackage package, long offset, Span<byte> destination)
    {
        if (!TryGet(package, out var image)) return FuseResult.Error(Errno.EFBIG);
        var at = 0;
        while (image.Next(offset + at, destination[at..]) is { Length: > 0 } piece)
        {
            if (piece.Row >= 0 && content.TryRead(package.Tree, piece.Row, piece.Offset, destination.Slice(at, piece.Length)) < piece.Length)
                return parking.ForImage(ref request, package, image, offset, destination.Length);
            at += piece.Length;
        }
        metrics.LocalRead(at);
        return FuseResult.Bytes(at);
    }
}
