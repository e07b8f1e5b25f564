using System.Diagnostics.Metrics;
using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Logging.Abstractions;
using SwarmFS.Core;
using SwarmFS.Retrieval;
using SwarmFS.Store;

namespace SwarmFS.Benchmarks;

/// <summary>What a request of the mount costs when everything is on this machine's disk: the real store in a directory of its own, and the retrieval over it.</summary>
public class HotReads
{
    private static readonly EntryAttributes Plain = new(0x1A4, 0, 0, 0, 1_700_000_000, 0, []);

    private readonly byte[] _buffer = new byte[1 << 20];
    private string _directory = "";
    private BlockStore _store = null!;
    private PackageContent _content = null!;
    private TreeTable _tree = null!;
    private int _small;
    private int _large;
    private int _next;

    [GlobalSetup]
    public void Open()
    {
        _directory = Directory.CreateTempSubdirectory("swarmfs-benchmark-").FullName;
        var meters = new Meters();
        _store = BlockStore.Open(new StoreOptions { Directory = Path.Join(_directory, "store") }, TimeProvider.System, NullLoggerFactory.Instance, meters);
        var builder = new TreeBuilder(_store);
        var random = new Random(1);
        for (var i = 0; i < 5000; i++) Add(builder, $"d{i / 100:00}/f{i % 100:00}", random, random.Next(16_000));
        Add(builder, "large", random, 64 << 20);
        var root = builder.Finish().Root;
        _content = new PackageContent(new RetrievalOptions(), _store, [], TimeProvider.System, NullLoggerFactory.Instance, meters);
        _tree = _content.GetTreeAsync(root, CancellationToken.None).AsTask().GetAwaiter().GetResult();
        _tree.TryFindPath("d25/f50"u8, out _small);
        _tree.TryFindPath("large"u8, out _large);
    }

    [GlobalCleanup]
    public void Close()
    {
        _content.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _store.DisposeAsync().AsTask().GetAwaiter().GetResult();
        Directory.Delete(_directory, recursive: true);
    }

    [Benchmark]
    [AllocationBudget(0)]
    public int SmallFile() => Hit(_small, 0, 16 << 10);

    [Benchmark]
    [AllocationBudget(0)]
    public int PieceOfALargeFile() => Hit(_large, (_next++ & 31) << 20, 128 << 10);

    [Benchmark]
    [AllocationBudget(0)]
    public int MebibyteOfALargeFile() => Hit(_large, (_next++ & 31) << 20, 1 << 20);

    [Benchmark]
    [AllocationBudget(0)]
    public bool FindTree() => _content.TryGetTree(_tree.Root, out _);

    [Benchmark]
    [AllocationBudget(0)]
    public bool FindName() => _tree.TryFindPath("d25/f50"u8, out _);

    [Benchmark]
    [AllocationBudget(0)]
    public bool IsComplete() => _content.IsComplete(_tree.Root);

    private int Hit(int row, long offset, int length)
    {
        var read = _content.TryRead(_tree, row, offset, _buffer.AsSpan(0, length));
        return read > 0 ? read : throw new InvalidOperationException("A hot read missed.");
    }

    private static void Add(TreeBuilder builder, string path, Random random, int size)
    {
        var bytes = new byte[size];
        random.NextBytes(bytes);
        builder.AddFile(System.Text.Encoding.UTF8.GetBytes(path), Plain, new MemoryStream(bytes), size);
    }

    private sealed class Meters : IMeterFactory
    {
        public Meter Create(MeterOptions options) => new(options);

        public void Dispose()
        {
        }
    }
}
