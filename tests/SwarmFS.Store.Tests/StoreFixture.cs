using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using SwarmFS.Core;
using SwarmFS.Testing;

namespace SwarmFS.Store.Tests;

/// <summary>A store in a directory of its own, which goes with it. Can be closed, damaged and opened again.</summary>
internal sealed class StoreFixture : IDisposable
{
    private readonly bool _ownsDirectory;
    private BlockStore? _store;
    private StoreParts? _parts;

    public StoreFixture(long quota = 1L << 30, string? directory = null)
    {
        _ownsDirectory = directory is null;
        Directory = directory ?? System.IO.Directory.CreateDirectory(Path.Combine(Scratch, $"store-tests-{Guid.NewGuid():n}")).FullName;
        Options = new StoreOptions { Directory = Directory, QuotaBytes = quota };
    }

    // In memory where the machine has it: the crash tests and those of full disks use a real one.
    private static string Scratch => System.IO.Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath();

    public string Directory { get; }

    public StoreOptions Options { get; set; }

    /// <summary>Is called with each message that <see cref="Parts"/> logs.</summary>
    public Action<string> Said { get; set; } = _ => { };

    public ManualTimeProvider Time { get; } = new();

    public BlockStore Store
    {
        get
        {
            lock (Time) return _store ??= Open(Options, Time);
        }
    }

    /// <summary>The parts of a store in this directory, without housekeeping, for what <see cref="Store"/> does not show. Not beside it.</summary>
    public StoreParts Parts
    {
        get
        {
            if (_parts is not null) return _parts;
            _parts = new StoreParts(Options, Time, new SaidLog(this), new Meters());
            new StoreLoader(_parts).Load();
            return _parts;
        }
    }

    public static BlockStore Open(StoreOptions options, TimeProvider time) =>
        BlockStore.Open(options, time, NullLoggerFactory.Instance, new Meters());

    public void Close()
    {
        _store?.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _store = null;
        if (_parts is null) return;
        _parts.PackWriter.Dispose();
        _parts.Tail.Dispose();
        foreach (var container in _parts.Containers.Snapshot()) HandleCache.Close(container);
        _parts.Metrics.Dispose();
        _parts = null;
    }

    /// <summary>Closes and opens again, with every block unverified.</summary>
    public BlockStore Reopen()
    {
        Close();
        return Store;
    }

    public IEnumerable<string> Files(string pattern) =>
        System.IO.Directory.EnumerateFiles(Directory, pattern, SearchOption.AllDirectories).Order();

    /// <summary>What du(1) counts.</summary>
    public long DiskBytes() => Files("*").Sum(path =>
    {
        try
        {
            return Interop.AllocatedBytes(path);
        }
        catch (IOException) when (!File.Exists(path))
        {
            return 0;
        }
    });

    public void Dispose()
    {
        Close();
        if (_ownsDirectory) System.IO.Directory.Delete(Directory, recursive: true);
    }

    private sealed class SaidLog(StoreFixture fixture) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            fixture.Said(formatter(state, exception));
    }

    private sealed class Meters : IMeterFactory
    {
        public Meter Create(MeterOptions options) => new(options);

        public void Dispose() { }
    }
}

/// <summary>Content for tests; the same seed gives the same bytes.</summary>
internal static class Content
{
    /// <summary>SplitMix64 (Steele, Lea, Flood 2014): a seeded <see cref="Random"/> takes ten times as long.</summary>
    public static byte[] Bytes(int length, int seed)
    {
        var words = new ulong[(length + 7) / 8];
        var state = (ulong)seed << 32;
        for (var i = 0; i < words.Length; i++)
        {
            var z = state += 0x9E3779B97F4A7C15;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            words[i] = z ^ (z >> 31);
        }
        return System.Runtime.InteropServices.MemoryMarshal.AsBytes<ulong>(words)[..length].ToArray();
    }

    public static Block Raw(int length, int seed) => Block.Create(CidCodec.Raw, Bytes(length, seed));

    public static List<Block> Chunks(int count, int length, int seed) => [.. Enumerable.Range(0, count).Select(i => Raw(length, seed + i))];

    public static FileLayout Layout(IReadOnlyList<Block> chunks)
    {
        var ends = new long[chunks.Count];
        var end = 0L;
        for (var i = 0; i < chunks.Count; i++) ends[i] = end += chunks[i].Length;
        var file = Cid.Of(CidCodec.MessagePack, [.. chunks.SelectMany(chunk => chunk.Cid.ToString().Select(c => (byte)c))]);
        return new FileLayout(file, [.. chunks.Select(chunk => chunk.Cid.Digest)], ends);
    }

    public static bool IsReadable(IBlockStore store, Block block)
    {
        var bytes = new byte[block.Length];
        var got = store.Read(block.Cid, 0, bytes);
        if (got == -1) return false;
        got.ShouldBe(block.Length);
        bytes.AsSpan().SequenceEqual(block.Span).ShouldBeTrue($"block {block.Cid} was served with wrong bytes");
        return true;
    }

    /// <summary>Adds one file in a package tree of its own.</summary>
    public static BuiltTree Tree(IBlockStore store, params (string Path, byte[] Bytes)[] files)
    {
        var attributes = new EntryAttributes(0x1a4, 0, 0, 0, 0, 0, []);
        var builder = new TreeBuilder(store);
        foreach (var (path, bytes) in files) builder.AddFile(System.Text.Encoding.UTF8.GetBytes(path), attributes, new MemoryStream(bytes), bytes.Length);
        return builder.Finish();
    }

    public static List<Cid> Reach(IBlockStore store, Cid root)
    {
        var all = new List<Cid>();
        var left = new Stack<Cid>([root]);
        while (left.TryPop(out var cid))
        {
            if (all.Contains(cid)) continue;
            all.Add(cid);
            if (!store.TryGet(cid, out var block)) continue;
            var links = new List<DagLink>();
            using (block) DagLinks.Read(block, links);
            foreach (var link in links) left.Push(link.Cid);
        }
        return all;
    }
}
