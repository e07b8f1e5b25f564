using System.Runtime.InteropServices;
using SwarmFS.Core;

namespace SwarmFS.Store.Tests;

/// <summary>Small blocks that wait in memory to be written with others.</summary>
public sealed partial class PackTailTests : IDisposable
{
    private const int EmptyPack = 16;
    private readonly StoreFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    private string Pack => _fixture.Files("*.pack").Single();

    [Fact]
    public void A_block_is_read_before_it_is_written_and_after()
    {
        using var block = Content.Raw(3000, 1);
        _fixture.Store.Put(block).ShouldBe(PutResult.Stored);
        new FileInfo(Pack).Length.ShouldBe(EmptyPack);
        Content.IsReadable(_fixture.Store, block).ShouldBeTrue();
        _fixture.Store.TryGet(block.Cid, out var copy).ShouldBeTrue();
        copy.Dispose();
        var part = new byte[100];
        _fixture.Store.Read(block.Cid, 2950, part).ShouldBe(50);
        part.AsSpan(0, 50).SequenceEqual(block.Span[2950..]).ShouldBeTrue();

        _fixture.Store.Flush();

        new FileInfo(Pack).Length.ShouldBeGreaterThan(3000);
        Content.IsReadable(_fixture.Store, block).ShouldBeTrue();
        Content.IsReadable(_fixture.Reopen(), block).ShouldBeTrue();
    }

    [Fact]
    public async Task What_was_written_lately_is_read_from_memory_and_checked_on_the_disk()
    {
        using var block = Content.Raw(3000, 1);
        _fixture.Store.Put(block).ShouldBe(PutResult.Stored);
        _fixture.Store.Flush();
        await File.WriteAllBytesAsync(Pack, new byte[new FileInfo(Pack).Length], TestContext.Current.CancellationToken);
        var part = new byte[100];
        _fixture.Store.Read(block.Cid, 2900, part).ShouldBe(100);
        part.AsSpan().SequenceEqual(block.Span[2900..]).ShouldBeTrue();
        (await _fixture.Store.CheckAsync(null, TestContext.Current.CancellationToken)).Damaged.Single().Cid.ShouldBe(block.Cid);
        _fixture.Store.Contains(block.Cid).ShouldBeFalse();
    }

    [Fact]
    public void Only_the_last_mebibytes_are_in_memory_and_only_of_their_own_pack()
    {
        const int records = 20;
        var content = new byte[Block.MaxLength];
        var digest = Sha256Digest.Of(content);
        using var tail = new PackTail();
        var packs = new[] { new Pack(1, "/nowhere/1.pack") { Length = EmptyPack }, new Pack(2, "/nowhere/2.pack") { Length = EmptyPack } };
        foreach (var number in Enumerable.Range(0, records))
        {
            var pack = packs[number / (records / 2)];
            content[0] = (byte)number;
            tail.HasRoomFor(PackFormat.RecordHeaderLength + content.Length).ShouldBeTrue();
            tail.Append(pack, digest, CidCodec.Raw, content);
            pack.Length += PackFormat.RecordHeaderLength + content.Length;
            tail.HasRoomFor(1).ShouldBeFalse();
            tail.Written();
        }

        var kept = Enumerable.Range(0, records).Where(number =>
        {
            var offset = EmptyPack + ((number % (records / 2)) * (long)(PackFormat.RecordHeaderLength + Block.MaxLength)) + PackFormat.RecordHeaderLength;
            var first = new byte[1];
            if (!tail.TryRead(packs[number / (records / 2)], offset, first, isUnwritten: false)) return false;
            first[0].ShouldBe((byte)number);
            return true;
        });

        kept.ShouldBe(Enumerable.Range(records - PackTail.Segments, PackTail.Segments));
    }

    [Fact]
    public async Task A_block_waits_for_a_tenth_of_a_second_at_most()
    {
        using var block = Content.Raw(3000, 1);
        _fixture.Store.Put(block);
        _fixture.Time.Advance(TimeSpan.FromMilliseconds(100));
        while (new FileInfo(Pack).Length == EmptyPack) await Task.Delay(1, TestContext.Current.CancellationToken);
        Content.IsReadable(_fixture.Store, block).ShouldBeTrue();
    }

    [Fact]
    public void Blocks_are_written_when_a_mebibyte_of_them_waits_and_all_of_them_stay_readable()
    {
        var blocks = Content.Chunks(700, 5000, seed: 1);
        foreach (var block in blocks)
        {
            _fixture.Store.Put(block);
            Content.IsReadable(_fixture.Store, block).ShouldBeTrue();
        }
        new FileInfo(Pack).Length.ShouldBeInRange(2 << 20, 3_500_000);
        blocks.ShouldAllBe(block => Content.IsReadable(_fixture.Store, block));
        _fixture.Reopen();
        blocks.ShouldAllBe(block => Content.IsReadable(_fixture.Store, block));
    }

    [Fact]
    public void Readers_and_writers_of_what_waits_do_not_see_one_anothers_bytes()
    {
        var blocks = Content.Chunks(4000, 1500, seed: 1);
        var put = 0;
        Parallel.For(0, 4, new ParallelOptions { MaxDegreeOfParallelism = 4 }, worker =>
        {
            var random = new Random(worker);
            while (Interlocked.Increment(ref put) - 1 is var mine && mine < blocks.Count)
            {
                _fixture.Store.Put(blocks[mine]).ShouldBe(PutResult.Stored);
                Content.IsReadable(_fixture.Store, blocks[mine]).ShouldBeTrue();
                Content.IsReadable(_fixture.Store, blocks[random.Next(mine + 1)]);
                if (mine % 97 == 0) _fixture.Store.Flush();
            }
        });
        blocks.ShouldAllBe(block => Content.IsReadable(_fixture.Store, block));
        _fixture.Reopen();
        blocks.ShouldAllBe(block => Content.IsReadable(_fixture.Store, block));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_is_read_while_it_is_written_out_is_whole_or_not_there(bool isUnwritten)
    {
        const int length = 200_000;
        using var tail = new PackTail();
        var pack = new Pack(1, "/nowhere/1.pack") { Length = EmptyPack };
        (byte Value, long Offset) shown = default;
        var gate = new Lock();
        var (isOver, read) = (false, 0);
        var readers = Enumerable.Range(0, 2).Select(_ => Task.Run(() =>
        {
            var bytes = new byte[length];
            while (!Volatile.Read(ref isOver))
            {
                (byte value, long offset) = (0, 0);
                lock (gate) (value, offset) = shown;
                if (offset == 0 || !tail.TryRead(pack, offset, bytes, isUnwritten)) continue;
                bytes.AsSpan().IndexOfAnyExcept(value).ShouldBe(-1);
                Interlocked.Increment(ref read);
            }
        })).ToList();
        // Nothing between the end of one and the beginning of the next, so that who reads the one while it goes would see the other.
        List<byte[]> contents = [.. Enumerable.Range(1, 2).Select(value => Enumerable.Repeat((byte)value, length).ToArray())];
        var digest = Sha256Digest.Of(contents[0]);
        for (var round = 0; (Volatile.Read(ref read) < 300 || round < 20_000) && !readers.Exists(reader => reader.IsFaulted); round++)
        {
            var content = contents[round % 2];
            tail.Append(pack, digest, CidCodec.Raw, content);
            lock (gate) shown = (content[0], pack.Length + PackFormat.RecordHeaderLength);
            pack.Length += PackFormat.RecordHeaderLength + length;
            tail.Written();
        }
        Volatile.Write(ref isOver, true);
        await Task.WhenAll(readers);
    }

    [Fact]
    public void Whoever_holds_new_blocks_has_them_and_those_before_in_the_file_at_once()
    {
        using var before = Content.Raw(3000, 1);
        using var held = Content.Raw(3000, 2);
        _fixture.Store.Put(before);
        using (_fixture.Store.HoldNew())
        {
            new FileInfo(Pack).Length.ShouldBeGreaterThan(3000);
            _fixture.Store.Put(held);
            new FileInfo(Pack).Length.ShouldBeGreaterThan(6000);
        }
    }

    [Fact]
    public void What_is_reserved_is_counted_and_given_back()
    {
        _fixture.Store.Put(Content.Raw(3000, 1));
        ((double)_fixture.Store.Statistics.DiskBytes).ShouldBe(_fixture.DiskBytes(), 20_000);
        _fixture.DiskBytes().ShouldBeGreaterThan(1 << 20);
        _fixture.Close();
        _fixture.DiskBytes().ShouldBeLessThan(20_000);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_cannot_be_written_leaves_the_store_and_harms_nothing_else(bool isAtFlush)
    {
        var written = Content.Chunks(20, 5000, seed: 1);
        written.ForEach(block => _fixture.Store.Put(block).ShouldBe(PutResult.Stored));
        _fixture.Store.Flush();
        var used = _fixture.Store.Statistics.DiskBytes;
        var lost = Content.Chunks(100, 5000, seed: 1000);
        lost.ForEach(block => _fixture.Store.Put(block).ShouldBe(PutResult.Stored));
        lost.ShouldAllBe(block => Content.IsReadable(_fixture.Store, block));

        using (new FailingFile(Pack))
        {
            if (isAtFlush) Should.Throw<IOException>(() => _fixture.Store.Flush());
            else _fixture.Store.HoldNew().Dispose();
            lost.ShouldAllBe(block => !Content.IsReadable(_fixture.Store, block));
            lost.ShouldAllBe(block => !_fixture.Store.Contains(block.Cid));
            _fixture.Store.Statistics.DiskBytes.ShouldBeLessThanOrEqualTo(used + 8192);
        }

        var more = Content.Chunks(20, 5000, seed: 2000);
        foreach (var block in (List<Block>)[.. lost, .. more]) _fixture.Store.Put(block).ShouldBe(PutResult.Stored);
        _fixture.Store.Flush();
        List<Block> all = [.. written, .. lost, .. more];
        all.ShouldAllBe(block => Content.IsReadable(_fixture.Store, block));
        var reopened = _fixture.Reopen();
        all.ShouldAllBe(block => Content.IsReadable(reopened, block));
    }

    [Fact]
    public void A_held_block_that_cannot_be_written_is_refused()
    {
        using var before = Content.Raw(5000, 1);
        using var refused = Content.Raw(5000, 2);
        using (_fixture.Store.HoldNew())
        {
            _fixture.Store.Put(before).ShouldBe(PutResult.Stored);
            using (new FailingFile(Pack)) _fixture.Store.Put(refused).ShouldBe(PutResult.NoSpace);
            _fixture.Store.Contains(refused.Cid).ShouldBeFalse();
            _fixture.Time.Advance(TimeSpan.FromSeconds(2));
            _fixture.Store.Put(refused).ShouldBe(PutResult.Stored);
        }
        var reopened = _fixture.Reopen();
        Content.IsReadable(reopened, before).ShouldBeTrue();
        Content.IsReadable(reopened, refused).ShouldBeTrue();
    }

    /// <summary>Every write to this file of this process fails while it lives: its descriptor is that of /dev/full.</summary>
    private sealed partial class FailingFile : IDisposable
    {
        private readonly int _descriptor;
        private readonly int _saved;

        public FailingFile(string path)
        {
            _descriptor = System.IO.Directory.EnumerateFileSystemEntries("/proc/self/fd")
                .Where(entry => new FileInfo(entry).LinkTarget == path).Select(entry => int.Parse(Path.GetFileName(entry), System.Globalization.CultureInfo.InvariantCulture)).Single();
            _saved = dup(_descriptor);
            using var full = File.OpenHandle("/dev/full", FileMode.Open, FileAccess.ReadWrite);
            dup2((int)full.DangerousGetHandle(), _descriptor).ShouldBe(_descriptor);
        }

        public void Dispose()
        {
            dup2(_saved, _descriptor);
            _ = close(_saved);
        }

        [LibraryImport("libc")]
        private static partial int dup(int descriptor);

        [LibraryImport("libc")]
        private static partial int dup2(int from, int to);

        [LibraryImport("libc")]
        private static partial int close(int descriptor);
    }
}
