using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.Logging;
using SwarmFS.Catalog;
using SwarmFS.Core;
using SwarmFS.Fuse;
using SwarmFS.Images;

namespace SwarmFS.Mount;

/// <summary>
/// Requests that need what is not here yet: each is parked, the work runs on the pool, and the request is retried or answered from there. Its caller's death cancels the work.
/// </summary>
internal sealed class Parking(ICatalog catalog, IPackageContent content, PackageTrees trees, ReadAheadWindow window, SmallFilePush push, MountMetrics metrics, ILogger logger)
{
    private readonly FailureLog _failures = new(logger);
    private readonly SharedWork<NodeNumber> _resolving = new();
    private readonly SharedWork<NodeNumber> _finding = new();
    private readonly SharedWork<Moment> _recalling = new();

    /// <summary>Until the root of this version is known, found or made once for all who wait for it. A failure is told to them and not remembered.</summary>
    public FuseResult ForResolution(ref FuseRequest request, NodeNumber version, Release release, Resolutions resolutions)
    {
        var parked = request.Park();
        metrics.ResolutionAwaited();
        Run(parked, $"{release.Name} {release.Version}", () => _resolving.JoinAsync(
            version, async cancelled => resolutions.Add(version, await catalog.ResolveAsync(release, cancelled)), parked.Cancelled));
        return FuseResult.Parked;
    }

    /// <summary>Until a light node knows whether there is such a name.</summary>
    public FuseResult ForName(ref FuseRequest request, byte[] name, Absences absences)
    {
        var parked = request.Park();
        var number = NodeNumber.Of(NodeKind.Name, name);
        Run(parked, Encoding.ASCII.GetString(name), () => _finding.JoinAsync(number, cancelled => FindAsync(name, number, absences, cancelled), parked.Cancelled));
        return FuseResult.Parked;
    }

    private async Task FindAsync(byte[] name, NodeNumber number, Absences absences, CancellationToken cancellationToken)
    {
        var found = await catalog.FindAsync(name, cancellationToken);
        if (found is null) absences.Add(number);
        else if (catalog.Current.IndexOf(name) < 0) throw new InvalidOperationException("The catalogue found a name that it does not list.");
    }

    /// <summary>Until the state of a moment is known.</summary>
    public FuseResult ForMoment(ref FuseRequest request, Moment moment, PastStates past)
    {
        var parked = request.Park();
        Run(parked, moment, () => _recalling.JoinAsync(moment, cancelled => past.AskAsync(moment, cancelled), parked.Cancelled));
        return FuseResult.Parked;
    }

    /// <summary>Until the tree of this root is in memory.</summary>
    public FuseResult ForTree(ref FuseRequest request, Cid root)
    {
        var parked = request.Park();
        metrics.TreeAwaited();
        Run(parked, root, async () =>
        {
            trees.Add(await content.GetTreeAsync(root, parked.Cancelled));
            if (!content.IsComplete(root)) window.Remote();
        });
        return FuseResult.Parked;
    }

    /// <param name="length">Bytes asked for.</param>
    public FuseResult ForRead(ref FuseRequest request, MountedPackage package, int row, long offset, int length)
    {
        var end = Math.Min(offset + length, package.Tree[row].Size);
        package.MarkPushed(row);
        return ForContent(
            ref request, package, (int)(end - offset),
            (buffer, patience, cancelled) => content.ReadAsync(package.Tree, row, offset, buffer, patience, cancelled), () => push.WasRead(package, row, end));
    }

    /// <param name="length">Bytes asked for.</param>
    public FuseResult ForImage(ref FuseRequest request, MountedPackage package, ErofsImage image, long offset, int length) =>
        ForContent(
            ref request, package, (int)Math.Min(length, image.Size - offset),
            (buffer, patience, cancelled) => ReadImageAsync(package, image, offset, buffer, patience, cancelled), static () => { });

    /// <summary>All files that the range touches are asked for at once.</summary>
    private async ValueTask<int> ReadImageAsync(MountedPackage package, ErofsImage image, long offset, Memory<byte> buffer, TimeSpan patience, CancellationToken cancelled)
    {
        var (at, reads) = (0, new List<Task>());
        while (image.Next(offset + at, buffer.Span[at..]) is { Length: > 0 } piece)
        {
            if (piece.Row >= 0) reads.Add(ReadPieceAsync(package.Tree, piece, buffer.Slice(at, piece.Length), patience, cancelled));
            at += piece.Length;
        }
        await Task.WhenAll(reads);
        return at;
    }

    private async Task ReadPieceAsync(TreeTable tree, ImagePiece piece, Memory<byte> destination, TimeSpan patience, CancellationToken cancelled)
    {
        var read = await content.ReadAsync(tree, piece.Row, piece.Offset, destination, patience, cancelled);
        if (read < destination.Length) throw new InvalidTreeException($"A file of {tree.Root} ends before the size that its directory tells.");
    }

    private delegate ValueTask<int> RemoteRead(Memory<byte> buffer, TimeSpan patience, CancellationToken cancelled);

    private FuseResult ForContent(ref FuseRequest request, MountedPackage package, int length, RemoteRead read, Action answered)
    {
        var parked = request.Park();
        metrics.ReadAwaited();
        window.Remote();
        var since = Stopwatch.GetTimestamp();
        _ = Task.Run(() => ReadAsync(parked, package, length, read, answered, since));
        return FuseResult.Parked;
    }

    private async Task ReadAsync(ParkedRequest parked, MountedPackage package, int length, RemoteRead read, Action answered, long since)
    {
        var cancelled = parked.Cancelled;
        byte[]? buffer = null;
        var (entered, delivered) = (false, false);
        try
        {
            var patience = await package.RemoteReads.EnterAsync(since, cancelled);
            entered = true;
            buffer = BlockBuffers.Shared.Rent(length);
            var count = await read(buffer.AsMemory(0, length), patience, cancelled);
            delivered = true;
            metrics.RemoteBytes(count);
            parked.Complete(buffer.AsSpan(0, count));
            answered();
        }
        catch (Exception failure)
        {
            Fail(parked, failure, package.Tree.Root);
        }
        finally
        {
            if (buffer is not null) BlockBuffers.Shared.Return(buffer);
            if (entered) package.RemoteReads.Leave(delivered);
        }
    }

    private void Run<T>(ParkedRequest parked, T subject, Func<Task> work)
        where T : notnull =>
        _ = Task.Run(async () =>
        {
            try
            {
                await work();
                parked.Retry();
            }
            catch (Exception failure)
            {
                Fail(parked, failure, subject);
            }
        });

    private void Fail(ParkedRequest parked, Exception failure, object subject)
    {
        var errno = MountErrors.Of(failure);
        if (errno != Errno.EINTR)
        {
            metrics.Failure();
            _failures.Tell(subject, failure, errno);
        }
        parked.Fail(errno);
    }
}
