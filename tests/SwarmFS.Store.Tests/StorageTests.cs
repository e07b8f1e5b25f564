using SwarmFS.Core;
using SwarmFS.Testing;

namespace SwarmFS.Store.Tests;

public sealed class StorageTests : IDisposable
{
    private readonly StoreFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void All_is_found_again_after_a_restart()
    {
        var blocks = Enumerable.Range(0, 200).Select(i => Content.Raw(i * 37 % 5000, i)).Append(Content.Raw(300_000, 1000)).ToList();
        using var node = Block.Create(CidCodec.MessagePack, [0x80]);
        blocks.ForEach(block => _fixture.Store.Put(block).ShouldNotBe(PutResult.NoSpace));
        _fixture.Store.Put(node);
        for (var round = 0; round < 3; round++)
        {
            var store = _fixture.Reopen();
            blocks.ShouldAllBe(block => Content.IsReadable(store, block));
            store.TryGet(node.Cid, out var copy).ShouldBeTrue();
            copy.Dispose();
        }
    }

    [Fact]
    public void Small_blocks_share_a_file_and_a_large_one_has_its_own()
    {
        for (var i = 0; i < 1000; i++) _fixture.Store.Put(Content.Raw(500, i));
        _fixture.Store.Put(Content.Raw(500_000, 2000));
        _fixture.Files("*.pack").Count().ShouldBe(1);
        _fixture.Files("*.block").Count().ShouldBe(1);
        _fixture.Close();
        _fixture.DiskBytes().ShouldBeLessThan(1000 * 600 + 500_000 + 50_000);
    }

    [Fact]
    public void A_full_pack_is_sealed_with_an_index_and_read_through_it_after_a_restart()
    {
        _fixture.Options = _fixture.Options with { PackBytes = 2 << 20 };
        var blocks = Content.Chunks(60, 100_000, seed: 1);
        blocks.ForEach(block => _fixture.Store.Put(block));
        _fixture.Files("*.index").Count().ShouldBeGreaterThan(1);
        var store = _fixture.Reopen();
        blocks.ShouldAllBe(block => Content.IsReadable(store, block));
    }

    [Fact]
    public void No_byte_is_kept_twice()
    {
        var chunks = Content.Chunks(10, 200_000, seed: 1);
        var layout = Content.Layout(chunks);
        _fixture.Store.Put(chunks[3]);
        _fixture.Store.DeclareFile(layout);
        chunks.ForEach(chunk => _fixture.Store.Put(chunk));
        var shared = Content.Layout([.. chunks.Take(5), Content.Raw(200_000, 99)]);
        _fixture.Store.DeclareFile(shared);
        using (var writer = _fixture.Store.BeginLargeFile(shared.Size))
        {
            chunks.Take(5).ToList().ForEach(writer.Append);
            writer.Append(Content.Raw(200_000, 99));
            writer.Commit(shared);
        }
        _fixture.DiskBytes().ShouldBeLessThan(11 * 200_000 + 11 * 4096 + 5 * 4096);
        var store = _fixture.Reopen();
        chunks.ShouldAllBe(chunk => Content.IsReadable(store, chunk));
        store.TryOpenFlat(shared.File, out _).ShouldBeFalse("its chunks lie in another file");
    }

    [Fact]
    public void An_incomplete_flat_file_is_sparse_and_completed_after_a_restart()
    {
        var chunks = Content.Chunks(20, 250_000, seed: 1);
        var layout = Content.Layout(chunks);
        _fixture.Store.DeclareFile(layout);
        foreach (var chunk in chunks.Where((_, i) => i % 2 == 1)) _fixture.Store.Put(chunk);
        _fixture.DiskBytes().ShouldBeLessThan(10 * 260_000);

        var store = _fixture.Reopen();
        chunks.Where((_, i) => i % 2 == 1).ShouldAllBe(chunk => Content.IsReadable(store, chunk));
        store.DeclareFile(layout);
        chunks.ForEach(chunk => store.Put(chunk));
        ShouldBeFlat(store, layout, chunks);
        _fixture.Files("*.flat").Count().ShouldBe(1);
        ShouldBeFlat(_fixture.Reopen(), layout, chunks);
    }

    [Fact]
    public void A_file_of_more_chunks_than_a_list_takes_is_refused_while_it_is_written_and_never_lost_after_it()
    {
        using var writer = _fixture.Store.BeginLargeFile((ChunkList.MaxChunks + 1) * 8L);
        for (var chunk = 0; chunk < ChunkList.MaxChunks; chunk++)
        {
            using var block = Block.Create(CidCodec.Raw, BitConverter.GetBytes((long)chunk % 1000));
            writer.Append(block);
        }
        using var last = Content.Raw(8, 1);
        Should.Throw<InvalidTreeException>(() => writer.Append(last)).Message.ShouldContain($"{ChunkList.MaxChunks}");
    }

    private static void ShouldBeFlat(BlockStore store, FileLayout layout, List<Block> chunks)
    {
        store.TryOpenFlat(layout.File, out var handle).ShouldBeTrue();
        using (handle)
        {
            var content = new byte[layout.Size];
            RandomAccess.Read(handle, content, 0).ShouldBe(content.Length);
            content.ShouldBe(chunks.SelectMany(chunk => chunk.Bytes.ToArray()).ToArray());
        }
    }

    [Fact]
    public void A_whole_block_of_some_size_has_a_handle_as_well()
    {
        using var block = Content.Raw(300_000, 1);
        _fixture.Store.Put(block);
        var store = _fixture.Reopen();
        store.TryOpenFlat(block.Cid, out var handle).ShouldBeTrue();
        using (handle) RandomAccess.GetLength(handle).ShouldBe(300_000);
    }

    [Fact]
    public void A_hit_allocates_nothing()
    {
        using var small = Content.Raw(5000, 1);
        using var large = Content.Raw(300_000, 2);
        _fixture.Store.Put(small);
        _fixture.Store.Put(large);
        var bytes = new byte[4096];
        Allocations.Of(100, () =>
        {
            _fixture.Store.Read(small.Cid, 100, bytes);
            _fixture.Store.Read(large.Cid, 100, bytes);
        }).ShouldBe(0);
    }

    [Fact]
    public void More_files_than_descriptors_can_be_read_by_several_threads()
    {
        _fixture.Options = _fixture.Options with { OpenFiles = 4 };
        var blocks = Content.Chunks(50, 130_000, seed: 1);
        blocks.ForEach(block => _fixture.Store.Put(block));
        var store = _fixture.Reopen();
        Parallel.For(0, 4, new ParallelOptions { MaxDegreeOfParallelism = 4 }, worker =>
        {
            var random = new Random(worker);
            for (var i = 0; i < 500; i++) Content.IsReadable(store, blocks[random.Next(blocks.Count)]).ShouldBeTrue();
        });
        // Other tests' descriptors come and go meanwhile: one that is gone has no target.
        var open = Directory.EnumerateFiles("/proc/self/fd").Select(path => new FileInfo(path).LinkTarget ?? "")
            .Count(target => target.StartsWith(_fixture.Directory, StringComparison.Ordinal));
        open.ShouldBeLessThan(4 + 4 + 2);
    }

    [Fact]
    public void A_second_process_is_refused_with_the_number_of_the_first()
    {
        _fixture.Store.Contains(Content.Raw(1, 1).Cid).ShouldBeFalse();
        Should.Throw<StoreUnusableException>(() => StoreFixture.Open(_fixture.Options, _fixture.Time)).Message.ShouldContain($"process {Environment.ProcessId}");
    }

    [Fact]
    public void Everything_is_for_the_owner_alone()
    {
        _fixture.Store.Put(Content.Raw(10, 1));
        _fixture.Store.Put(Content.Raw(200_000, 2));
        _fixture.Store.Pin(Content.Raw(10, 1).Cid, "user");
        foreach (var file in _fixture.Files("*")) File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite, file);
    }

    [Fact]
    public void A_layout_that_lies_about_lengths_damages_nothing()
    {
        var chunks = Content.Chunks(4, 200_000, seed: 1);
        var lying = new FileLayout(Cid.Of(CidCodec.MessagePack, [1]), [.. chunks.Select(chunk => chunk.Cid.Digest)], [100_000, 300_000, 300_001, 1_000_000]);
        _fixture.Store.DeclareFile(lying);
        chunks.ForEach(chunk => _fixture.Store.Put(chunk).ShouldBe(PutResult.Stored));
        chunks.ShouldAllBe(chunk => Content.IsReadable(_fixture.Store, chunk));
        _fixture.Store.TryOpenFlat(lying.File, out _).ShouldBeFalse();
        var store = _fixture.Reopen();
        chunks.ShouldAllBe(chunk => Content.IsReadable(store, chunk));
    }

    [Fact]
    public void A_layout_with_a_size_that_no_disk_has_is_kept_as_loose_blocks()
    {
        using var chunk = Content.Raw(100_000, 1);
        var ends = Enumerable.Range(1, 4000).Select(i => i * 100_000L).ToArray();
        ends[^1] = long.MaxValue - 1;
        var layout = new FileLayout(Cid.Of(CidCodec.MessagePack, [1]), [chunk.Cid.Digest, .. Enumerable.Range(1, 3999).Select(i => Sha256Digest.Of([(byte)i, (byte)(i >> 8)]))], ends);
        _fixture.Store.DeclareFile(layout);
        _fixture.Store.Put(chunk).ShouldBe(PutResult.Stored);
        Content.IsReadable(_fixture.Reopen(), chunk).ShouldBeTrue();
    }

    [Fact]
    public void A_declared_file_that_lacks_nothing_is_not_kept_in_mind()
    {
        var chunks = Content.Chunks(3, 200_000, seed: 1);
        var parts = _fixture.Parts;
        chunks.Take(2).ToList().ForEach(chunk => parts.Writer.Put(chunk));
        var here = Content.Layout([chunks[0], chunks[1], chunks[0]]);
        parts.Flats.Declare(here);
        parts.Flats.TryFind(here.File, out _).ShouldBeFalse("all of it lies elsewhere");

        var layout = Content.Layout(chunks);
        parts.Flats.Declare(layout);
        parts.Flats.TryFind(layout.File, out var file).ShouldBeTrue();
        file.Layout.ShouldNotBeNull();
        var same = new FileLayout(Cid.Of(CidCodec.MessagePack, [1]), [chunks[2].Cid.Digest], [chunks[2].Length]);
        parts.Flats.Declare(same);
        parts.Flats.TryFind(same.File, out _).ShouldBeFalse("another file has a place for it");
        parts.Writer.Put(chunks[2]).ShouldBe(PutResult.Stored);
        file.IsOnDisk.ShouldBeTrue();
        file.Layout.ShouldBeNull("what was missing has come");
    }

    [Fact]
    public void Declared_files_are_forgotten_when_they_have_more_chunks_than_are_kept_in_mind()
    {
        var parts = _fixture.Parts;
        using var here = Content.Raw(1, 1);
        parts.Writer.Put(here);
        var layouts = Enumerable.Range(0, 5).Select(file => LayoutOf(ChunkList.MaxChunks / 4, here, file)).ToList();
        layouts.ForEach(parts.Flats.Declare);
        layouts.Select(layout => parts.Flats.TryFind(layout.File, out _)).ShouldBe([false, true, true, true, true]);

        var longest = LayoutOf(ChunkList.MaxChunks, here, file: 9);
        parts.Flats.Declare(longest);
        layouts.Append(longest).Count(layout => parts.Flats.TryFind(layout.File, out _)).ShouldBe(1);
        parts.Flats.TryFind(longest.File, out _).ShouldBeTrue("one file of any length has room");
    }

    /// <summary>All chunks but the first are the same one.</summary>
    private static FileLayout LayoutOf(int chunks, Block same, int file)
    {
        var digests = Enumerable.Repeat(same.Cid.Digest, chunks).ToArray();
        digests[0] = Sha256Digest.Of([(byte)file]);
        return new FileLayout(Cid.Of(CidCodec.MessagePack, [(byte)file]), digests, [.. Enumerable.Range(1, chunks).Select(end => (long)end)]);
    }

    [Fact]
    public async Task A_chunk_that_lay_elsewhere_and_was_lost_completes_the_file_that_is_declared_again()
    {
        var chunks = Content.Chunks(3, 200_000, seed: 1);
        var layout = Content.Layout(chunks);
        _fixture.Store.Put(chunks[0]);
        _fixture.Store.DeclareFile(layout);
        chunks.ForEach(chunk => _fixture.Store.Put(chunk));
        _fixture.Store.TryOpenFlat(layout.File, out _).ShouldBeFalse();

        await File.WriteAllBytesAsync(_fixture.Files("*.block").Single(), new byte[200_000], TestContext.Current.CancellationToken);
        (await _fixture.Store.CheckAsync(null, TestContext.Current.CancellationToken)).Damaged.Single().Cid.ShouldBe(chunks[0].Cid);
        _fixture.Store.DeclareFile(layout);
        _fixture.Store.Put(chunks[0]).ShouldBe(PutResult.Stored);
        ShouldBeFlat(_fixture.Store, layout, chunks);
    }

    [Fact]
    public void A_presence_that_is_noted_after_a_flush_has_taken_the_bytes_is_flushed_by_the_next()
    {
        var parts = _fixture.Parts;
        var layout = Content.Layout(Content.Chunks(2, 200_000, seed: 1));
        var file = new FlatFile(parts.Containers.NextId(), parts.Files, layout.File, layout.Size, layout.ChunkCount);
        file.Create(layout);
        parts.Containers.Add(file);
        foreach (var isPresent in new[] { true, false })
        {
            parts.Flusher.Flush();
            file.Dirty.ShouldBe(0);
            file.NotePresence(1, isPresent);
            file.Dirty.ShouldBe(1);
        }
    }

    [Fact]
    public void A_flush_that_fails_at_the_directories_leaves_everything_to_the_next()
    {
        var parts = _fixture.Parts;
        using var block = Content.Raw(200_000, 1);
        parts.Writer.Put(block);
        var flusher = new Flusher(parts.PackWriter, parts.Index, parts.Containers, parts.Reader, parts.Files, Path.Combine(_fixture.Directory, "nowhere"));
        for (var attempt = 0; attempt < 2; attempt++) Should.Throw<IOException>(flusher.Flush);
    }
}
