using System.Text;
using FsCheck;
using FsCheck.Fluent;
using SwarmFS.Core;

namespace SwarmFS.Catalog.Tests;

public class SnapshotTests
{
    private static readonly Dictionary<string, string> NoPins = [];

    private static PackageTable Table(string ofNamespace, params IEnumerable<(string Name, string Version, string Content)> rows)
    {
        var table = new PackageTable.Builder(ofNamespace, "importer", TestImporter.Day(1));
        foreach (var (name, version, content) in rows)
            table.Add(Encoding.ASCII.GetBytes(name), Encoding.ASCII.GetBytes(version), TestImporter.Deb(content), Encoding.ASCII.GetBytes($"pool/{name}.deb"));
        return table.Finish();
    }

    private static PackedSnapshot Snapshot(IReadOnlyList<IReadOnlyList<PackageTable>> groups, Dictionary<string, string>? pins = null, Func<ArtifactDigest, Cid?>? tree = null)
    {
        var builder = new SnapshotBuilder();
        foreach (var group in groups)
        {
            builder.BeginGroup();
            foreach (var table in group) builder.Add(table);
        }
        return builder.Finish(pins ?? NoPins, TestImporter.Day(1), tree ?? (_ => null));
    }

    [Fact]
    public void Names_ascend_by_bytes_and_versions_by_Debians_order()
    {
        var snapshot = Snapshot([[Table("debian/a", ("zlib1g", "1", "z"), ("Tool", "1", "T"), ("a0", "1.10", "a"), ("a0", "1%3a0.1", "b"), ("g++-12", "1", "g"), ("g+", "1", "h"), ("a0", "1.9", "c"))]]);
        TestNode.Listing(snapshot).ShouldBe(["Tool 1", "a0 1.9 1.10 1%3a0.1", "g+ 1", "g++-12 1", "zlib1g 1"]);
        snapshot.IndexOf("a0"u8).ShouldBe(1);
        snapshot.IndexOf("b"u8).ShouldBe(~2);
        Encoding.ASCII.GetString(snapshot.NameAt(4)).ShouldBe("zlib1g");
        snapshot[1].Latest.Version.ShouldBe("1%3a0.1");
        snapshot[1].Releases[0].ShouldBe(new Release("a0", "1.9", null, "importer", TestImporter.Day(1)) { Artifact = TestImporter.Deb("c"), Namespace = "debian/a", Filename = "pool/a0.deb" });
    }

    [Fact]
    public void A_tree_that_becomes_known_is_seen_without_building_anything()
    {
        Cid? root = null;
        var snapshot = Snapshot([[Table("debian/a", ("gedit", "1", "g"))]], tree: _ => root);
        snapshot[0].Latest.Root.ShouldBeNull();
        root = TestImporter.Root("g");
        snapshot[0].Latest.Root.ShouldBe(root);
    }

    [Fact]
    public void A_pin_changes_what_is_latest_and_that_is_a_difference()
    {
        IReadOnlyList<IReadOnlyList<PackageTable>> groups = [[Table("debian/a", ("gedit", "1", "g"), ("gedit", "2", "h"), ("tool", "1", "t"))]];
        var pinned = Snapshot(groups, new() { ["gedit"] = "1" });
        pinned[0].Latest.Version.ShouldBe("1");
        pinned.NamesThatDiffer(Snapshot(groups)).ShouldBe(["gedit"]);
        Snapshot(groups).NamesThatDiffer(Snapshot(groups)).ShouldBeEmpty();
    }

    /// <summary>Groups of tables of (name, version, content), each a small number.</summary>
    private static string[] Model(byte[][][] groups) =>
        [.. groups.SelectMany((group, number) => group.SelectMany((table, order) => table.Select(row => (Group: number, Order: order, Name: $"n{row % 8}", Version: $"{row / 8 % 4}", Content: $"{number} {order} {row}"))))
            .GroupBy(row => row.Name).OrderBy(name => name.Key, StringComparer.Ordinal)
            .Select(name => name.Where(row => row.Group == name.Min(first => first.Group)))
            .Select(name => string.Join(' ', name.GroupBy(row => row.Version).OrderBy(version => version.Key, StringComparer.Ordinal).Select(version => version.Key).Prepend(name.First().Name)))];

    private static PackedSnapshot Packed(byte[][][] groups) =>
        Snapshot([.. groups.Select((group, number) => (IReadOnlyList<PackageTable>)[.. group.Select((table, order) => Table($"g{number}/t{order}", table.Select(row => ($"n{row % 8}", $"{row / 8 % 4}", $"{row}"))))])]);

    [Fact]
    public void Any_tables_are_put_together_as_the_rule_says()
    {
        Prop.ForAll<byte[][][]>(groups => TestNode.Listing(Packed(groups)).SequenceEqual(Model(groups))).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void What_differs_between_any_two_snapshots_is_what_a_comparison_of_all_names_finds()
    {
        Prop.ForAll<byte[][][], byte[][][]>((one, two) =>
        {
            var (left, right) = (Packed(one), Packed(two));
            var names = Enumerable.Range(0, left.Count).Select(i => left[i].Name).Union(Enumerable.Range(0, right.Count).Select(i => right[i].Name)).Order(StringComparer.Ordinal);
            var expected = names.Where(name => Show(left, name) != Show(right, name));
            return left.NamesThatDiffer(right).SequenceEqual(expected);
        }).QuickCheckThrowOnFailure();
    }

    private static string Show(PackedSnapshot snapshot, string name)
    {
        var index = snapshot.IndexOf(Encoding.ASCII.GetBytes(name));
        return index < 0 ? "" : string.Join(' ', snapshot[index].Releases.Select(release => $"{release.Version}={release.Artifact}"));
    }
}
