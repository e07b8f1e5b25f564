using System.Text;
using SwarmFS.Catalog;
using SwarmFS.Core;
using SwarmFS.Fuse;

namespace SwarmFS.Mount;

/// <summary><c>at/</c> lists the days of the catalogue's past; any other moment can be looked up. <c>at/&lt;moment&gt;/</c> holds <c>pkgs/</c> as it was.</summary>
internal sealed class MomentNodes(MountOptions options, ICatalog catalog, PastStates past, Parking parking)
{
    private static readonly TimeSpan Forever = TimeSpan.MaxValue;

    private static ReadOnlySpan<byte> NamesName => "pkgs"u8;

    public FuseEntry At()
    {
        var entry = VirtualEntries.Directory(NodeNumber.At, (uint)catalog.Moments.Count + 2, catalog.Current.Changed, options.CatalogTimeout);
        entry.Timeout = Forever;
        return entry;
    }

    public FuseResult LookupMoment(ref FuseRequest request, ReadOnlySpan<byte> name, ref FuseEntry entry)
    {
        entry = VirtualEntries.Absent(options.CatalogTimeout);
        if (!Moment.TryParse(name, out var moment)) return FuseResult.Ok;
        var answer = past.Find(moment, out _);
        if (answer == MomentAnswer.Unknown) return parking.ForMoment(ref request, moment, past);
        if (answer == MomentAnswer.Present) entry = Entry(moment, PastStates.OfMoment);
        return FuseResult.Ok;
    }

    public FuseResult Lookup(NodeNumber directory, ReadOnlySpan<byte> name, ref FuseEntry entry)
    {
        entry = name.SequenceEqual(NamesName) ? Entry(directory.Moment, PastStates.OfNames) : VirtualEntries.Absent(Forever);
        return FuseResult.Ok;
    }

    public FuseAttributes Attributes(NodeNumber number) => Entry(number.Moment, number.PastIndex).Attributes;

    /// <summary>As old as what it shows. The names are not counted: a link count of one says so.</summary>
    private FuseEntry Entry(Moment moment, int which)
    {
        var modified = past.NewestOf(moment)?.Snapshot.Changed ?? moment.Time;
        var timeout = past.IsOver(moment) ? Forever : options.CatalogTimeout;
        return VirtualEntries.Directory(NodeNumber.OfPast(NodeKind.Moment, moment, which, 0), which == PastStates.OfMoment ? 3u : 1u, modified, timeout);
    }

    public void ListMoments<T>(ulong offset, ref T listing)
        where T : IListing, allows ref struct
    {
        if (!ListingOffsets.TryAddDots(ref listing, ref offset, NodeNumber.At, NodeNumber.Top)) return;
        var days = catalog.Moments;
        for (var i = offset - ListingOffsets.FirstEntry; i < (ulong)days.Count; i++)
        {
            if (!Moment.TryParse(days[(int)i], out var day)) continue;
            var entry = VirtualEntries.Listed(NodeNumber.OfPast(NodeKind.Moment, day, PastStates.OfMoment, 0), FileModes.Directory);
            if (!listing.TryAdd(Encoding.ASCII.GetBytes(days[(int)i]), entry, i + 1 + ListingOffsets.FirstEntry)) return;
        }
    }

    public void List<T>(NodeNumber directory, ulong offset, ref T listing)
        where T : IListing, allows ref struct
    {
        if (!ListingOffsets.TryAddDots(ref listing, ref offset, directory, NodeNumber.At)) return;
        if (offset == ListingOffsets.FirstEntry) listing.TryAdd(NamesName, Entry(directory.Moment, PastStates.OfNames), offset + 1);
    }
}
