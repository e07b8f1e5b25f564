using SwarmFS.Core;

namespace SwarmFS.Store.Tests;

public sealed class EvictionTests : IDisposable
{
    private const long Quota = 16 << 20;
    private readonly StoreFixture _fixture = new(Quota);

    public void Dispose() => _fixture.Dispose();

    private void Fill(long bytes, int seed, int length = 100_000)
    {
        for (var i = 0; i < bytes / length; i++)
        {
            using var block = Content.Raw(length, seed + i);
            _fixture.Store.Put(block).ShouldBe(PutResult.Stored);
        }
    }

    [Theory]
    [InlineData(2_000)]
    [InlineData(100_000)]
    [InlineData(400_000)]
    public void A_working_set_of_ten_quotas_is_taken_and_the_disk_never_holds_more_than_the_quota(int length)
    {
        var most = 0L;
        for (var i = 0; i < 10 * Quota / length; i++)
        {
            using var block = Content.Raw(length, i);
            _fixture.Store.Put(block).ShouldBe(PutResult.Stored);
            if (i % 200 == 0) most = Math.Max(most, _fixture.DiskBytes());
        }
        most.ShouldBeGreaterThan(Quota / 2);
        most.ShouldBeLessThan(Quota + (1 << 20));
        _fixture.Store.Statistics.EvictedBlocks.ShouldBeGreaterThan(0);
    }

    [Fact]
    public void What_the_store_counts_is_what_lies_on_the_disk()
    {
        Fill(6 << 20, seed: 1);
        Fill(4 << 20, seed: 1000, length: 300_000);
        var chunks = Content.Chunks(9, 300_000, seed: 5000);
        _fixture.Store.DeclareFile(Content.Layout(chunks));
        chunks.ForEach(chunk => _fixture.Store.Put(chunk));
        ((double)_fixture.Store.Statistics.DiskBytes).ShouldBe(_fixture.DiskBytes(), 200_000);
        ((double)_fixture.Reopen().Statistics.DiskBytes).ShouldBe(_fixture.DiskBytes(), 10_000);
    }

    [Fact]
    public void What_was_read_lately_outlives_what_was_not()
    {
        var blocks = Content.Chunks(40, 300_000, seed: 1);
        blocks.ForEach(block => _fixture.Store.Put(block));
        using var small = Content.Raw(5000, 900);
        _fixture.Store.Put(small);
        for (var i = 0; i < 40; i++)
        {
            foreach (var hot in blocks.Take(5).Append(small)) Content.IsReadable(_fixture.Store, hot).ShouldBeTrue();
            using var block = Content.Raw(300_000, 1000 + i);
            _fixture.Store.Put(block);
        }
        blocks.Count(block => _fixture.Store.Contains(block.Cid)).ShouldBeLessThan(30);
    }

    [Fact]
    public void Pinned_and_used_roots_survive_whole_and_go_when_released()
    {
        var pinned = Content.Tree(_fixture.Store, ("a", Content.Bytes(1000, 1)), ("b/c", Content.Bytes(2_000_000, 2)), ("b/d", Content.Bytes(150_000, 3)));
        var used = Content.Tree(_fixture.Store, ("e", Content.Bytes(1000, 4)), ("f", Content.Bytes(1_000_000, 5)));
        var blocks = Content.Reach(_fixture.Store, pinned.Root).Concat(Content.Reach(_fixture.Store, used.Root)).ToList();
        _fixture.Store.Pin(pinned.Root, "user");
        using (_fixture.Store.Use(used.Root))
        {
            Fill(3 * Quota, seed: 100);
            Fill(3 * Quota, seed: 10_000, length: 300_000);
            blocks.ShouldAllBe(cid => _fixture.Store.Contains(cid));
        }
        _fixture.Store.Unpin(pinned.Root);
        Fill(3 * Quota, seed: 20_000);
        Fill(3 * Quota, seed: 30_000, length: 300_000);
        blocks.ShouldAllBe(cid => !_fixture.Store.Contains(cid));
    }

    [Fact]
    public void A_package_larger_than_the_quota_goes_through_while_it_is_in_use_and_the_disk_use_stays_bounded()
    {
        var other = new Testing.MemoryBlockStore();
        var tree = Content.Tree(
            other, [("large", Content.Bytes(20 << 20, 1)), .. Enumerable.Range(0, 200).Select(i => ($"d{i % 9}/f{i}", Content.Bytes(i % 5 == 0 ? 300_000 : 60_000, 10 + i)))]);
        Fill(10 << 20, seed: 1000);
        var (most, kept) = (0L, 0);
        using (_fixture.Store.Use(tree.Root))
        {
            for (var round = 0; round < 2; round++)
            {
                foreach (var cid in Content.Reach(other, tree.Root))
                {
                    other.TryGet(cid, out var block).ShouldBeTrue();
                    using (block)
                    {
                        if (TryLoadLayout(cid, 20 << 20, other) is { } layout) _fixture.Store.DeclareFile(layout);
                        _fixture.Store.Put(block);
                        if (Content.IsReadable(_fixture.Store, block)) kept++;
                    }
                    most = Math.Max(most, _fixture.DiskBytes());
                    _fixture.Time.Advance(TimeSpan.FromMilliseconds(100));
                }
            }
        }
        kept.ShouldBeGreaterThan(0);
        most.ShouldBeLessThan(Quota + (1 << 20));
        Fill(3 * Quota, seed: 20_000);
    }

    private static FileLayout? TryLoadLayout(in Cid cid, long size, IBlockStore store)
    {
        try
        {
            return FileLayoutLoader.TryLoad(cid, size, store, [], out var layout) ? layout : null;
        }
        catch (InvalidTreeException)
        {
            return null;
        }
    }

    [Fact]
    public void A_block_of_a_pinned_root_that_comes_after_the_pin_is_kept()
    {
        var other = new Testing.MemoryBlockStore();
        var tree = Content.Tree(other, ("a", Content.Bytes(1000, 1)), ("b", Content.Bytes(200_000, 2)));
        _fixture.Store.Pin(tree.Root, "user");
        var reach = Content.Reach(other, tree.Root);
        foreach (var cid in reach)
        {
            other.TryGet(cid, out var block).ShouldBeTrue();
            using (block) _fixture.Store.Put(block);
        }
        Fill(3 * Quota, seed: 100);
        reach.ShouldAllBe(cid => _fixture.Store.Contains(cid));
    }

    [Fact]
    public async Task Held_blocks_survive_until_the_hold_ends_also_those_that_were_here_before()
    {
        using var old = Content.Raw(4000, 1);
        _fixture.Store.Put(old);
        using var fresh = Content.Raw(5000, 2);
        using (_fixture.Store.HoldNew())
        {
            _fixture.Store.Put(old).ShouldBe(PutResult.AlreadyPresent);
            _fixture.Store.Put(fresh);
            await _fixture.Store.CollectAllAsync(CancellationToken.None);
            Content.IsReadable(_fixture.Store, old).ShouldBeTrue();
            Content.IsReadable(_fixture.Store, fresh).ShouldBeTrue();
        }
        await _fixture.Store.CollectAllAsync(CancellationToken.None);
        await _fixture.Store.CollectAllAsync(CancellationToken.None);
        _fixture.Store.Contains(old.Cid).ShouldBeFalse();
    }

    [Fact]
    public void A_store_full_of_held_blocks_refuses_more_and_takes_it_when_the_hold_ends()
    {
        using (_fixture.Store.HoldNew())
        {
            var refused = 0;
            for (var i = 0; i < 300; i++)
            {
                using var block = Content.Raw(100_000, i);
                if (_fixture.Store.Put(block) == PutResult.NoSpace) refused++;
            }
            refused.ShouldBeInRange(130, 170);
            Should.Throw<StoreFullException>(() =>
            {
                using var writer = _fixture.Store.BeginLargeFile(4_000_000);
                for (var i = 0; i < 4; i++)
                {
                    using var block = Content.Raw(1_000_000, 1000 + i);
                    writer.Append(block);
                }
            }).Message.ShouldContain("Unpin");
            _fixture.DiskBytes().ShouldBeLessThan(Quota + 100_000);
        }
        Content.IsReadable(_fixture.Store, Content.Raw(100_000, 0)).ShouldBeTrue();
        _fixture.Store.Put(Content.Raw(100_000, 5000)).ShouldBe(PutResult.Stored);
    }

    [Fact]
    public async Task A_handle_given_out_shows_the_file_although_it_was_evicted()
    {
        var chunks = Content.Chunks(10, 200_000, seed: 1);
        var layout = Content.Layout(chunks);
        _fixture.Store.DeclareFile(layout);
        chunks.ForEach(chunk => _fixture.Store.Put(chunk));
        _fixture.Store.TryOpenFlat(layout.File, out var handle).ShouldBeTrue();
        await _fixture.Store.CollectAllAsync(CancellationToken.None);
        _fixture.Store.Contains(chunks[0].Cid).ShouldBeFalse();
        using (handle)
        {
            var content = new byte[layout.Size];
            RandomAccess.Read(handle, content, 0).ShouldBe(content.Length);
            content.ShouldBe(chunks.SelectMany(chunk => chunk.Bytes.ToArray()).ToArray());
        }
        chunks.ForEach(chunk => _fixture.Store.Put(chunk).ShouldBe(PutResult.Stored));
        _fixture.Store.TryOpenFlat(layout.File, out handle).ShouldBeTrue();
        handle.Dispose();
    }

    [Fact]
    public async Task Readers_never_see_a_wrong_byte_while_others_write_and_evict()
    {
        var blocks = Enumerable.Range(0, 300).Select(i => Content.Raw(i % 3 == 0 ? 300_000 : 60_000, i)).ToList();
        using var stop = new CancellationTokenSource();
        var hits = 0;
        var readers = Enumerable.Range(0, 2).Select(seed => Task.Run(() =>
        {
            var random = new Random(seed);
            while (!stop.IsCancellationRequested)
            {
                if (Content.IsReadable(_fixture.Store, blocks[random.Next(blocks.Count)])) Interlocked.Increment(ref hits);
            }
        })).ToList();
        // On a busy machine the readers may get their turn late: there are rounds until they had one.
        for (var round = 0; round < 6 || (Volatile.Read(ref hits) == 0 && round < 600); round++)
        {
            foreach (var block in blocks) _fixture.Store.Put(block).ShouldNotBe(PutResult.NoSpace);
        }
        await stop.CancelAsync();
        await Task.WhenAll(readers);
        hits.ShouldBeGreaterThan(0);
        _fixture.Store.Statistics.DamagedBlocks.ShouldBe(0);
        blocks.ForEach(block => block.Dispose());
    }

    [Fact]
    public async Task A_block_of_some_size_that_is_put_while_all_is_collected_is_there_afterwards()
    {
        _fixture.Options = _fixture.Options with { OpenFiles = 1 };
        var parts = _fixture.Parts;
        using var first = Content.Raw(300_000, 1);
        using var second = Content.Raw(300_000, 2);
        parts.Writer.Put(first);
        var full = parts.Containers.Snapshot().Single();
        Task<PutResult> putting;
        // The second is in the table, and waits for the first to be closed before it is in the index.
        lock (full.HandleGate)
        {
            putting = Task.Run(() => parts.Writer.Put(second));
            SpinWait.SpinUntil(() => parts.Containers.Files == 2, TimeSpan.FromSeconds(30)).ShouldBeTrue();
            parts.Collector.Collect(0, CancellationToken.None).EvictedBlocks.ShouldBe(1);
        }
        (await putting).ShouldBe(PutResult.Stored);
        parts.Reader.Read(second.Cid, 0, new byte[300_000]).ShouldBe(300_000);
        parts.Collector.Collect(0, CancellationToken.None).EvictedBlocks.ShouldBe(1);
    }

    /// <summary>A directory in a file's place is removed as little as a file that is immutable, and with the same exception.</summary>
    [Fact]
    public async Task A_file_that_cannot_be_removed_keeps_nothing_else_from_being_evicted()
    {
        var blocks = Content.Chunks(3, 300_000, seed: 1);
        blocks.ForEach(block => _fixture.Store.Put(block));
        var stubborn = _fixture.Files("*.block").First();
        File.Delete(stubborn);
        Directory.CreateDirectory(stubborn);

        await _fixture.Store.CollectAllAsync(CancellationToken.None);

        blocks.ShouldAllBe(block => !_fixture.Store.Contains(block.Cid));
        _fixture.Files("*.block").ShouldBeEmpty();
        _fixture.Store.Put(blocks[0]).ShouldBe(PutResult.Stored);
        _fixture.Close();
        Directory.Delete(stubborn);
    }

    [Fact]
    public async Task Blocks_of_a_pinned_root_that_arrive_during_collections_are_all_kept()
    {
        var other = new Testing.MemoryBlockStore();
        var tree = Content.Tree(other, [.. Enumerable.Range(0, 150).Select(i => ($"d{i % 7}/f{i}", Content.Bytes(i % 10 == 0 ? 140_000 : 700 * i, i)))]);
        _fixture.Store.Pin(tree.Root, "user");
        var parentsFirst = Content.Reach(other, tree.Root);
        using var stop = new CancellationTokenSource();
        var collecting = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested) await _fixture.Store.CollectAllAsync(CancellationToken.None);
        });
        foreach (var cid in parentsFirst)
        {
            other.TryGet(cid, out var block).ShouldBeTrue();
            using (block) _fixture.Store.Put(block).ShouldBe(PutResult.Stored);
            using var stranger = Content.Raw(3000, cid.GetHashCode());
            _fixture.Store.Put(stranger).ShouldBe(PutResult.Stored);
        }
        await stop.CancelAsync();
        await collecting;
        parentsFirst.ShouldAllBe(cid => _fixture.Store.Contains(cid));
    }

    /// <summary>Each marking of all roots meets the node that none can read, and says so.</summary>
    [Fact]
    public void A_package_that_is_opened_while_a_collection_marks_stays_and_keeps_the_collection_from_nothing_else()
    {
        var tree = Content.Tree(_fixture.Store, [.. Enumerable.Range(0, 200).Select(i => ($"d{i}/f", Content.Bytes(1000, i)))]);
        using var unreadable = Block.Create(CidCodec.MessagePack, [0xc1]);
        _fixture.Store.Put(unreadable).ShouldBe(PutResult.Stored);
        var opened = Content.Reach(_fixture.Store, tree.Root);
        Fill(10 << 20, seed: 1000);
        _fixture.Close();
        _fixture.Said = _ => _fixture.Parts.Protection.Use(tree.Root);
        _fixture.Parts.Protection.Pin(unreadable.Cid, "user");

        _fixture.Parts.Collector.Collect(0, CancellationToken.None);

        opened.Count(cid => _fixture.Parts.Index.TryFind(cid.Digest, out _)).ShouldBe(opened.Count);
        _fixture.Parts.Index.Count.ShouldBe(opened.Count + 1);
    }

    [Fact]
    public async Task Packages_that_are_made_and_opened_during_collections_stay_whole_while_they_are_open()
    {
        using var stop = new CancellationTokenSource();
        var collecting = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested) await _fixture.Store.CollectAllAsync(CancellationToken.None);
        });
        var uses = new List<IDisposable>();
        var roots = new List<Cid>();
        for (var i = 0; i < 60; i++)
        {
            using var hold = _fixture.Store.HoldNew();
            var files = new[] { ("a", Content.Bytes(2000, 10 * i)), ("b/c", Content.Bytes(3000, 10 * i + 1)), ("b/d/e", Content.Bytes(140_000, 10 * i + 2)) };
            roots.Add(Content.Tree(_fixture.Store, files).Root);
            uses.Add(_fixture.Store.Use(roots[^1]));
        }
        await stop.CancelAsync();
        await collecting;
        await _fixture.Store.CollectAllAsync(CancellationToken.None);
        roots.SelectMany(root => Content.Reach(_fixture.Store, root)).ShouldAllBe(cid => _fixture.Store.Contains(cid));
        uses.ForEach(use => use.Dispose());
    }

    [Fact]
    public void A_collection_that_meets_the_end_of_an_import_takes_nothing_from_it()
    {
        var parts = _fixture.Parts;
        PartialFile? candidate = null;
        var (isOver, met) = (false, 0);
        var collector = new Thread(() =>
        {
            while (!Volatile.Read(ref isOver))
            {
                if (Volatile.Read(ref candidate) is not { } file || !file.TryRetire()) continue;
                met++;
                parts.Collector.Remove(file);
            }
        });
        collector.Start();
        for (var round = 0; round < 400; round++)
        {
            using var block = Content.Raw(1000, round);
            using (var writer = new LargeFileWriter(parts, block.Length))
            {
                writer.Append(block);
                Volatile.Write(ref candidate, parts.Containers.Snapshot().OfType<PartialFile>().Single());
                if (round % 2 == 0) writer.Commit(Content.Layout([block]));
            }
        }
        Volatile.Write(ref isOver, true);
        collector.Join();
        met.ShouldBe(0);
        parts.Containers.Files.ShouldBe(200);
        for (var round = 0; round < 400; round += 2) parts.Reader.Read(Content.Raw(1000, round).Cid, 0, new byte[1000]).ShouldBe(1000);
        parts.Budget.Used.ShouldBe(parts.Containers.Snapshot().Sum(container => container.DiskBytes));
    }

    [Fact]
    public void The_end_of_a_file_takes_no_other_of_its_number_out_of_the_table()
    {
        var table = new ContainerTable();
        var (import, file) = (new PartialFile(1, "/nowhere"), new FlatFile(1, "/nowhere", Content.Raw(1, 1).Cid, size: 1, chunkCount: 1));
        table.Add(import);
        table.Add(file);
        table.Remove(import);
        table.TryGet(1, out var found).ShouldBeTrue();
        found.ShouldBe(file);
        table.Files.ShouldBe(1);
    }

    [Fact]
    public void Pins_survive_a_restart()
    {
        var root = Content.Raw(1, 1).Cid;
        _fixture.Store.Pin(root, "a wish, typed by a person");
        _fixture.Reopen().Pins.ShouldBe([new PinnedRoot(root, "a wish, typed by a person")]);
        _fixture.Store.Unpin(root);
        _fixture.Reopen().Pins.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_collection_goes_down_to_the_low_watermark_and_says_what_it_did()
    {
        Fill(15 << 20, seed: 1);
        var report = await _fixture.Store.CollectAsync(CancellationToken.None);
        report.ReachedTarget.ShouldBeTrue();
        report.DiskBytes.ShouldBeLessThan((long)(0.86 * Quota));
        report.EvictedBlocks.ShouldBeGreaterThan(0);
    }
}
