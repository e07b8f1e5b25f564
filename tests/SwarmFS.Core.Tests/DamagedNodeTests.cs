using SwarmFS.Testing;

namespace SwarmFS.Core.Tests;

/// <summary>Walks read nodes without hashing them again. One that has changed since it was verified is no malformed tree: it is dropped and counts as absent, so that it is fetched again.</summary>
public class DamagedNodeTests
{
    private readonly MemoryBlockStore _store = new();
    private readonly Cid _root;
    private readonly IReadOnlyList<Cid> _nodes;

    public DamagedNodeTests()
    {
        _root = SampleTree.Build(_store, SampleTree.Everything).Root;
        TreeLoader.TryLoad(_root, _store, [], out var table).ShouldBeTrue();
        _nodes = table!.DirectoryNodes;
    }

    public static TheoryData<int> Nodes => [0, 1, 2, 3];

    [Theory]
    [MemberData(nameof(Nodes))]
    public void A_tree_with_a_damaged_node_lacks_it(int which)
    {
        _store.Damage(_nodes[which]);
        List<Cid> missing = [];

        TreeLoader.TryLoad(_root, _store, missing, out var table).ShouldBeFalse();

        table.ShouldBeNull();
        missing.ShouldBe([_nodes[which]]);
        _store.Contains(_nodes[which]).ShouldBeFalse();
    }

    [Theory]
    [MemberData(nameof(Nodes))]
    public void A_walk_takes_a_damaged_node_for_absent(int which)
    {
        _store.Damage(_nodes[which]);
        var walk = new DagWalk(_store, _root, TreeSelection.Directories);

        var walked = walk.Blocks().Select(link => link.Cid).ToList();

        walked.ShouldContain(_nodes[which]);
        walk.MissingNodes.ShouldBe([_nodes[which]]);
        _store.Contains(_nodes[which]).ShouldBeFalse();
    }

    [Fact]
    public void A_walk_over_nodes_at_hand_hashes_none_of_them_but_the_root()
    {
        var before = _store.Gets;

        TreeLoader.TryLoad(_root, _store, [], out _).ShouldBeTrue();
        new DagWalk(_store, _root, TreeSelection.Everything).Blocks().Count().ShouldBeGreaterThan(_nodes.Count);

        (_store.Gets - before).ShouldBe(1);
    }
}
