using System.Text;
using SwarmFS.Catalog;
using SwarmFS.Core;
using SwarmFS.Fuse;

namespace SwarmFS.Mount;

/// <summary>
/// The directories of names, <c>pkgs/</c> and those below moments: one piece of code over any <see cref="CatalogState"/>. Listing makes nothing but a number for each name, so that
/// 63,440 of them cost no memory here and no inodes in the kernel; who looks each up while he lists gets the attributes along.
/// </summary>
internal sealed class CatalogNodes(MountOptions options, ICatalog catalog, CatalogStates states, GivenNumbers given, Parking parking, TimeProvider time)
{
    private readonly Absences _absences = new(time);
    private readonly ListingCallers _callers = new();

    public FuseEntry Packages()
    {
        var snapshot = catalog.Current;
        return VirtualEntries.Directory(NodeNumber.Packages, (uint)snapshot.Count + 2, snapshot.Changed, options.CatalogTimeout);
    }

    public FuseResult LookupName(ref FuseRequest request, NodeNumber directory, ReadOnlySpan<byte> name, ref FuseEntry entry)
    {
        if (!states.TryGet(ref request, directory, out var state, out var otherwise)) return otherwise;
        var index = state.Snapshot.IndexOf(name);
        if (index >= 0 && index < state.Count)
        {
            entry = Shown(state, index);
            _callers.LookedUp();
            return FuseResult.Ok;
        }
        entry = VirtualEntries.Absent(state.NameTimeout);
        if (state is not CurrentState) return FuseResult.Ok;
        var number = NodeNumber.Of(NodeKind.Name, name);
        if (MayExistElsewhere(name) && !_absences.Contains(number)) return parking.ForName(ref request, name.ToArray(), _absences);
        given.Tell(number, exists: false);
        return FuseResult.Ok;
    }

    /// <summary>A light node knows only the names that were asked for.</summary>
    private bool MayExistElsewhere(ReadOnlySpan<byte> name)
    {
        if (!catalog.IsPartial) return false;
        Span<char> text = stackalloc char[PackageNames.NameLengthMax];
        return name.Length <= text.Length && Encoding.ASCII.TryGetChars(name, text, out var length) && PackageNames.IsName(text[..length]);
    }

    public FuseResult GetName(ref FuseRequest request, NodeNumber number, ref FuseAttributes attributes)
    {
        if (!states.TryGet(ref request, number, out var state, out var otherwise)) return otherwise;
        if (!state.TryFindName(number, out var index)) return FuseResult.Error(Errno.ESTALE);
        attributes = Entry(state, index).Attributes;
        return FuseResult.Ok;
    }

    public FuseResult List<T>(ref FuseRequest request, NodeNumber directory, NodeNumber parent, ulong offset, ref T listing)
        where T : IListing, allows ref struct
    {
        if (!states.TryGet(ref request, directory, out var state, out var otherwise)) return otherwise;
        var (within, generation) = (offset, 0UL);
        if (state is CurrentState) state = states.Current.Resume(offset, out within, out generation);
        var isFull = _callers.WantsAttributes(request.Pid, isFirst: offset == 0);
        if (!ListingOffsets.TryAddDots(ref listing, ref within, directory, parent)) return FuseResult.Ok;
        for (var i = within - ListingOffsets.FirstEntry; i < (ulong)state.Count; i++)
        {
            var entry = isFull ? Shown(state, (int)i) : VirtualEntries.Listed(state.OfName((int)i), FileModes.Directory);
            if (!listing.TryAdd(state.Snapshot.NameAt((int)i), entry, generation + i + 1 + ListingOffsets.FirstEntry)) break;
        }
        return FuseResult.Ok;
    }

    /// <summary>As the kernel is about to hold it.</summary>
    private FuseEntry Shown(CatalogState state, int index)
    {
        var entry = Entry(state, index);
        if (state is CurrentState) given.Tell(new NodeNumber(entry.NodeId), exists: true);
        return entry;
    }

    private static FuseEntry Entry(CatalogState state, int index)
    {
        var package = state.Snapshot[index];
        var entry = VirtualEntries.Directory(state.OfName(index), (uint)package.Releases.Count + 2, package.Latest.Published, state.Timeout);
        entry.Timeout = state.NameTimeout;
        return entry;
    }
}
