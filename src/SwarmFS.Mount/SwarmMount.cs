using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using SwarmFS.Catalog;
using SwarmFS.Core;
using SwarmFS.Fuse;

namespace SwarmFS.Mount;

/// <summary>
/// The tree that people see, as the kernel asks for it:
/// <code>
/// pkgs/&lt;name&gt;/&lt;version&gt;/…   pkgs/&lt;name&gt;/latest -> &lt;version&gt;   at/&lt;moment&gt;/pkgs/…   cid/&lt;cid&gt;/…   cid/&lt;cid&gt;.erofs   .status/&lt;file&gt;
/// </code>
/// Participants: <see cref="NodeNumber"/> says what an inode number names; <see cref="CatalogNodes"/> and <see cref="VersionNodes"/> answer for the names of
/// whichever <see cref="CatalogState"/> a number belongs to, <see cref="UnresolvedNodes"/>, <see cref="PackageNodes"/>, <see cref="ImageNodes"/>, <see cref="MomentNodes"/> and <see cref="StatusNodes"/> for their parts;
/// <see cref="PackageTrees"/> holds the trees in use; <see cref="Parking"/> holds requests that must wait; <see cref="SmallFilePush"/>, <see cref="CatalogInvalidation"/> and
/// <see cref="ReadAheadWindow"/> tell the kernel what it did not ask.
/// Goals: nothing at hand waits or allocates; what is in a version is told to the kernel once and for ever; what changes is seen at once.
/// Non-goals: writing; state per lookup; any knowledge of where content comes from.
/// </summary>
public sealed class SwarmMount : FuseHandler, IDisposable
{
    private readonly MountOptions _options;
    private readonly ICatalog _catalog;
    private readonly IPackageContent _content;
    private readonly ILogger _logger;
    private readonly MountMetrics _metrics;
    private readonly PackageTrees _trees;
    private readonly PackageNodes _packages;
    private readonly ImageNodes _images;
    private readonly PastStates _past;
    private readonly CatalogNodes _names;
    private readonly VersionNodes _versions;
    private readonly UnresolvedNodes _unresolved;
    private readonly MomentNodes _moments;
    private readonly GivenNumbers _given = new();
    private readonly StatusNodes _status;
    private readonly ReadAheadWindow _window;
    private readonly Parking _parking;
    private readonly BackingFiles _backing;
    private readonly SmallFilePush _push;
    private readonly FixedNodes _fixed;
    private readonly INodeSlots _slots;
    private readonly TimeProvider _time;
    private CatalogInvalidation? _invalidation;

    public SwarmMount(
        MountOptions options, ICatalog catalog, IPackageContent content, INodeSlots slots, IStatusFiles status,
        TimeProvider time, ILoggerFactory loggers, IMeterFactory meters)
    {
        _options = options;
        _catalog = catalog;
        _content = content;
        _slots = slots;
        _time = time;
        _logger = loggers.CreateLogger("SwarmFS.Mount");
        _metrics = new MountMetrics(meters);
        _trees = new PackageTrees(options, content, slots, time);
        _metrics.Observe(_trees);
        _packages = new PackageNodes(options);
        _status = new StatusNodes(status, time);
        _window = new ReadAheadWindow(options, time, _logger);
        _push = new SmallFilePush(content, time, _metrics, _logger);
        _parking = new Parking(catalog, content, _trees, _window, _push, _metrics, _logger);
        _images = new ImageNodes(options, content, _parking, _metrics);
        _backing = new BackingFiles(content, _logger);
        _past = new PastStates(catalog, options.CatalogTimeout, time);
        var states = new CatalogStates(new CurrentStates(catalog, _given, options.CatalogTimeout), _past, _parking);
        var resolutions = new Resolutions();
        _names = new CatalogNodes(options, catalog, states, _given, _parking, time);
        _versions = new VersionNodes(states, slots, _trees, _packages, resolutions, _parking);
        _unresolved = new UnresolvedNodes(states, _trees, _packages, resolutions, _parking);
        _moments = new MomentNodes(options, catalog, _past, _parking);
        _fixed = new FixedNodes(_names, _moments, _status, _trees, _packages, _images, _parking, time);
    }

    /// <summary>What statfs(2) shows.</summary>
    public IMountFigures Figures { get; init; } = new NoFigures();

    public override FuseResult Lookup(ref FuseRequest request, ulong parent, ReadOnlySpan<byte> name, ref FuseEntry entry)
    {
        var node = new NodeNumber(parent);
        switch (node.Kind)
        {
            case NodeKind.Fixed:
                return _fixed.Lookup(ref request, node, name, ref entry);
            case NodeKind.Moment when node.PastIndex == PastStates.OfMoment:
                return _moments.Lookup(node, name, ref entry);
            case NodeKind.Moment:
                return _names.LookupName(ref request, node, name, ref entry);
            case NodeKind.Name or NodeKind.PastName:
                return _versions.Lookup(ref request, node, name, ref entry);
            case NodeKind.Unresolved or NodeKind.PastUnresolved:
                return _unresolved.Lookup(ref request, node, name, ref entry);
            case NodeKind.Package:
                return TryGetPackage(ref request, node, out var package, out var otherwise) ? _packages.Lookup(package, node, name, ref entry) : otherwise;
            default:
                return FuseResult.Error(Errno.ENOTDIR);
        }
    }

    public override FuseResult GetAttributes(ref FuseRequest request, ulong node, ref FuseAttributes attributes)
    {
        var number = new NodeNumber(node);
        switch (number.Kind)
        {
            case NodeKind.Package:
                if (!TryGetPackage(ref request, number, out var package, out var otherwise)) return otherwise;
                _packages.Fill(package, number, ref attributes);
                return FuseResult.Ok;
            case NodeKind.Image:
                return TryGetPackage(ref request, number, out var whole, out var instead) ? _images.GetAttributes(whole, ref attributes) : instead;
            case NodeKind.Name or NodeKind.PastName:
                return _names.GetName(ref request, number, ref attributes);
            case NodeKind.Latest or NodeKind.PastLatest or NodeKind.Unresolved or NodeKind.PastUnresolved:
                return _versions.Get(ref request, number, ref attributes);
            case NodeKind.Moment:
                attributes = _moments.Attributes(number);
                return FuseResult.Ok;
            case NodeKind.Status:
                return _status.TryGet(number, ref attributes) ? FuseResult.Ok : FuseResult.Error(Errno.ESTALE);
            default:
                return _fixed.TryGet(number, ref attributes) ? FuseResult.Ok : FuseResult.Error(Errno.ESTALE);
        }
    }

    public override FuseResult ReadLink(ref FuseRequest request, ulong node, Span<byte> target)
    {
        var number = new NodeNumber(node);
        if (number.Kind is NodeKind.Latest or NodeKind.PastLatest) return _versions.ReadLatest(ref request, number, target);
        if (number.Kind != NodeKind.Package) return FuseResult.Error(Errno.EINVAL);
        return TryGetPackage(ref request, number, out var package, out var otherwise) ? PackageNodes.ReadLink(package, number, target) : otherwise;
    }

    public override FuseResult Read(ref FuseRequest request, ulong node, ulong handle, long offset, Span<byte> destination)
    {
        var number = new NodeNumber(node);
        if (number.Kind == NodeKind.Status) return _status.Read(number, offset, destination);
        if (number.Kind is not (NodeKind.Package or NodeKind.Image)) return FuseResult.Error(Errno.EISDIR);
        if (!TryGetPackage(ref request, number, out var package, out var otherwise)) return otherwise;
        if (number.Kind == NodeKind.Image) return _images.Read(ref request, package, offset, destination);
        if (package.Tree[number.Row].Kind != EntryKind.File) return FuseResult.Error(Errno.EISDIR);
        var read = _content.TryRead(package.Tree, number.Row, offset, destination);
        if (read < 0) return _parking.ForRead(ref request, package, number.Row, offset, destination.Length);
        _metrics.LocalRead(read);
        _push.WasRead(package, number.Row, offset + read);
        return FuseResult.Bytes(read);
    }

    public override FuseResult ReadDirectory(ref FuseRequest request, ulong node, ulong handle, ulong offset, ref FuseDirectoryWriter writer)
    {
        var listing = new PlainListing(writer);
        var result = List(ref request, new NodeNumber(node), offset, ref listing);
        writer = listing.Writer;
        return result;
    }

    public override FuseResult ReadDirectoryPlus(ref FuseRequest request, ulong node, ulong handle, ulong offset, ref FuseDirectoryPlusWriter writer)
    {
        var listing = new PlusListing(writer);
        var result = List(ref request, new NodeNumber(node), offset, ref listing);
        writer = listing.Writer;
        return result;
    }

    private FuseResult List<T>(ref FuseRequest request, NodeNumber node, ulong offset, ref T listing)
        where T : IListing, allows ref struct
    {
        switch (node.Kind)
        {
            case NodeKind.Fixed:
                return _fixed.List(ref request, node, offset, ref listing);
            case NodeKind.Moment when node.PastIndex == PastStates.OfMoment:
                _moments.List(node, offset, ref listing);
                return FuseResult.Ok;
            case NodeKind.Moment:
                return _names.List(ref request, node, NodeNumber.OfPast(NodeKind.Moment, node.Moment, PastStates.OfMoment, 0), offset, ref listing);
            case NodeKind.Name or NodeKind.PastName:
                return _versions.List(ref request, node, offset, ref listing);
            case NodeKind.Unresolved or NodeKind.PastUnresolved:
                return _unresolved.TryEnter(ref request, node, out var entered, out var root, out var instead) ? ListPackage(entered, root, node, offset, ref listing) : instead;
            case NodeKind.Package:
                return TryGetPackage(ref request, node, out var package, out var otherwise) ? ListPackage(package, node, node, offset, ref listing) : otherwise;
            default:
                return FuseResult.Error(Errno.ENOTDIR);
        }
    }

    private FuseResult ListPackage<T>(MountedPackage package, NodeNumber directory, NodeNumber self, ulong offset, ref T listing)
        where T : IListing, allows ref struct
    {
        if (package.Tree[directory.Row].Kind != EntryKind.Directory) return FuseResult.Error(Errno.ENOTDIR);
        var isAtEnd = _packages.List(package, directory, self, Parent(package, directory), offset, ref listing);
        if (isAtEnd)
        {
            _content.NoteListed(package.Tree, directory.Row);
            _push.Listed(package, directory.Row);
        }
        return FuseResult.Ok;
    }

    private static NodeNumber Parent(MountedPackage package, NodeNumber node)
    {
        if (node.Row == 0) return package.ParentOfRoot(node.View);
        var parent = package.Tree[node.Row].Parent;
        return parent == 0 ? package.RootIn(node.View) : NodeNumber.Directory(package.Slot, node.View, parent);
    }

    public override FuseResult Open(ref FuseRequest request, ulong node, int flags, ref FuseOpened opened)
    {
        if (!_options.Passthrough) return FuseResult.NotImplemented;
        var number = new NodeNumber(node);
        opened.KeepCache = true;
        if (number.Kind != NodeKind.Package) return FuseResult.Ok;
        if (!TryGetPackage(ref request, number, out var package, out var otherwise)) return otherwise;
        opened.BackingId = _backing.Open(number, package);
        opened.KeepCache = opened.BackingId == 0;
        return FuseResult.Ok;
    }

    public override void Release(ulong node, ulong handle) => _backing.Release(new NodeNumber(node));

    public override FuseResult GetStatistics(ref FuseRequest request, ulong node, ref FuseStatistics statistics)
    {
        const uint blockSize = 4096;
        statistics.BlockSize = blockSize;
        statistics.NameLength = Limits.NameLength;
        statistics.Blocks = (ulong)Math.Max(Figures.CapacityBytes, Figures.UsedBytes) / blockSize;
        statistics.BlocksFree = (ulong)Math.Max(Figures.CapacityBytes - Figures.UsedBytes, 0) / blockSize;
        return FuseResult.Ok;
    }

    public override FuseResult GetXattr(ref FuseRequest request, ulong node, ReadOnlySpan<byte> name, Span<byte> value)
    {
        if (!_options.Xattrs) return FuseResult.NotImplemented;
        var number = new NodeNumber(node);
        if (number.Kind is NodeKind.Unresolved or NodeKind.PastUnresolved) return _unresolved.GetXattr(ref request, number, name, value);
        if (number.Kind != NodeKind.Package) return FuseResult.Error(Errno.ENODATA);
        return TryGetPackage(ref request, number, out var package, out var otherwise) ? PackageXattrs.Get(package, number, name, value) : otherwise;
    }

    public override FuseResult ListXattrs(ref FuseRequest request, ulong node, Span<byte> names)
    {
        if (!_options.Xattrs) return FuseResult.NotImplemented;
        var number = new NodeNumber(node);
        if (number.Kind != NodeKind.Package) return FuseResult.Ok;
        return TryGetPackage(ref request, number, out var package, out var otherwise) ? PackageXattrs.List(package, number, names) : otherwise;
    }

    /// <summary>The package that a number lies in; when it has to be fetched first, the request is parked and <paramref name="otherwise"/> says so.</summary>
    private bool TryGetPackage(ref FuseRequest request, NodeNumber node, [NotNullWhen(true)] out MountedPackage? package, out FuseResult otherwise)
    {
        otherwise = FuseResult.Error(Errno.ESTALE);
        if (_trees.TryGet(node.Slot, out package)) return node.Kind == NodeKind.Image || node.Row < package.Tree.Count;
        if (_slots.TryGetRoot(node.Slot, out var root)) otherwise = _parking.ForTree(ref request, root);
        return false;
    }

    public override void Started(FuseSession session)
    {
        _backing.Attach(session);
        _window.Attach(session.SetReadAhead);
        _invalidation = new CatalogInvalidation(_catalog, _given, session, _time, _logger);
        if (_options.PushSmallFiles) _push.Attach(session);
        _logger.Started(_options.LocalReadAheadKiB, Math.Min(_options.RemoteReadAheadKiB, session.MaxReadAheadBytes >> 10), _options.Xattrs, _options.Passthrough, _options.PushSmallFiles);
    }

    public override void Stopped()
    {
        _push.Dispose();
        _invalidation?.Dispose();
    }

    public void Dispose()
    {
        Stopped();
        _window.Dispose();
        _trees.Dispose();
    }
}
