using Microsoft.Extensions.Logging.Abstractions;
using SwarmFS.Core;
using SwarmFS.Testing;

namespace SwarmFS.Retrieval.Tests;

/// <summary>An elsewhere that has a tree, a here that is empty, and the room between them, on a clock that the test moves.</summary>
internal sealed class World : IAsyncDisposable
{
    private static readonly EntryAttributes Plain = new(0x1A4, 0, 0, 0, 1_700_000_000, 0, []);

    private readonly Dictionary<string, byte[]> _files = [];
    private readonly List<DeliveredBlocks> _delivered = [];
    private readonly NoMeters _meters = new();

    public World(params (string Path, byte[] Content)[] files)
    {
        var builder = new TreeBuilder(Elsewhere);
        foreach (var (path, content) in files)
        {
            builder.AddFile(System.Text.Encoding.UTF8.GetBytes(path), Plain, new MemoryStream(content), content.Length);
            _files.Add(path, content);
        }
        Root = builder.Finish().Root;
    }

    public ManualTimeProvider Time { get; } = new();

    public MemoryBlockStore Elsewhere { get; } = new();

    public MemoryBlockStore Here { get; } = new();

    public Cid Root { get; }

    public PackageContent Content { get; private set; } = null!;

    /// <summary>Unless the test says otherwise, what it reads of its small tree is all that is asked for.</summary>
    public RetrievalOptions Options { get; init; } = new() { SmallPackageBytes = 0 };

    /// <summary>Opens the room over a source that answers at once.</summary>
    public MemoryBlockSource OverMemory()
    {
        var source = new MemoryBlockSource(Elsewhere, Time);
        _delivered.Add(source.Delivered);
        Open(source);
        return source;
    }

    /// <summary>Opens the room over a source that the test plays.</summary>
    public ScriptedBlockSource OverScript()
    {
        var source = new ScriptedBlockSource(Elsewhere);
        _delivered.Add(source.Delivered);
        Open(source);
        return source;
    }

    public void Open(params IBlockSource[] sources) => Content = new PackageContent(Options, Here, sources, Time, NullLoggerFactory.Instance, _meters);

    public async Task<TreeTable> TreeAsync() => await Content.GetTreeAsync(Root, CancellationToken.None);

    public byte[] Expected(string path) => _files[path];

    public static int Row(TreeTable tree, string path) =>
        tree.TryFindPath(System.Text.Encoding.UTF8.GetBytes(path), out var row) ? row : throw new InvalidOperationException($"The tree has no {path}.");

    public async Task<byte[]> ReadAsync(TreeTable tree, string path, long offset = 0, int length = -1, CancellationToken cancellationToken = default)
    {
        var buffer = new byte[length < 0 ? Expected(path).Length - offset : length];
        var read = await Content.ReadAsync(tree, Row(tree, path), offset, buffer, Content.ReadDeadline, cancellationToken);
        return buffer[..read];
    }

    public static byte[] Noise(int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>Lets everything that is ready run, without moving the clock, until the condition holds.</summary>
    public static async Task UntilAsync(Func<bool> condition)
    {
        var limit = System.Diagnostics.Stopwatch.StartNew();
        while (!condition())
        {
            if (limit.Elapsed > TimeSpan.FromSeconds(20)) throw new TimeoutException("What the test waits for did not happen.");
            await Task.Yield();
        }
    }

    /// <summary>Lets the read-ahead that is planned on the pool come to rest.</summary>
    public Task RestAsync() => UntilAsync(() => Content.Load.BlocksInFlight == 0 && Content.IsAtRest);

    /// <summary>Moves the clock to its next timers until the task has ended.</summary>
    public async Task<T> DriveAsync<T>(Task<T> task, TimeSpan step)
    {
        while (!task.IsCompleted)
        {
            for (var i = 0; i < 200 && !task.IsCompleted; i++) await Task.Yield();
            if (!task.IsCompleted) Time.Advance(step);
        }
        return await task;
    }

    public async ValueTask DisposeAsync()
    {
        if (Content is not null) await Content.DisposeAsync();
        await UntilAsync(() => _delivered.All(delivered => delivered.Leaked.Count == 0));
    }
}

/// <summary>Comparison of bytes as one memory comparison: element by element takes seconds for megabytes.</summary>
internal static class ByteAssertions
{
    public static void ShouldBeBytes(this byte[] actual, ReadOnlySpan<byte> expected)
    {
        if (actual.AsSpan().SequenceEqual(expected)) return;
        throw new ShouldAssertException($"{actual.Length} bytes differ from the {expected.Length} expected, first at {actual.AsSpan().CommonPrefixLength(expected)}.");
    }
}
