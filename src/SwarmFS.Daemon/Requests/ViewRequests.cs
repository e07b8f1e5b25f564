using SwarmFS.Control;
using SwarmFS.Fuse;

namespace SwarmFS.Daemon.Requests;

/// <summary><c>view</c>: where a tree's image is, for whoever has the kernel mount it.</summary>
internal sealed class ViewRequests(PackageFinder packages, string? mountPoint)
{
    /// <exception cref="RequestException">There is no such package, or no mount.</exception>
    public async Task<ViewReport> FindAsync(ViewRequest request, CancellationToken cancellationToken)
    {
        if (mountPoint is null) throw new RequestException(ControlErrors.Refused, "This node has no mount, and an image lies in it.", "Start the node with --mount.");
        var found = await packages.FindAsync(request.Subject, cancellationToken);
        var image = MountedViews.ImageOf(mountPoint, found.Root);
        var place = found.Release is { } release ? Path.Join(mountPoint, "pkgs", release.Name, release.Version) : Path.Join(mountPoint, "cid", found.Root.ToString());
        return new ViewReport(
            found.Root.ToString(), found.Release?.Name, found.Release?.Version, image, place,
            [.. MountedViews.Of(mountPoint).Where(view => view.Source == image).Select(view => view.MountPoint)]);
    }
}
