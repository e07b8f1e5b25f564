using SwarmFS.Core;

namespace SwarmFS.Store.Tests;

public sealed class DamageTests : IDisposable
{
    private readonly StoreFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    private static void Flip(string path, long offset)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
        var one = new byte[1];
        RandomAccess.Read(file, one, offset);
        one[0] ^= 0x10;
        RandomAccess.Write(file, one, offset);
    }

    private static void Cut(string path, long length)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
        RandomAccess.SetLength(file, length);
    }

    [Fact]
    public void A_flipped_bit_in_a_pack_costs_the_one_block_and_it_can_be_put_again()
    {
        var blocks = Content.Chunks(20, 1000, seed: 1);
        blocks.ForEach(block => _fixture.Store.Put(block));
        _fixture.Close();
        Flip(_fixture.Files("*.pack").Single(), 16 + (48 + 1000) * 7 + 48 + 500);

        var store = _fixture.Store;
        store.Contains(blocks[7].Cid).ShouldBeTrue("nobody has read it yet");
        blocks.Where(block => !Content.IsReadable(store, block)).ShouldBe([blocks[7]]);
        store.Contains(blocks[7].Cid).ShouldBeFalse();
        store.Statistics.DamagedBlocks.ShouldBe(1);
        store.Losses.ShouldBe(1);
        store.Put(blocks[7]).ShouldBe(PutResult.Stored);
        var again = _fixture.Reopen();
        Content.IsReadable(again, blocks[7]).ShouldBeTrue();
    }

    [Theory]
    [InlineData(1000, "*.pack", 16 + 48 + 500)]
    [InlineData(300_000, "*.block", 500)]
    public void A_block_that_was_sound_when_it_was_read_first_is_checked_again_when_somebody_doubts_it(int size, string kind, long at)
    {
        using var block = Content.Raw(size, 1);
        _fixture.Store.Put(block);
        var store = _fixture.Reopen();
        Content.IsReadable(store, block).ShouldBeTrue();
        Flip(_fixture.Files(kind).Single(), at);
        store.Read(block.Cid, 0, new byte[size]).ShouldBe(size, "nobody doubts it yet");
        store.Doubt(block.Cid);
        store.Read(block.Cid, 0, new byte[size]).ShouldBe(-1);
        store.Contains(block.Cid).ShouldBeFalse();
        store.Doubt(block.Cid);
    }

    [Fact]
    public void A_large_file_is_opened_for_the_kernel_only_when_what_is_doubted_of_it_is_sound()
    {
        var chunks = Content.Chunks(4, 200_000, seed: 3);
        var layout = Content.Layout(chunks);
        using (var writer = _fixture.Store.BeginLargeFile(layout.Size))
        {
            chunks.ForEach(writer.Append);
            writer.Commit(layout);
        }
        var store = _fixture.Store;
        store.TryOpenFlat(layout.File, out var handle).ShouldBeTrue();
        handle!.Dispose();
        store.Doubt(chunks[2].Cid);
        store.TryOpenFlat(layout.File, out handle).ShouldBeTrue();
        handle!.Dispose();
        Flip(_fixture.Files("*.flat").Single(), 450_000);
        store.Doubt(chunks[2].Cid);
        store.TryOpenFlat(layout.File, out _).ShouldBeFalse();
    }

    [Theory]
    [InlineData(1000, "*.pack")]
    [InlineData(300_000, "*.block")]
    public void A_file_that_cannot_be_opened_for_now_is_no_damage_and_nothing_of_it_is_dropped(int size, string kind)
    {
        using var block = Content.Raw(size, 1);
        _fixture.Store.Put(block);
        _fixture.Close();
        var parts = _fixture.Parts;
        parts.PackWriter.SealActive();
        foreach (var container in parts.Containers.Snapshot()) HandleCache.Close(container);
        var path = _fixture.Files(kind).Single();
        File.Move(path, path + ".aside");
        // A loop of symbolic links: as with the last descriptor gone, open(2) fails although the file is there.
        File.CreateSymbolicLink(path, path);

        Should.Throw<IOException>(() => parts.Reader.Read(block.Cid, 0, new byte[size]));
        Should.Throw<IOException>(() => parts.Reader.TryGet(block.Cid, out _));

        File.Move(path + ".aside", path, overwrite: true);
        parts.Index.TryFind(block.Cid.Digest, out _).ShouldBeTrue();
        parts.Reader.Read(block.Cid, 0, new byte[size]).ShouldBe(size);
    }

    [Fact]
    public async Task A_block_whose_file_went_without_it_is_absent_once_it_is_read_and_can_be_put_again()
    {
        var chunks = Content.Chunks(3, 200_000, seed: 1);
        var layout = Content.Layout(chunks);
        _fixture.Store.DeclareFile(layout);
        chunks.ForEach(chunk => _fixture.Store.Put(chunk));
        Flip(_fixture.Files("*.chunks").Single(), 100);

        await _fixture.Store.CollectAllAsync(CancellationToken.None);

        chunks.ShouldAllBe(chunk => !Content.IsReadable(_fixture.Store, chunk));
        chunks.ShouldAllBe(chunk => !_fixture.Store.Contains(chunk.Cid));
        chunks.ForEach(chunk => _fixture.Store.Put(chunk).ShouldBe(PutResult.Stored));
        chunks.ShouldAllBe(chunk => Content.IsReadable(_fixture.Store, chunk));
    }

    /// <summary>A flush of the null device fails: it stands where the file was, which stays open.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_a_failed_flush_has_lost_leaves_the_store_and_the_next_who_relies_on_one_is_told(bool isInBackground)
    {
        var parts = _fixture.Parts;
        var blocks = Content.Chunks(3, 300_000, seed: 1);
        foreach (var block in blocks) parts.Writer.Put(block).ShouldBe(PutResult.Stored);
        foreach (var block in blocks[..2])
        {
            var path = _fixture.Files($"*{block.Cid.Digest}.block").Single();
            File.Move(path, path + ".aside");
            File.CreateSymbolicLink(path, "/dev/null");
        }
        Flip(_fixture.Files($"*{blocks[0].Cid.Digest}.block.aside").Single(), 1000);

        Should.Throw<IOException>(isInBackground ? parts.Flusher.TryFlush : parts.Flusher.Flush);

        blocks.Select(block => parts.Reader.Read(block.Cid, 0, new byte[300_000])).ShouldBe([-1, 300_000, 300_000]);
        parts.Index.TryFind(blocks[0].Cid.Digest, out _).ShouldBeFalse();
        var kept = _fixture.Files($"*{blocks[1].Cid.Digest}.block").Single();
        File.Move(kept + ".aside", kept, overwrite: true);
        if (isInBackground) Should.Throw<IOException>(parts.Flusher.Flush);
        parts.Flusher.Flush();
    }

    /// <summary>The node that none can read is spoken of while the collection marks: then there is a pack already to which it will copy what survives.</summary>
    [Fact]
    public void Where_the_copies_of_an_eviction_cannot_be_flushed_their_originals_count_and_what_else_was_lost_with_them_leaves_the_store()
    {
        using var kept = Content.Raw(1000, 1);
        using var beside = Content.Raw(1000, 2);
        using var unreadable = Block.Create(CidCodec.MessagePack, [0xc1]);
        var parts = _fixture.Parts;
        foreach (var block in new[] { kept, unreadable, Content.Raw(90_000, 3) }) parts.Writer.Put(block);
        foreach (var cid in new[] { kept.Cid, unreadable.Cid }) parts.Protection.Pin(cid, "user");
        var original = _fixture.Files("*.pack").Single();
        _fixture.Said = message =>
        {
            if (!message.Contains(unreadable.Cid.ToString(), StringComparison.Ordinal)) return;
            parts.Writer.Put(beside);
            parts.PackWriter.WriteOut();
            var copies = _fixture.Files("*.pack").Single(path => path != original);
            File.Move(copies, copies + ".aside");
            File.CreateSymbolicLink(copies, "/dev/null");
            Flip(copies + ".aside", 16 + 48 + 500);
        };

        parts.Collector.Collect(0, CancellationToken.None);

        File.Exists(original).ShouldBeTrue();
        parts.Index.TryFind(kept.Cid.Digest, out var place).ShouldBeTrue();
        parts.Containers.TryGet(place.Container, out var container).ShouldBeTrue();
        container.Path.ShouldBe(original);
        parts.Reader.Read(kept.Cid, 0, new byte[1000]).ShouldBe(1000);
        parts.Index.TryFind(beside.Cid.Digest, out _).ShouldBeFalse();
        Should.Throw<IOException>(parts.Flusher.Flush);
    }

    [Fact]
    public void A_damaged_block_of_some_size_is_replaced_by_a_sound_one_for_good()
    {
        using var block = Content.Raw(300_000, 1);
        _fixture.Store.Put(block);
        for (var round = 0; round < 3; round++)
        {
            _fixture.Close();
            Flip(_fixture.Files("*.block").Single(), 1000);
            _fixture.Store.TryOpenFlat(block.Cid, out _).ShouldBeFalse();
            Content.IsReadable(_fixture.Store, block).ShouldBeFalse();
            _fixture.Store.Put(block).ShouldBe(PutResult.Stored);
            Content.IsReadable(_fixture.Reopen(), block).ShouldBeTrue();
        }
    }

    [Fact]
    public void A_sound_copy_outlives_the_damaged_record_of_a_pack_that_it_replaced()
    {
        using var block = Content.Raw(200_000, 1);
        using (var writer = _fixture.Store.BeginLargeFile(2 * block.Length))
        {
            writer.Append(block);
            Content.IsReadable(_fixture.Store, block).ShouldBeTrue();
        }
        _fixture.Close();
        Flip(_fixture.Files("*.pack").Single(), 16 + 48 + 1000);
        Content.IsReadable(_fixture.Store, block).ShouldBeFalse();
        _fixture.Store.Put(block).ShouldBe(PutResult.Stored);
        for (var round = 0; round < 2; round++)
        {
            Content.IsReadable(_fixture.Reopen(), block).ShouldBeTrue();
            _fixture.Files("*.block").Count().ShouldBe(1);
        }
    }

    [Fact]
    public void A_sound_copy_outlives_the_damaged_chunk_of_a_file_that_still_calls_it_present()
    {
        var chunks = Content.Chunks(3, 200_000, seed: 1);
        _fixture.Store.DeclareFile(Content.Layout(chunks));
        chunks.ForEach(chunk => _fixture.Store.Put(chunk));
        _fixture.Close();
        Flip(_fixture.Files("*.flat").Single(), 17);
        var lone = Path.Combine(_fixture.Directory, "files", $"7.{chunks[0].Cid.Digest}.block");
        File.WriteAllBytes(lone, chunks[0].Bytes.ToArray());
        for (var round = 0; round < 2; round++) chunks.ShouldAllBe(chunk => Content.IsReadable(_fixture.Reopen(), chunk));
        File.Exists(lone).ShouldBeTrue();
    }

    [Fact]
    public void A_read_of_a_part_of_a_damaged_block_is_refused_even_where_the_part_is_right()
    {
        using var block = Content.Raw(100_000, 1);
        _fixture.Store.Put(block);
        _fixture.Close();
        Flip(_fixture.Files("*.pack").Single(), 16 + 48 + 99_999);
        _fixture.Store.Read(block.Cid, 0, new byte[10]).ShouldBe(-1);
    }

    [Fact]
    public void A_pack_that_ends_anywhere_loses_what_is_cut_off_and_is_appended_to()
    {
        var blocks = Content.Chunks(6, 100, seed: 1);
        blocks.ForEach(block => _fixture.Store.Put(block));
        _fixture.Close();
        var pack = _fixture.Files("*.pack").Single();
        for (var length = 16 + 148 * 6; length >= 0; length -= 7)
        {
            Cut(pack, length);
            var sound = Math.Max(0, (length - 16) / 148);
            var store = _fixture.Reopen();
            blocks.Count(block => Content.IsReadable(store, block)).ShouldBe(sound, $"cut at {length}");
            store.Put(Content.Raw(50, length)).ShouldBe(PutResult.Stored);
            _fixture.Close();
            _fixture.Files("*.pack").Count().ShouldBe(1);
            Content.IsReadable(_fixture.Store, Content.Raw(50, length)).ShouldBeTrue($"appended after a cut at {length}");
            _fixture.Close();
            if (_fixture.Files("*.pack").Single() is var now && now != pack) break;
        }
    }

    [Fact]
    public void Stray_bytes_after_the_last_record_are_cut_off()
    {
        var blocks = Content.Chunks(5, 100, seed: 1);
        blocks.ForEach(block => _fixture.Store.Put(block));
        _fixture.Close();
        var pack = _fixture.Files("*.pack").Single();
        File.AppendAllBytes(pack, new byte[10_000]);
        blocks.ShouldAllBe(block => Content.IsReadable(_fixture.Store, block));
        new FileInfo(pack).Length.ShouldBe(16 + 5 * 148);
    }

    [Theory]
    [InlineData("index")]
    [InlineData("pack")]
    public void A_sealed_pack_is_read_whatever_became_of_its_index(string damaged)
    {
        _fixture.Options = _fixture.Options with { PackBytes = 2 << 20 };
        var blocks = Content.Chunks(60, 100_000, seed: 1);
        blocks.ForEach(block => _fixture.Store.Put(block));
        _fixture.Close();
        var index = _fixture.Files("*.index").First();
        if (damaged == "index") Flip(index, 100);
        else File.AppendAllText(Path.ChangeExtension(index, ".pack"), "x");
        var store = _fixture.Store;
        blocks.ShouldAllBe(block => Content.IsReadable(store, block));
    }

    /// <summary>From now on a read of this file fails as that of a bad sector does. What was there lies aside.</summary>
    private void MakeUnreadable(string path)
    {
        File.Move(path, Path.Combine(_fixture.Directory, "aside"));
        File.CreateSymbolicLink(path, "/proc/self/mem");
    }

    [Fact]
    public void A_pack_whose_index_the_device_cannot_give_is_read_without_it()
    {
        var (blocks, packs) = WriteSealedPacks();
        MakeUnreadable(Path.ChangeExtension(packs[0], ".index"));
        var said = new List<string>();
        _fixture.Said = said.Add;

        blocks.ShouldAllBe(block => _fixture.Parts.Reader.Read(block.Cid, 0, new byte[block.Length]) == block.Length);
        said.ShouldContain(message => message.Contains(Path.ChangeExtension(packs[0], ".index")));
        _fixture.Close();
        blocks.ShouldAllBe(block => Content.IsReadable(_fixture.Store, block));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_pack_that_the_device_cannot_give_is_named_and_costs_its_own_blocks_alone(bool isLast)
    {
        var (blocks, packs) = WriteSealedPacks();
        var lost = isLast ? packs[^1] : packs[0];
        File.Delete(Path.ChangeExtension(lost, ".index"));
        MakeUnreadable(lost);
        var said = new List<string>();
        _fixture.Said = said.Add;

        var here = blocks.Where(block => _fixture.Parts.Reader.Read(block.Cid, 0, new byte[block.Length]) == block.Length).ToList();
        here.Count.ShouldBeInRange(1, blocks.Count - 1);
        said.ShouldContain(message => message.Contains(lost));
        _fixture.Close();
        blocks.Except(here).ShouldAllBe(block => _fixture.Store.Put(block) == PutResult.Stored);
        _fixture.Close();

        File.Move(Path.Combine(_fixture.Directory, "aside"), lost, overwrite: true);
        blocks.ShouldAllBe(block => Content.IsReadable(_fixture.Store, block));
    }

    private (List<Block> Blocks, List<string> Packs) WriteSealedPacks()
    {
        _fixture.Options = _fixture.Options with { PackBytes = 2 << 20 };
        var blocks = Content.Chunks(60, 100_000, seed: 1);
        blocks.ForEach(block => _fixture.Store.Put(block));
        _fixture.Close();
        return (blocks, _fixture.Files("*.pack").ToList());
    }

    [Fact]
    public void A_flat_file_whose_list_the_device_cannot_give_is_named_and_its_chunks_can_be_put_again()
    {
        var chunks = Content.Chunks(3, 200_000, seed: 1);
        _fixture.Store.DeclareFile(Content.Layout(chunks));
        chunks.ForEach(chunk => _fixture.Store.Put(chunk));
        _fixture.Close();
        var list = _fixture.Files("*.chunks").Single();
        MakeUnreadable(list);
        var said = new List<string>();
        _fixture.Said = said.Add;
        _fixture.Parts.Index.Count.ShouldBe(0);
        said.ShouldContain(message => message.Contains(list));
        _fixture.Close();
        chunks.ForEach(chunk => _fixture.Store.Put(chunk).ShouldBe(PutResult.Stored));
    }

    /// <summary>A loop of symbolic links: as with the last descriptor gone, open(2) fails although the file is there.</summary>
    [Theory]
    [InlineData("*.pack")]
    [InlineData("*.index")]
    [InlineData("*.chunks")]
    public void A_file_that_cannot_be_opened_for_now_keeps_the_store_from_starting_and_nothing_is_removed(string kind)
    {
        var (blocks, packs) = WriteSealedPacks();
        File.Delete(Path.ChangeExtension(packs[^1], ".index"));
        var chunks = Content.Chunks(3, 200_000, seed: 1);
        _fixture.Store.DeclareFile(Content.Layout(chunks));
        chunks.ForEach(chunk => _fixture.Store.Put(chunk));
        _fixture.Close();
        var path = _fixture.Files(kind).Last();
        var aside = Path.Combine(_fixture.Directory, "aside");
        File.Move(path, aside);
        File.CreateSymbolicLink(path, path);

        Should.Throw<IOException>(() => _fixture.Store);

        File.Move(aside, path, overwrite: true);
        blocks.Concat(chunks).ShouldAllBe(block => Content.IsReadable(_fixture.Store, block));
    }

    [Fact]
    public void A_damaged_chunk_is_not_in_the_flat_file_until_it_is_put_again()
    {
        var chunks = Content.Chunks(10, 200_000, seed: 1);
        var layout = Content.Layout(chunks);
        _fixture.Store.DeclareFile(layout);
        chunks.ForEach(chunk => _fixture.Store.Put(chunk));
        _fixture.Close();
        Flip(_fixture.Files("*.flat").Single(), 4 * 200_000 + 17);

        var store = _fixture.Store;
        store.TryOpenFlat(layout.File, out _).ShouldBeFalse();
        store.Contains(chunks[4].Cid).ShouldBeFalse();
        store.Put(chunks[4]).ShouldBe(PutResult.Stored);
        store.TryOpenFlat(layout.File, out var handle).ShouldBeTrue();
        using (handle)
        {
            var bytes = new byte[200_000];
            RandomAccess.Read(handle, bytes, 4 * 200_000);
            bytes.ShouldBe(chunks[4].Bytes.ToArray());
        }
        _fixture.Files("*.block").ShouldBeEmpty();
    }

    [Fact]
    public void A_flat_file_that_was_cut_off_loses_its_end()
    {
        var chunks = Content.Chunks(10, 200_000, seed: 1);
        var layout = Content.Layout(chunks);
        _fixture.Store.DeclareFile(layout);
        chunks.ForEach(chunk => _fixture.Store.Put(chunk));
        _fixture.Close();
        Cut(_fixture.Files("*.flat").Single(), 1_500_000);
        var store = _fixture.Store;
        chunks.Count(chunk => Content.IsReadable(store, chunk)).ShouldBe(7);
    }

    [Theory]
    [InlineData("*.chunks")]
    [InlineData("*.flat")]
    public void A_flat_file_without_its_list_and_a_list_without_its_file_are_swept_away(string missing)
    {
        var chunks = Content.Chunks(3, 200_000, seed: 1);
        _fixture.Store.DeclareFile(Content.Layout(chunks));
        chunks.ForEach(chunk => _fixture.Store.Put(chunk));
        _fixture.Close();
        File.Delete(_fixture.Files(missing).Single());
        var store = _fixture.Store;
        chunks.ShouldAllBe(chunk => !Content.IsReadable(store, chunk));
        _fixture.Files("*.flat").Concat(_fixture.Files("*.chunks")).ShouldBeEmpty();
        chunks.ForEach(chunk => store.Put(chunk).ShouldBe(PutResult.Stored));
    }

    [Fact]
    public void A_file_that_was_being_imported_is_swept_away()
    {
        File.WriteAllBytes(Path.Combine(Directory.CreateDirectory(Path.Combine(_fixture.Directory, "files")).FullName, "7.partial"), new byte[100]);
        _fixture.Store.Statistics.Blocks.ShouldBe(0);
        _fixture.Files("*.partial").ShouldBeEmpty();
    }

    [Fact]
    public void A_list_of_pins_that_cannot_be_read_is_named_with_its_line_and_left_alone()
    {
        File.WriteAllText(Path.Combine(_fixture.Directory, "pins"), "SwarmFS pins 1\nnonsense here\n");
        var refusal = Should.Throw<StoreUnusableException>(() => _fixture.Store);
        refusal.Message.ShouldContain("line 2");
        File.ReadAllText(Path.Combine(_fixture.Directory, "pins")).ShouldContain("nonsense");
        File.Delete(Path.Combine(_fixture.Directory, "pins"));
        _fixture.Store.Pins.ShouldBeEmpty("the refusal gave the directory free");
    }

    [Fact]
    public async Task A_check_finds_each_damaged_block_and_the_root_and_file_that_list_it()
    {
        var file = Content.Bytes(3_000_000, 1);
        var tree = Content.Tree(_fixture.Store, ("big", file), ("small", Content.Bytes(3000, 2)), ("other", Content.Bytes(4000, 3)));
        _fixture.Store.Pin(tree.Root, "user");
        using var stranger = Content.Raw(2000, 4);
        _fixture.Store.Put(stranger);
        (await _fixture.Store.CheckAsync(null, CancellationToken.None)).IsClean.ShouldBeTrue();
        _fixture.Close();

        Flip(_fixture.Files("*.flat").Single(), 1_000_000);
        var pack = _fixture.Files("*.pack").Single();
        var at = File.ReadAllBytes(pack).AsSpan().IndexOf(Content.Bytes(3000, 2).AsSpan(0, 100));
        Flip(pack, at);
        Flip(pack, File.ReadAllBytes(pack).AsSpan().IndexOf(stranger.Span[..100]));

        var seen = new List<CheckProgress>();
        var report = await _fixture.Store.CheckAsync(new Direct<CheckProgress>(seen.Add), CancellationToken.None);
        report.Damaged.Count.ShouldBe(3);
        var (chunk, small) = (report.Damaged.Single(d => d.File is not null), report.Damaged.Single(d => d.Cid == Cid.Of(CidCodec.Raw, Content.Bytes(3000, 2))));
        chunk.Roots.ShouldBe([tree.Root]);
        small.Roots.ShouldBe([tree.Root]);
        report.Damaged.Single(d => d.Cid == stranger.Cid).Roots.ShouldBeEmpty();
        report.Incomplete.Single().Missing.ShouldBe(2);
        seen.ShouldNotBeEmpty();

        _fixture.Store.Put(Block.Create(CidCodec.Raw, Content.Bytes(3000, 2)));
        (await _fixture.Store.CheckAsync(null, CancellationToken.None)).Incomplete.Single().FirstMissing.ShouldBe(chunk.Cid);
    }

    [Fact]
    public async Task What_is_evicted_during_a_check_is_not_called_damaged()
    {
        for (var i = 0; i < 400; i++) _fixture.Store.Put(Content.Raw(1000, i));
        var seen = new List<CheckProgress>();

        var report = await _fixture.Store.CheckAsync(new Direct<CheckProgress>(progress =>
        {
            if (seen.Count == 0) _fixture.Store.CollectAllAsync(CancellationToken.None).GetAwaiter().GetResult();
            seen.Add(progress);
        }), CancellationToken.None);

        seen[0].BlocksChecked.ShouldBeLessThan(400);
        _fixture.Store.Statistics.Blocks.ShouldBe(0);
        report.Damaged.ShouldBeEmpty();
    }

    private sealed class Direct<T>(Action<T> action) : IProgress<T>
    {
        public void Report(T value) => action(value);
    }
}
