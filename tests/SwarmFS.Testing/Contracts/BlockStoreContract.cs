using Shouldly;
using SwarmFS.Core;
using Xunit;

namespace SwarmFS.Testing.Contracts;

/// <summary>What every <see cref="IBlockStore"/> promises. Run on each of them by a class that derives from this one.</summary>
public abstract class BlockStoreContract
{
    /// <summary>An empty store with room for some MiB.</summary>
    protected abstract IBlockStore Store { get; }

    private static Block Raw(int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return Block.Create(CidCodec.Raw, bytes);
    }

    private static FileLayout LayoutOf(IReadOnlyList<Block> chunks)
    {
        var ends = new long[chunks.Count];
        var end = 0L;
        for (var i = 0; i < chunks.Count; i++) ends[i] = end += chunks[i].Length;
        var file = Cid.Of(CidCodec.MessagePack, [.. chunks.SelectMany(chunk => chunk.Cid.ToString().Select(c => (byte)c))]);
        return new FileLayout(file, [.. chunks.Select(chunk => chunk.Cid.Digest)], ends);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4096)]
    [InlineData(200_000)]
    [InlineData(Block.MaxLength)]
    public void What_was_put_is_read_back(int length)
    {
        using var block = Raw(length, seed: length);
        Store.Contains(block.Cid).ShouldBeFalse();
        Store.Put(block).ShouldBe(PutResult.Stored);
        Store.Put(block).ShouldBe(PutResult.AlreadyPresent);
        Store.Contains(block.Cid).ShouldBeTrue();
        Store.TryGetLength(block.Cid, out var found).ShouldBeTrue();
        found.ShouldBe(length);
        Store.TryGet(block.Cid, out var copy).ShouldBeTrue();
        using (copy) copy.Bytes.ToArray().ShouldBe(block.Bytes.ToArray());
    }

    [Fact]
    public void An_absent_block_is_absent_in_every_method()
    {
        using var block = Raw(100, seed: 1);
        Store.Contains(block.Cid).ShouldBeFalse();
        Store.TryGetLength(block.Cid, out _).ShouldBeFalse();
        Store.Read(block.Cid, 0, new byte[10]).ShouldBe(-1);
        Store.TryGet(block.Cid, out _).ShouldBeFalse();
        Store.TryOpenFlat(block.Cid, out _).ShouldBeFalse();
    }

    [Theory]
    [InlineData(0, 10, 10)]
    [InlineData(90, 10, 10)]
    [InlineData(95, 10, 5)]
    [InlineData(100, 10, 0)]
    [InlineData(1000, 10, 0)]
    [InlineData(0, 1000, 100)]
    [InlineData(50, 0, 0)]
    public void A_read_copies_as_much_as_both_have(int offset, int wanted, int expected)
    {
        using var block = Raw(100, seed: 2);
        Store.Put(block);
        var destination = new byte[wanted];
        Store.Read(block.Cid, offset, destination).ShouldBe(expected);
        if (expected > 0) destination[..expected].ShouldBe(block.Span.Slice(offset, expected).ToArray());
    }

    [Fact]
    public void Chunks_of_a_declared_file_are_found_by_their_CIDs_and_together_are_the_file()
    {
        var chunks = Enumerable.Range(0, 5).Select(i => Raw(100_000 + i, seed: 10 + i)).ToList();
        var layout = LayoutOf(chunks);
        Store.DeclareFile(layout);
        Store.DeclareFile(layout);
        foreach (var chunk in chunks.AsEnumerable().Reverse())
        {
            Store.TryOpenFlat(layout.File, out _).ShouldBeFalse();
            Store.Put(chunk).ShouldBe(PutResult.Stored);
        }
        ShouldBeReadable(chunks, layout);
    }

    [Fact]
    public void A_large_file_that_was_written_in_order_is_there_when_committed()
    {
        var chunks = Enumerable.Range(0, 5).Select(i => Raw(100_000 + i, seed: 20 + i)).ToList();
        var layout = LayoutOf(chunks);
        using (var writer = Store.BeginLargeFile(layout.Size))
        {
            chunks.ForEach(writer.Append);
            writer.Commit(layout);
        }
        ShouldBeReadable(chunks, layout);
    }

    private void ShouldBeReadable(List<Block> chunks, FileLayout layout)
    {
        foreach (var chunk in chunks)
        {
            Store.TryGet(chunk.Cid, out var copy).ShouldBeTrue();
            copy.Dispose();
        }
        Store.TryOpenFlat(layout.File, out var handle).ShouldBeTrue();
        using (handle)
        {
            RandomAccess.GetLength(handle).ShouldBe(layout.Size);
            var content = new byte[layout.Size];
            RandomAccess.Read(handle, content, 0).ShouldBe(content.Length);
            content.ShouldBe(chunks.SelectMany(chunk => chunk.Bytes.ToArray()).ToArray());
        }
        chunks.ForEach(chunk => chunk.Dispose());
    }

    [Fact]
    public void A_large_file_that_was_not_committed_leaves_nothing_but_what_was_there_before()
    {
        using var before = Raw(150_000, seed: 30);
        using var fresh = Raw(150_000, seed: 31);
        Store.Put(before);
        using (var writer = Store.BeginLargeFile(300_000))
        {
            writer.Append(before);
            writer.Append(fresh);
        }
        Store.Contains(before.Cid).ShouldBeTrue();
        Store.Contains(fresh.Cid).ShouldBeFalse();
    }

    [Fact]
    public void Pins_are_listed_until_they_are_removed()
    {
        using var root = Raw(10, seed: 40);
        Store.Pin(root.Cid, "user");
        Store.Pin(root.Cid, "import");
        Store.Pins.ShouldBe([new PinnedRoot(root.Cid, "import")]);
        Store.Unpin(root.Cid).ShouldBeTrue();
        Store.Unpin(root.Cid).ShouldBeFalse();
        Store.Pins.ShouldBeEmpty();
    }

    [Fact]
    public void Holds_and_uses_may_be_released_twice()
    {
        using var root = Raw(10, seed: 50);
        foreach (var handle in new[] { Store.HoldNew(), Store.Use(root.Cid), Store.Use(root.Cid) })
        {
            handle.Dispose();
            handle.Dispose();
        }
        Store.Put(root).ShouldBe(PutResult.Stored);
    }

    [Fact]
    public async Task Many_threads_may_put_and_read_the_same_blocks()
    {
        var blocks = Enumerable.Range(0, 64).Select(i => Raw(1 + i * 5000 % 200_000, seed: 100 + i)).ToList();
        var stored = 0;
        await Task.WhenAll(Enumerable.Range(0, 4).Select(worker => Task.Run(() =>
        {
            foreach (var block in blocks.Skip(worker * 16).Concat(blocks.Take(worker * 16)))
            {
                if (Store.Put(block) == PutResult.Stored) Interlocked.Increment(ref stored);
                var bytes = new byte[block.Length];
                Store.Read(block.Cid, 0, bytes).ShouldBe(block.Length);
                bytes.AsSpan().SequenceEqual(block.Span).ShouldBeTrue();
            }
        })));
        stored.ShouldBe(blocks.Count);
        blocks.ForEach(block => block.Dispose());
    }
}
