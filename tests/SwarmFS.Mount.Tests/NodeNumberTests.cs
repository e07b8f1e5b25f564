using FsCheck;
using FsCheck.Fluent;
using SwarmFS.Core;

namespace SwarmFS.Mount.Tests;

public class NodeNumberTests
{
    [Fact]
    public void A_package_number_gives_back_its_parts_and_stays_positive() =>
        Prop.ForAll<uint, uint, int>((slot, view, row) =>
        {
            Bound(ref slot, ref view, ref row);
            var number = NodeNumber.Directory(slot, view, row);
            return number.Kind == NodeKind.Package && number.Slot == slot && number.View == view && number.Row == row && (long)number.Value > 0;
        }).QuickCheckThrowOnFailure();

    private static void Bound(ref uint slot, ref uint view, ref int row)
    {
        slot = 1 + (slot % INodeSlots.MaxSlot);
        view %= 1 << 17;
        row &= Limits.EntriesPerTree - 1;
    }

    [Fact]
    public void An_image_has_the_slot_of_its_tree_and_a_row_that_no_entry_has()
    {
        foreach (var slot in new[] { 1u, 77u, INodeSlots.MaxSlot })
        {
            var image = NodeNumber.Image(slot);
            (image.Kind, image.Slot).ShouldBe((NodeKind.Image, slot));
            image.Row.ShouldBeGreaterThanOrEqualTo(Limits.EntriesPerTree);
        }
    }

    [Fact]
    public void A_named_number_tells_its_kind_and_depends_on_the_name_alone() =>
        Prop.ForAll<NonNull<string>, NonNull<string>>((name, version) =>
            new[] { NodeKind.Name, NodeKind.Latest, NodeKind.Status, NodeKind.Unresolved }.All(kind =>
            {
                var number = NodeNumber.Of(kind, name.Get, version.Get);
                return number.Kind == kind && number == NodeNumber.Of(kind, name.Get, version.Get) && (long)number.Value > 0;
            })).QuickCheckThrowOnFailure();

    [Fact]
    public void A_number_of_the_past_gives_back_its_moment_its_name_and_its_release() =>
        Prop.ForAll<uint, bool, (int Index, int Release)>((seconds, isDay, place) =>
            new[] { NodeKind.Moment, NodeKind.PastName, NodeKind.PastLatest, NodeKind.PastUnresolved }.All(kind =>
            {
                var (moment, index, release) = (new Moment(seconds, isDay), place.Index & (NodeNumber.PastNamesMax - 1), place.Release & (NodeNumber.PastReleasesMax - 1));
                var number = NodeNumber.OfPast(kind, moment, index, release);
                return number.Kind == kind && number.Moment == moment && number.PastIndex == index && number.PastRelease == release && (long)number.Value > 0;
            })).QuickCheckThrowOnFailure();

    [Fact]
    public void One_release_has_another_view_on_every_day_and_now()
    {
        var first = Moment.DayOf(DateTimeOffset.UnixEpoch.AddYears(56));
        var views = Enumerable.Range(0, 3650).Select(day => NodeNumber.ViewOf("a", "1", first with { Seconds = first.Seconds + (uint)(day * Moment.SecondsPerDay) }));
        views.Append(NodeNumber.ViewOf("a", "1")).Distinct().Count().ShouldBe(3651);
    }

    [Fact]
    public void Name_and_version_do_not_run_into_each_other() =>
        NodeNumber.Of(NodeKind.Latest, "a", "b1").ShouldNotBe(NodeNumber.Of(NodeKind.Latest, "ab", "1"));

    [Fact]
    public void Leaves_are_the_same_in_all_places_and_directories_are_not()
    {
        NodeNumber.Leaf(5, 7).View.ShouldBe(NodeNumber.CidView);
        NodeNumber.Directory(5, NodeNumber.ViewOf("a", "1"), 7).ShouldNotBe(NodeNumber.Directory(5, NodeNumber.ViewOf("a", "2"), 7));
        NodeNumber.ViewOf("a", "1").ShouldNotBe(NodeNumber.CidView);
    }

    [Fact]
    public void Numbers_of_one_root_rise_with_the_rows_whatever_they_stand_for() =>
        Prop.ForAll<uint, uint, int>((slot, view, row) =>
        {
            Bound(ref slot, ref view, ref row);
            return NodeNumber.Leaf(slot, row).Value < NodeNumber.Directory(slot, view, row + 1).Value
                && NodeNumber.Directory(slot, view, row).Value < NodeNumber.Leaf(slot, row + 1).Value;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_fixed_directories_are_no_package() =>
        new[] { NodeNumber.Top, NodeNumber.Packages, NodeNumber.Cids, NodeNumber.StatusDirectory, NodeNumber.At }.ShouldAllBe(n => n.Kind == NodeKind.Fixed);

    [Fact]
    public void A_slot_is_given_once_and_for_ever()
    {
        var slots = new MemoryNodeSlots();
        var (first, second) = (Cid.Of(CidCodec.MessagePack, "1"u8), Cid.Of(CidCodec.MessagePack, "2"u8));
        slots.GetOrAdd(first).ShouldBe(1u);
        slots.GetOrAdd(second).ShouldBe(2u);
        slots.GetOrAdd(first).ShouldBe(1u);
        slots.TryGetRoot(2, out var root).ShouldBeTrue();
        root.ShouldBe(second);
        slots.TryGetRoot(3, out _).ShouldBeFalse();
        slots.TryGetSlot(Cid.Of(CidCodec.MessagePack, "3"u8), out _).ShouldBeFalse();
    }
}
