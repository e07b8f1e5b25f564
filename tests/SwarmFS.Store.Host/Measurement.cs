using System.Diagnostics;
using SwarmFS.Core;

namespace SwarmFS.Store.Host;

/// <summary>Times puts and reads. Blocks are hashed beforehand: what is measured is the store.</summary>
internal static class Measurement
{
    private const int Rounds = 5;

    public static void Run(BlockStore store, string directory)
    {
        for (var round = 0; round < Rounds; round++)
        {
            SmallBlocks(store, round);
            LargeFile(store, round);
            InOrder(store, round);
            Plain(directory, round);
        }
        Console.WriteLine(store.Statistics);
    }

    private static List<Block> Blocks(int count, int length, int seed)
    {
        var random = new Random();
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return [.. Enumerable.Range(0, count).Select(i =>
        {
            BitConverter.TryWriteBytes(bytes, ((long)seed << 40) + i);
            return Block.Create(CidCodec.Raw, bytes);
        })];
    }

    private static FileLayout Layout(List<Block> chunks) => new(
        Cid.Of(CidCodec.MessagePack, chunks[0].Span[..16]),
        [.. chunks.Select(chunk => chunk.Cid.Digest)],
        [.. chunks.Select((chunk, i) => (i + 1L) * chunk.Length)]);

    private static void SmallBlocks(BlockStore store, int round)
    {
        const int count = 5000;
        const int length = 4000;
        var blocks = Blocks(count, length, round + 1);
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var put = Time(() => blocks.ForEach(block => store.Put(block)));
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        var buffer = new byte[length];
        var read = Time(() => blocks.ForEach(block => store.Read(block.Cid, 0, buffer)));
        blocks.ForEach(block => block.Dispose());
        Console.WriteLine(
            $"{count} blocks of {length} B: put {put.TotalMilliseconds:f1} ms ({allocated / count} B allocated each), read {read.TotalMilliseconds:f1} ms");
    }

    private static void LargeFile(BlockStore store, int round)
    {
        const int count = 1024;
        var chunks = Blocks(count, 256 << 10, round + 100);
        store.DeclareFile(Layout(chunks));
        Report("declared, by put", count, Time(() => chunks.ForEach(chunk => store.Put(chunk))), store, chunks);
    }

    private static void InOrder(BlockStore store, int round)
    {
        const int count = 1024;
        var chunks = Blocks(count, 256 << 10, round + 200);
        var time = Time(() =>
        {
            using var writer = store.BeginLargeFile(count * (256L << 10));
            chunks.ForEach(writer.Append);
            writer.Commit(Layout(chunks));
        });
        Report("in order", count, time, store, chunks);
    }

    /// <summary>The floor: the same bytes into one file by the same call.</summary>
    private static void Plain(string directory, int round)
    {
        const int count = 1024;
        var chunks = Blocks(count, 256 << 10, round + 300);
        var path = Path.Combine(directory, "plain");
        var time = Time(() =>
        {
            using var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write);
            for (var i = 0; i < count; i++) RandomAccess.Write(file, chunks[i].Span, i * (256L << 10));
        });
        chunks.ForEach(chunk => chunk.Dispose());
        File.Delete(path);
        Console.WriteLine($"file of {count / 4} MiB plainly written: {count / 4 / time.TotalSeconds:f0} MiB/s");
    }

    /// <summary>How long a start takes that finds 100,000 small blocks.</summary>
    public static async Task Reopen(Func<BlockStore> open)
    {
        await using (var store = open())
        {
            for (var round = 0; round < 20; round++) Blocks(5000, 300, round + 1000).ForEach(block => store.Put(block));
        }
        for (var round = 0; round < 3; round++)
        {
            BlockStore? store = null;
            var time = Time(() => store = open());
            var figures = store!.Statistics;
            Console.WriteLine($"opened with {figures.Blocks} blocks in {time.TotalMilliseconds:f0} ms; disk {figures.DiskBytes} B for {figures.Bytes} B");
            await store.DisposeAsync();
        }
    }

    private static void Report(string how, int count, TimeSpan put, BlockStore store, List<Block> chunks)
    {
        var buffer = new byte[256 << 10];
        var read = Time(() => chunks.ForEach(chunk => store.Read(chunk.Cid, 0, buffer)));
        chunks.ForEach(chunk => chunk.Dispose());
        var mib = count * 256 / 1024;
        Console.WriteLine($"file of {mib} MiB {how}: {mib / put.TotalSeconds:f0} MiB/s, read {mib / read.TotalSeconds:f0} MiB/s");
    }

    private static TimeSpan Time(Action action)
    {
        var start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start);
    }
}
