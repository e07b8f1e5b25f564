using FsCheck;
using FsCheck.Fluent;
using SwarmFS.Core;
using SwarmFS.Testing;

namespace SwarmFS.Retrieval.Tests;

public sealed class InterleavingTests
{
    [Fact]
    public void Any_interleaving_of_reads_cancellations_and_losses_gives_the_right_bytes() =>
        Prop.ForAll(Arb.From(Gen.Choose(0, int.MaxValue - 1)), seed => PlayAsync(seed).WaitAsync(TimeSpan.FromSeconds(60)).GetAwaiter().GetResult())
            .Check(Config.QuickThrowOnFailure.WithMaxTest(25));

    private static async Task PlayAsync(int seed)
    {
        var random = new Random(seed);
        var files = Enumerable.Range(0, 60).Select(i => ($"f{i:00}", World.Noise(i % 9 == 0 ? 700_000 + (i * 1000) : 1 + random.Next(6000), seed + i))).ToArray();
        await using var world = new World(files) { Options = new RetrievalOptions { OverflowBytes = 1 << 20, PrefetchBytesInFlight = 2 << 20 } };
        var source = world.OverScript();
        if (random.Next(3) == 0) world.Here.Capacity = random.Next(3_000_000);
        var tree = await world.TreeAsync();
        List<Task> reads = [];
        List<ScriptedRequest> open = [];
        for (var step = 0; step < 120 || reads.Exists(read => !read.IsCompleted); step++)
        {
            if (step < 120) reads.Add(ReadAsync(world, tree, files[(step + random.Next(4)) % files.Length].Item1, random));
            if (random.Next(12) == 0) foreach (var cid in world.Here.Cids.Take(5).ToArray()) world.Here.Remove(cid);
            open.AddRange(source.TakeAll());
            if (open.Count > 0 && random.Next(2) == 0)
            {
                var next = random.Next(open.Count);
                Answer(open[next], random);
                open.RemoveAt(next);
            }
            if (random.Next(8) == 0) world.Time.Advance(TimeSpan.FromMilliseconds(random.Next(200)));
            await Task.Yield();
        }
        await Task.WhenAll(reads);
        while (world.Content.Load.BlocksInFlight > 0)
        {
            foreach (var request in open.Concat(source.TakeAll())) request.End();
            await Task.Yield();
        }
    }

    private static void Answer(ScriptedRequest request, Random random)
    {
        var keep = random.Next(4) == 0 ? random.Next(request.Request.Blocks.Count + 1) : request.Request.Blocks.Count;
        foreach (var cid in request.Request.Blocks.Take(keep)) request.Deliver(cid);
        request.End();
    }

    private static async Task ReadAsync(World world, TreeTable tree, string path, Random random)
    {
        var expected = world.Expected(path);
        var offset = random.Next(expected.Length);
        var length = 1 + random.Next(200_000);
        using var leave = new CancellationTokenSource();
        var read = world.ReadAsync(tree, path, offset, length, leave.Token);
        if (random.Next(6) == 0) await leave.CancelAsync();
        try
        {
            (await read).ShouldBeBytes(expected.AsSpan()[offset..Math.Min(expected.Length, offset + length)]);
        }
        catch (Exception error) when (error is OperationCanceledException or ContentUnavailableException)
        {
            // Leaving, and sources that gave up too often, are both allowed; wrong bytes are not.
        }
    }
}
