using SwarmFS.Core;
using SwarmFS.Testing;

namespace SwarmFS.Retrieval.Tests;

public sealed class ReadAheadTests
{
    private const int MiB = 1 << 20;

    private static World BigFile(int mebibytes) => new(("big", World.Noise(mebibytes * MiB, 7)));

    private static World ManyFiles(int count) =>
        new([.. Enumerable.Range(0, count).Select(i => ($"d{i / 100:00}/f{i % 100:00}", World.Noise(2000 + i, i)))]);

    [Fact]
    public async Task A_random_4_KiB_read_fetches_one_chunk()
    {
        await using var world = BigFile(24);
        var source = world.OverMemory();
        var tree = await world.TreeAsync();
        var layout = Layout(world, tree, "big");
        var chunk = layout.ChunkCount / 2;
        var offset = layout.ChunkStart(chunk) + 100;
        (await world.ReadAsync(tree, "big", offset, 4096)).ShouldBeBytes(world.Expected("big").AsSpan()[(int)offset..(int)(offset + 4096)]);
        await world.RestAsync();
        source.Requests.Sum(request => request.Blocks.Count).ShouldBe(1);
        source.TreeRequests.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Random_reads_start_no_read_ahead()
    {
        await using var world = BigFile(24);
        var source = world.OverMemory();
        var tree = await world.TreeAsync();
        var random = new Random(3);
        for (var i = 0; i < 12; i++) await world.ReadAsync(tree, "big", random.Next(24 * MiB - 4096), 4096);
        await world.RestAsync();
        source.Requests.ShouldAllBe(request => request.Priority != FetchPriority.Prefetch);
    }

    [Fact]
    public async Task The_first_bytes_of_a_large_file_cost_no_more_than_their_chunk()
    {
        await using var world = BigFile(32);
        var source = world.OverMemory();
        var tree = await world.TreeAsync();
        await world.ReadAsync(tree, "big", 0, 16384);
        await world.RestAsync();
        source.Delivered.Bytes.ShouldBeLessThan(MiB + (32 * MiB / 100));
    }

    [Fact]
    public async Task A_sequential_reader_finds_most_of_the_file_ahead_of_it()
    {
        await using var world = BigFile(32);
        var source = world.OverMemory();
        var tree = await world.TreeAsync();
        for (var offset = 0; offset < 32 * MiB; offset += MiB)
        {
            (await world.ReadAsync(tree, "big", offset, MiB)).ShouldBeBytes(world.Expected("big").AsSpan()[offset..(offset + MiB)]);
            await world.RestAsync();
        }
        source.Requests.Count(request => request.Priority == FetchPriority.Demand).ShouldBeLessThan(5);
        source.Delivered.Cids.Count.ShouldBe(source.Delivered.Cids.Distinct().Count());
    }

    [Fact]
    public async Task Pieces_that_overtake_one_another_are_still_one_reader()
    {
        await using var world = BigFile(32);
        var source = world.OverMemory();
        var tree = await world.TreeAsync();
        for (var block = 0; block < 32; block += 4)
        {
            foreach (var piece in (int[])[2, 0, 3, 1]) await world.ReadAsync(tree, "big", (block + piece) * MiB, MiB);
            await world.RestAsync();
        }
        // 32 reads; the first group or two come before the reader is known, and a busy machine shows it a little later.
        source.Requests.Count(request => request.Priority == FetchPriority.Demand).ShouldBeLessThan(13);
    }

    [Fact]
    public async Task The_window_grows_and_stays_within_its_bound()
    {
        await using var world = new World(("big", World.Noise(36 * MiB, 7))) { Options = new RetrievalOptions { LargestFileWindow = 8 * MiB } };
        var source = world.OverMemory();
        var tree = await world.TreeAsync();
        for (var offset = 0; offset < 24 * MiB; offset += MiB)
        {
            await world.ReadAsync(tree, "big", offset, MiB);
            await world.RestAsync();
            world.Here.Bytes.ShouldBeLessThan(offset + (11 * MiB));
        }
        world.Here.Bytes.ShouldBeGreaterThan(27 * MiB);
        source.Requests.Max(request => request.Blocks.Count).ShouldBeGreaterThan(8);
    }

    [Fact]
    public async Task A_reader_that_paused_is_not_taken_for_one_at_the_end_of_a_slow_line()
    {
        await using var world = new World(("big", World.Noise(36 * MiB, 7)));
        world.OverMemory();
        var tree = await world.TreeAsync();
        for (var offset = 0; offset < 12 * MiB; offset += MiB)
        {
            world.Time.Advance(TimeSpan.FromSeconds(2));
            await world.ReadAsync(tree, "big", offset, MiB);
            await world.RestAsync();
        }
        world.Here.Bytes.ShouldBeGreaterThan(20 * MiB);
    }

    [Fact]
    public async Task Bytes_asked_ahead_and_not_arrived_stay_within_their_bound()
    {
        await using var world = new World(("big", World.Noise(36 * MiB, 7))) { Options = new RetrievalOptions { PrefetchBytesInFlight = 4 * MiB, RaisePatience = TimeSpan.Zero } };
        var source = world.OverScript();
        var tree = await world.TreeAsync();
        List<ScriptedRequest> ahead = [];
        for (var offset = 0; offset < 16 * MiB; offset += MiB)
        {
            // Only what a reader waits for is delivered; a block it shares with the read-ahead is delivered out of that.
            var read = world.ReadAsync(tree, "big", offset, MiB);
            while (!read.IsCompleted)
            {
                foreach (var request in source.TakeAll())
                {
                    if (request.Request.Priority == FetchPriority.Demand) request.DeliverAll();
                    else ahead.Add(request);
                }
                foreach (var cid in source.TakeRaised()) ahead.First(request => request.Request.Blocks.Contains(cid)).Deliver(cid);
                await Task.Yield();
            }
            await World.UntilAsync(() => world.Content.IsAtRest);
            world.Content.Load.AheadBytes.ShouldBeInRange(0, 4 * MiB);
        }
        ahead.ShouldNotBeEmpty();
        foreach (var request in ahead) request.End();
    }

    [Fact]
    public async Task A_cold_tree_read_row_by_row_takes_few_requests()
    {
        await using var world = ManyFiles(5000);
        var source = world.OverMemory();
        var tree = await world.TreeAsync();
        for (var row = 0; row < tree.Count; row++)
        {
            if (tree[row].Kind != EntryKind.File) continue;
            var buffer = new byte[tree[row].Size];
            (await world.Content.ReadAsync(tree, row, 0, buffer, world.Content.ReadDeadline, CancellationToken.None)).ShouldBe(buffer.Length);
            Cid.Of(CidCodec.Raw, buffer).ShouldBe(tree[row].Content);
            if (row % 20 == 0) await world.RestAsync();
        }
        source.Requests.Count(request => request.Priority == FetchPriority.Demand).ShouldBeLessThan(40);
        source.Requests.Count.ShouldBeLessThan(200);
        source.Delivered.Cids.Count.ShouldBe(source.Delivered.Cids.Distinct().Count());
        world.Content.IsComplete(world.Root).ShouldBeTrue();
    }

    [Fact]
    public async Task Sixteen_readers_of_sixteen_parts_are_sixteen_scans()
    {
        await using var world = ManyFiles(3200);
        var source = world.OverMemory();
        var tree = await world.TreeAsync();
        var rows = Enumerable.Range(0, tree.Count).Where(row => tree[row].Kind == EntryKind.File).ToArray();
        for (var step = 0; step < 200; step++)
        {
            for (var part = 0; part < 16; part++)
            {
                var row = rows[(part * 200) + step];
                await world.Content.ReadAsync(tree, row, 0, new byte[tree[row].Size], world.Content.ReadDeadline, CancellationToken.None);
            }
            await world.RestAsync();
        }
        source.Requests.Count(request => request.Priority == FetchPriority.Demand).ShouldBeLessThan(120);
    }

    [Fact]
    public async Task A_scan_goes_on_over_files_that_were_shown_before_they_were_read()
    {
        await using var world = ManyFiles(5000);
        var source = world.OverMemory();
        var tree = await world.TreeAsync();
        var buffer = new byte[8000];
        for (var row = 0; row < tree.Count; row++)
        {
            if (tree[row].Kind != EntryKind.File) continue;
            await world.Content.ReadAsync(tree, row, 0, buffer, world.Content.ReadDeadline, CancellationToken.None);
            await world.RestAsync();
            for (var shown = 0; shown < 64 && row + 1 < tree.Count; shown++, row++)
            {
                if (tree[row + 1].Kind == EntryKind.File && world.Content.Peek(tree, row + 1, 0, buffer) < 0) break;
            }
        }
        source.Requests.Count(request => request.Priority == FetchPriority.Demand).ShouldBeLessThan(30);
    }

    [Fact]
    public async Task A_scan_follows_what_is_shown_to_the_end_without_another_read()
    {
        await using var world = ManyFiles(5000);
        var source = world.OverMemory();
        var tree = await world.TreeAsync();
        var buffer = new byte[8000];
        var reads = 0;
        for (var row = 0; row < tree.Count; row++)
        {
            if (tree[row].Kind != EntryKind.File) continue;
            if (world.Content.Peek(tree, row, 0, buffer) < 0)
            {
                await world.Content.ReadAsync(tree, row, 0, buffer, world.Content.ReadDeadline, CancellationToken.None);
                reads++;
            }
            await world.RestAsync();
        }
        reads.ShouldBeLessThan(6);
        source.Requests.Count(request => request.Priority == FetchPriority.Demand).ShouldBeLessThan(6);
    }

    [Fact]
    public async Task A_listing_long_after_a_scan_does_not_carry_it_on()
    {
        await using var world = ManyFiles(2000);
        var source = world.OverMemory();
        var tree = await world.TreeAsync();
        var buffer = new byte[8000];
        for (var row = 2; row < 8; row++) await world.Content.ReadAsync(tree, row, 0, buffer, world.Content.ReadDeadline, CancellationToken.None);
        await world.RestAsync();
        var before = source.Requests.Count;
        world.Time.Advance(TimeSpan.FromSeconds(3));
        for (var row = 8; row < tree.Count; row++) world.Content.Peek(tree, row, 0, buffer);
        await world.RestAsync();
        source.Requests.Count.ShouldBe(before);
    }

    [Fact]
    public async Task Looking_at_files_on_nobodys_behalf_fetches_nothing()
    {
        await using var world = ManyFiles(500);
        var source = world.OverMemory();
        var tree = await world.TreeAsync();
        foreach (var row in Enumerable.Range(1, 200).Where(row => tree[row].Kind == EntryKind.File))
        {
            world.Elsewhere.TryGet(tree[row].Content, out var block).ShouldBeTrue();
            using (block) world.Here.Put(block!);
        }
        var buffer = new byte[8000];
        for (var row = 1; row < 200; row++) if (tree[row].Kind == EntryKind.File) world.Content.Peek(tree, row, 0, buffer).ShouldBeGreaterThan(0);
        await world.RestAsync();
        source.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task Two_files_of_a_tree_start_no_scan()
    {
        await using var world = ManyFiles(500);
        var source = world.OverMemory();
        var tree = await world.TreeAsync();
        await world.ReadAsync(tree, "d00/f10");
        await world.ReadAsync(tree, "d00/f11");
        await world.RestAsync();
        source.Delivered.Cids.Count(cid => cid.Codec == CidCodec.Raw).ShouldBe(2);
    }

    [Fact]
    public async Task The_first_file_of_a_directory_that_was_listed_starts_a_scan()
    {
        await using var world = ManyFiles(500);
        var source = world.OverMemory();
        var tree = await world.TreeAsync();
        world.Content.NoteListed(tree, World.Row(tree, "d02"));
        await world.RestAsync();
        source.Requests.ShouldBeEmpty();
        await world.ReadAsync(tree, "d02/f00");
        await world.RestAsync();
        source.Delivered.Cids.Count(cid => cid.Codec == CidCodec.Raw).ShouldBeGreaterThan(20);
        source.Requests.First().ShouldSatisfyAllConditions(first => first.Priority.ShouldBe(FetchPriority.Demand), first => first.Blocks.Count.ShouldBe(1));
    }

    [Theory]
    [InlineData("d02/f01")]
    [InlineData("d03/f00")]
    public async Task Any_other_file_than_the_first_of_a_listed_directory_starts_none(string path)
    {
        await using var world = ManyFiles(500);
        var source = world.OverMemory();
        var tree = await world.TreeAsync();
        world.Content.NoteListed(tree, World.Row(tree, "d02"));
        await world.ReadAsync(tree, path);
        await world.RestAsync();
        source.Delivered.Cids.Count(cid => cid.Codec == CidCodec.Raw).ShouldBe(1);
    }

    [Fact]
    public async Task Where_a_listed_directory_begins_with_another_nobody_is_expected_at_its_files()
    {
        await using var world = new World([("a/x", World.Noise(3000, 1000)), .. Enumerable.Range(0, 100).Select(i => ($"b{i:00}", World.Noise(3000, i)))]);
        var source = world.OverMemory();
        var tree = await world.TreeAsync();
        world.Content.NoteListed(tree, 0);
        await world.ReadAsync(tree, "b00");
        await world.RestAsync();
        source.Delivered.Cids.Count(cid => cid.Codec == CidCodec.Raw).ShouldBe(1);
    }

    /// <summary>The reader's own directories, or (a search beside it) all of them between two of its reads.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Directories_that_are_listed_do_not_end_a_scan(bool all)
    {
        await using var world = ManyFiles(2000);
        var source = world.OverMemory();
        var tree = await world.TreeAsync();
        var rows = Enumerable.Range(0, tree.Count).ToLookup(row => tree[row].Kind);
        foreach (var row in rows[EntryKind.File])
        {
            foreach (var listed in rows[EntryKind.Directory].Where(directory => directory == row - 1 || all)) world.Content.NoteListed(tree, listed);
            await world.Content.ReadAsync(tree, row, 0, new byte[tree[row].Size], world.Content.ReadDeadline, CancellationToken.None);
            await world.RestAsync();
        }
        source.Requests.Count(request => request.Priority == FetchPriority.Demand).ShouldBeLessThan(4);
    }

    [Fact]
    public async Task A_small_package_is_taken_whole_at_its_first_read()
    {
        await using var world = new World([.. Enumerable.Range(0, 40).Select(i => ($"f{i:00}", World.Noise(12_000, i)))]) { Options = new RetrievalOptions() };
        var source = world.OverMemory();
        var tree = await world.TreeAsync();
        await world.ReadAsync(tree, "f20");
        await world.RestAsync();
        world.Content.IsComplete(world.Root).ShouldBeTrue();
        source.Requests.Count.ShouldBe(2);
        source.Requests.First().ShouldSatisfyAllConditions(first => first.Priority.ShouldBe(FetchPriority.Demand), first => first.Blocks.Count.ShouldBe(1));
        source.Requests.Last().Priority.ShouldBe(FetchPriority.Prefetch);
    }

    [Theory]
    [InlineData(50, 12_000)]
    [InlineData(600, 100)]
    public async Task Of_a_package_with_more_bytes_or_more_files_one_read_takes_what_was_read(int count, int length)
    {
        await using var world = new World([.. Enumerable.Range(0, count).Select(i => ($"f{i:000}", World.Noise(length, i)))]) { Options = new RetrievalOptions() };
        var source = world.OverMemory();
        var tree = await world.TreeAsync();
        await world.ReadAsync(tree, "f020");
        await world.RestAsync();
        source.Delivered.Cids.Count(cid => cid.Codec == CidCodec.Raw).ShouldBe(1);
    }

    [Fact]
    public async Task A_file_at_the_end_of_a_scans_window_is_not_left_half_asked_for()
    {
        await using var world = new World([.. Enumerable.Range(0, 40).Select(i => ($"f{i:00}", World.Noise(900_000, i)))])
        {
            Options = new RetrievalOptions { LargestScanWindow = 2 * MiB },
        };
        var source = world.OverMemory();
        var tree = await world.TreeAsync();
        for (var i = 0; i < 40; i++)
        {
            await world.ReadAsync(tree, $"f{i:00}");
            await world.RestAsync();
        }
        source.Requests.Count(request => request.Priority == FetchPriority.Demand).ShouldBeLessThan(6);
    }

    [Fact]
    public async Task Large_files_behind_small_ones_are_here_before_a_scan_comes_to_them()
    {
        await using var world = new World([
            .. Enumerable.Range(0, 400).Select(i => ($"f{i:000}", World.Noise(4_000, i))),
            ("g", World.Noise(3 * MiB, 400)), ("h", World.Noise(3 * MiB, 401)),
        ]);
        var source = world.OverMemory();
        var tree = await world.TreeAsync();
        for (var i = 0; i < 390; i++)
        {
            await world.ReadAsync(tree, $"f{i:000}");
            await world.RestAsync();
        }
        world.Content.IsComplete(world.Root).ShouldBeTrue();
        source.Requests.Count(request => request.Priority == FetchPriority.Demand).ShouldBeLessThan(6);
    }

    [Fact]
    public async Task The_pieces_of_one_file_do_not_widen_the_window_of_a_scan()
    {
        await using var world = new World([.. Enumerable.Range(0, 30).Select(i => ($"f{i:00}", World.Noise(2 * MiB, i)))]);
        world.OverMemory();
        var tree = await world.TreeAsync();
        for (var i = 0; i < 4; i++)
        {
            for (var offset = 0; offset < 2 * MiB; offset += MiB / 8)
            {
                await world.ReadAsync(tree, $"f{i:00}", offset, MiB / 8);
                await world.RestAsync();
            }
        }
        world.Here.Bytes.ShouldBeLessThan(24 * MiB);
    }

    [Fact]
    public async Task Files_of_equal_content_do_not_wear_down_the_bound_on_bytes_ahead()
    {
        await using var world = new World([.. Enumerable.Range(0, 400).Select(i => ($"f{i:000}", World.Noise(3000, i / 4)))]);
        world.OverMemory();
        var tree = await world.TreeAsync();
        for (var row = 1; row < tree.Count; row++) await world.Content.ReadAsync(tree, row, 0, new byte[3000], world.Content.ReadDeadline, CancellationToken.None);
        await world.RestAsync();
        world.Content.Load.AheadBytes.ShouldBe(0);
    }

    [Fact]
    public async Task A_walk_over_names_alone_fetches_no_file()
    {
        await using var world = ManyFiles(2000);
        var source = world.OverMemory();
        var tree = await world.TreeAsync();
        tree.Count.ShouldBe(2021);
        await world.RestAsync();
        source.Requests.ShouldBeEmpty();
        source.Delivered.Cids.ShouldAllBe(cid => cid.Codec == CidCodec.MessagePack);
    }

    [Fact]
    public async Task A_prefetch_that_comes_back_short_pauses_read_ahead()
    {
        await using var world = ManyFiles(1000);
        var source = world.OverMemory();
        var tree = await world.TreeAsync();
        for (var row = 500; row < tree.Count; row++) if (tree[row].Kind == EntryKind.File) source.Lacks[tree[row].Content] = true;
        for (var row = 0; row < 480; row++)
        {
            if (tree[row].Kind != EntryKind.File) continue;
            await world.Content.ReadAsync(tree, row, 0, new byte[tree[row].Size], world.Content.ReadDeadline, CancellationToken.None);
            await world.RestAsync();
        }
        source.Requests.Count(request => request.Blocks.Any(source.Lacks.ContainsKey)).ShouldBeLessThan(3);
    }

    private static FileLayout Layout(World world, TreeTable tree, string path)
    {
        ref readonly var row = ref tree[World.Row(tree, path)];
        FileLayoutLoader.TryLoad(row.Content, row.Size, world.Elsewhere, [], out var layout).ShouldBeTrue();
        return layout!;
    }
}
