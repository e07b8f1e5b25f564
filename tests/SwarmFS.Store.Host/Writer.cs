using SwarmFS.Core;

namespace SwarmFS.Store.Host;

/// <summary>
/// Does to a store all that can be done to it, in one endless loop, under a quota that makes it evict. Says <c>pinned CID</c> after a pin is durable and
/// <c>unpin CID</c> before it is taken back.
/// </summary>
internal sealed class Writer(BlockStore store, int seed)
{
    private const int PinsKept = 4;
    private readonly Random _random = new(seed);
    private readonly Queue<Cid> _pinned = new();

    public void Run()
    {
        Console.WriteLine("ready");
        for (var round = 0; ; round++)
        {
            Import();
            Download();
            for (var i = 0; i < 50; i++) Put(_random.Next(8000));
            Put(_random.Next(130_000, 400_000));
            if (_pinned.Count > PinsKept) Unpin(_pinned.Dequeue());
            Console.WriteLine($"round {round}");
        }
    }

    private byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        _random.NextBytes(bytes);
        return bytes;
    }

    private void Put(int length)
    {
        using var block = Block.Create(CidCodec.Raw, Bytes(length));
        store.Put(block);
    }

    private void Import()
    {
        using var hold = store.HoldNew();
        var builder = new TreeBuilder(store);
        var attributes = new EntryAttributes(0x1a4, 0, 0, 0, 0, 0, []);
        for (var file = 0; file < 12; file++)
        {
            var length = file == 3 ? _random.Next(1_000_000, 3_000_000) : _random.Next(20_000);
            builder.AddFile(System.Text.Encoding.UTF8.GetBytes($"d{file % 3}/f{file}"), attributes, new MemoryStream(Bytes(length)), length);
        }
        var root = builder.Finish().Root;
        store.Pin(root, "import");
        _pinned.Enqueue(root);
        Console.WriteLine($"pinned {root}");
    }

    /// <summary>A large file of which the chunks come in any order, and not all.</summary>
    private void Download()
    {
        var chunks = Enumerable.Range(0, 8).Select(_ => Block.Create(CidCodec.Raw, Bytes(_random.Next(60_000, 300_000)))).ToArray();
        var ends = new long[chunks.Length];
        for (var i = 0; i < chunks.Length; i++) ends[i] = chunks[i].Length + (i == 0 ? 0 : ends[i - 1]);
        store.DeclareFile(new FileLayout(Cid.Of(CidCodec.MessagePack, Bytes(8)), [.. chunks.Select(chunk => chunk.Cid.Digest)], ends));
        _random.Shuffle(chunks);
        foreach (var chunk in chunks)
        {
            if (_random.Next(5) > 0) store.Put(chunk);
            chunk.Dispose();
        }
    }

    private void Unpin(Cid root)
    {
        Console.WriteLine($"unpin {root}");
        store.Unpin(root);
    }
}
