using System.Net;
using SwarmFS.Core;
using SwarmFS.Wire;

namespace SwarmFS.Swarm.Tests;

/// <summary>Frames keep their bytes for as long as somebody has them, however the link cuts them and whatever comes after them.</summary>
public sealed class FrameReaderTests
{
    [Fact]
    public async Task Bodies_of_every_length_last_until_they_are_given_back()
    {
        var random = new Random(20261128);
        for (var round = 0; round < 20; round++)
        {
            var bodies = Enumerable.Range(0, random.Next(1, 120)).Select(_ => Bytes(random, LengthOf(random))).ToList();
            var reader = new FrameReader(new CutLink([.. bodies.SelectMany(FrameOf)], random));
            var held = new List<(Frame Frame, byte[] Body)>();
            foreach (var body in bodies)
            {
                var frame = (await reader.ReadAsync(int.MaxValue, TestContext.Current.CancellationToken)).Frame!.Value;
                frame.Header.BodyLength.ShouldBe(BlockPrefix.Length + body.Length);
                frame.Cid.ShouldBe(Cid.Of(CidCodec.Raw, body));
                held.Add((frame, body));
                // Some are given back at once, others later and in another order.
                while (held.Count > 0 && random.Next(3) > 0) GiveBack(held, random.Next(held.Count));
            }
            (await reader.ReadAsync(int.MaxValue, TestContext.Current.CancellationToken)).ShouldBe(default);
            reader.BytesRead.ShouldBe(bodies.Sum(body => (long)FrameOf(body).Length));
            while (held.Count > 0) GiveBack(held, 0);
        }
    }

    [Fact]
    public async Task A_buffer_that_nobody_has_a_part_of_is_used_again()
    {
        var body = Bytes(new Random(1), 1000);
        var reader = new FrameReader(new CutLink([.. Enumerable.Repeat(FrameOf(body), 1000).SelectMany(frame => frame)], new Random(1)));
        var arrays = new HashSet<byte[]>();
        while ((await reader.ReadAsync(int.MaxValue, TestContext.Current.CancellationToken)).Frame is { } frame)
        {
            arrays.Add(frame.Body.Array!);
            frame.Body.Return();
        }
        arrays.Count.ShouldBe(1);
    }

    private static void GiveBack(List<(Frame Frame, byte[] Body)> held, int index)
    {
        var (frame, body) = held[index];
        held.RemoveAt(index);
        frame.Body.Span.SequenceEqual(body).ShouldBeTrue($"a body of {body.Length} bytes");
        frame.Body.Return();
    }

    /// <summary>Mostly small, some around the bound between parts of the buffer and arrays of their own, some as large as can be.</summary>
    private static int LengthOf(Random random) => random.Next(8) switch
    {
        0 => random.Next(0, 3),
        1 => (32 << 10) + random.Next(-40, 41),
        2 => (64 << 10) + random.Next(-60, 61),
        3 => random.Next(8) == 0 ? Block.MaxLength : random.Next(200_000),
        _ => random.Next(12_000),
    };

    private static byte[] Bytes(Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] FrameOf(byte[] body) => HostilePeer.BlockFrame(1, Cid.Of(CidCodec.Raw, body), body);

    /// <summary>Gives the bytes in pieces, as TLS does; the pieces are as it pleases.</summary>
    private sealed class CutLink(byte[] bytes, Random random) : IPeerLink
    {
        private int _at;

        public NodeId RemoteId => default;

        public EndPoint RemoteEndPoint { get; } = new IPEndPoint(IPAddress.Loopback, 1);

        public LinkProgress? Progress => null;

        public async ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
        {
            destination.Length.ShouldBeGreaterThan(0);
            if (random.Next(4) == 0) await Task.Yield();
            var count = Math.Min(Math.Min(destination.Length, bytes.Length - _at), random.Next(3) == 0 ? random.Next(1, 100) : 16 << 10);
            bytes.AsSpan(_at, count).CopyTo(destination.Span);
            _at += count;
            return count;
        }

        public ValueTask WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken) => throw new NotSupportedException();

        public void Abort()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
