using SwarmFS.Core;

namespace SwarmFS.Store.Tests;

/// <summary>A random walk over everything a store can be asked, against what must hold after each step.</summary>
public sealed class RandomWorkTests
{
    private const long Quota = 12 << 20;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Whatever_is_done_blocks_are_right_or_absent_and_what_is_pinned_is_there(int seed)
    {
        var random = new Random(seed);
        using var fixture = new StoreFixture(Quota);
        var blocks = Enumerable.Range(0, 120).Select(i => Content.Raw(i % 4 == 0 ? 150_000 + i : 100 * i, i)).ToList();
        var layouts = Enumerable.Range(0, 6).Select(i => Content.Layout([.. blocks.Skip(i * 11).Take(20).Where(block => block.Length > 0)])).ToList();
        var pinned = new List<(Cid Root, List<Cid> All)>();
        for (var step = 0; step < 400; step++)
        {
            var block = blocks[random.Next(blocks.Count)];
            switch (random.Next(14))
            {
                case <= 6: fixture.Store.Put(block).ShouldNotBe(PutResult.NoSpace, $"seed {seed} step {step}"); break;
                case 7: fixture.Store.DeclareFile(layouts[random.Next(layouts.Count)]); break;
                case 8: Import(fixture.Store, layouts[random.Next(layouts.Count)], blocks, isCommitted: random.Next(2) == 0); break;
                case 9: pinned.Add(PinTree(fixture.Store, random)); break;
                case 10 when pinned.Count > 2:
                    fixture.Store.Unpin(pinned[0].Root).ShouldBeTrue();
                    pinned.RemoveAt(0);
                    break;
                case 11: await fixture.Store.CollectAsync(CancellationToken.None); break;
                case 12 when random.Next(4) == 0: fixture.Reopen(); break;
                case 13 when random.Next(8) == 0: await fixture.Store.CollectAllAsync(CancellationToken.None); break;
            }
            Content.IsReadable(fixture.Store, block);
            if (fixture.Store.TryOpenFlat(layouts[step % layouts.Count].File, out var handle)) ShouldBeTheFile(handle, layouts[step % layouts.Count], blocks);
            foreach (var (root, all) in pinned) all.ShouldAllBe(cid => fixture.Store.Contains(cid), $"seed {seed} step {step}: {root}");
        }
        fixture.DiskBytes().ShouldBeLessThan(Quota + (1 << 20));
        blocks.ForEach(block => Content.IsReadable(fixture.Store, block));
        var report = await fixture.Reopen().CheckAsync(null, CancellationToken.None);
        report.IsClean.ShouldBeTrue($"seed {seed}");
        ((double)fixture.Store.Statistics.DiskBytes).ShouldBe(fixture.DiskBytes(), 100_000);
        fixture.Store.Statistics.DamagedBlocks.ShouldBe(0);
    }

    private static void Import(BlockStore store, FileLayout layout, List<Block> blocks, bool isCommitted)
    {
        using var writer = store.BeginLargeFile(layout.Size);
        for (var chunk = 0; chunk < layout.ChunkCount; chunk++) writer.Append(blocks.First(block => block.Cid == layout.ChunkCid(chunk)));
        if (isCommitted) writer.Commit(layout);
    }

    private static (Cid, List<Cid>) PinTree(BlockStore store, Random random)
    {
        using var hold = store.HoldNew();
        var tree = Content.Tree(store, ("a", Content.Bytes(random.Next(5000), random.Next())), ("b", Content.Bytes(400_000 + random.Next(400_000), random.Next(1 << 20))));
        store.Pin(tree.Root, "test");
        return (tree.Root, Content.Reach(store, tree.Root));
    }

    private static void ShouldBeTheFile(Microsoft.Win32.SafeHandles.SafeFileHandle handle, FileLayout layout, List<Block> blocks)
    {
        using (handle)
        {
            for (var chunk = 0; chunk < layout.ChunkCount; chunk++)
            {
                var bytes = new byte[layout.ChunkLength(chunk)];
                RandomAccess.Read(handle, bytes, layout.ChunkStart(chunk)).ShouldBe(bytes.Length);
                bytes.AsSpan().SequenceEqual(blocks.First(block => block.Cid == layout.ChunkCid(chunk)).Span).ShouldBeTrue();
            }
        }
    }
}
