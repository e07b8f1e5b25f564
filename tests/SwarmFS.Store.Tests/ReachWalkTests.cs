using SwarmFS.Core;

namespace SwarmFS.Store.Tests;

public sealed class ReachWalkTests : IDisposable
{
    private readonly StoreFixture _fixture = new();
    private readonly Testing.MemoryBlockStore _other = new();
    private readonly List<Cid> _visited = [];
    private readonly BuiltTree _tree;

    public ReachWalkTests() => _tree = Content.Tree(_other, [.. Enumerable.Range(0, 12).Select(i => ($"d{i % 4}/e{i % 2}/f{i}", Content.Bytes(300_000, i)))]);

    public void Dispose() => _fixture.Dispose();

    private void Put(IEnumerable<Cid> cids)
    {
        foreach (var cid in cids)
        {
            _other.TryGet(cid, out var block).ShouldBeTrue();
            using (block) _fixture.Parts.Writer.Put(block);
        }
    }

    [Fact]
    public void A_walk_in_steps_visits_what_one_without_a_pause_does()
    {
        var all = Content.Reach(_other, _tree.Root);
        Put(all);
        var walk = _fixture.Parts.Reach.Begin(_visited.Add);
        walk.Add([_tree.Root]);
        walk.TryFinish(1).ShouldBeFalse();
        _visited.Count.ShouldBeLessThan(all.Count);
        while (!walk.TryFinish(1)) { }
        _visited.Distinct().ShouldBe(all, ignoreOrder: true);
    }

    [Fact]
    public void A_node_that_came_after_the_walk_had_missed_it_is_read_when_the_walk_goes_on_and_the_others_are_not_read_again()
    {
        var all = Content.Reach(_other, _tree.Root);
        var directories = all.Where(cid => cid.Codec == CidCodec.MessagePack).ToList();
        Put(all.Except(directories[1..]));
        var walk = _fixture.Parts.Reach.Begin(_visited.Add);
        walk.Add([_tree.Root]);
        walk.TryFinish(int.MaxValue).ShouldBeTrue();
        _visited.Count.ShouldBeLessThan(all.Count);

        Put(directories[1..]);
        walk.Add([]);
        walk.TryFinish(directories.Count - 1).ShouldBeTrue();
        _visited.Distinct().ShouldBe(all, ignoreOrder: true);
    }
}
