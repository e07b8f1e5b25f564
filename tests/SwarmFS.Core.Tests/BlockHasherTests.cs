using System.Security.Cryptography;

namespace SwarmFS.Core.Tests;

/// <summary>Against OpenSSL, which hashes one message at a time.</summary>
public sealed class BlockHasherTests
{
    /// <summary>All that this machine can do, whichever it would take; null: one after another.</summary>
    private static Sha256Lanes?[] Ways => [.. Sha256Lanes.Supported, null];

    private static string NameOf(Sha256Lanes? lanes) => $"{lanes?.Count ?? 1} at once";

    [Fact]
    public void Every_length_around_the_ends_of_input_blocks_is_hashed_as_OpenSSL_does() => Check([.. Enumerable.Range(0, 300)]);

    [Theory]
    [InlineData(1 << 20, 1 << 20, 1 << 20, 1 << 20, 1 << 20, 1 << 20, 1 << 20, 1 << 20)]
    [InlineData(1 << 20, 0, 1)]
    [InlineData(700_001, 700_000, 1, 2, 3)]
    [InlineData(0)]
    [InlineData(0, 0, 0)]
    [InlineData(4096, 4096)]
    [InlineData(4096, 4096, 4096, 4000)]
    [InlineData(1 << 20, 300_000, 300_000, 300_000, 300_000, 300_000, 300_000, 300_000)]
    public void Lanes_that_end_together_and_apart_are_told_apart(params int[] lengths) => Check(lengths);

    [Fact]
    public void Random_batches_one_after_another_leave_nothing_behind()
    {
        var random = new Random(20261128);
        for (var batch = 0; batch < 200; batch++)
            Check([.. Enumerable.Range(0, random.Next(1, 140)).Select(_ => (int)Math.Exp(random.NextDouble() * 11))], random);
    }

    [Fact]
    public void Every_byte_counts()
    {
        foreach (var lanes in Ways)
        {
            var hasher = new BlockHasher(lanes);
            var seen = new HashSet<Sha256Digest>();
            for (var changed = 0; changed < 200; changed++)
            {
                var message = new byte[200];
                message[changed] = 1;
                var hashed = new HashedBytes[17];
                hasher.Hash([.. Enumerable.Repeat(Whole(message), hashed.Length)], hashed);
                hashed.Select(one => one.Digest).Distinct().Count().ShouldBe(1);
                seen.Add(hashed[0].Digest).ShouldBeTrue($"byte {changed}, {NameOf(lanes)}");
            }
        }
    }

    [Fact]
    public void What_nobody_hashed_becomes_no_block() => Block.TryAdopt(new Cid(CidCodec.Raw, default), default(HashedBytes)).ShouldBeNull();

    [Fact]
    public void A_batch_is_hashed_without_a_heap_object()
    {
        RentedBytes[] buffers = [.. Enumerable.Range(1, 40).Select(i => Whole(new byte[i * 100]))];
        var hashed = new HashedBytes[buffers.Length];
        foreach (var lanes in Ways)
        {
            var hasher = new BlockHasher(lanes);
            hasher.Hash(buffers, hashed);
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 20; i++) hasher.Hash(buffers, hashed);
            (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0, NameOf(lanes));
        }
    }

    private static void Check(int[] lengths, Random? random = null)
    {
        random ??= new Random(lengths.Length);
        // Longer than what counts, at both ends: nothing beyond it may be read into a digest.
        RentedBytes[] buffers = [.. lengths.Select((length, i) => new RentedBytes(RandomBytes(random, length + (i % 7) + 13), i % 7, length, null))];
        var hashed = new HashedBytes[buffers.Length];
        foreach (var lanes in Ways)
        {
            new BlockHasher(lanes).Hash(buffers, hashed);
            for (var i = 0; i < buffers.Length; i++)
            {
                hashed[i].Bytes.ShouldBe(buffers[i]);
                hashed[i].Digest.ShouldBe(new Sha256Digest(SHA256.HashData(buffers[i].Span)), $"message {i} of {buffers[i].Length} bytes, {NameOf(lanes)}");
            }
        }
    }

    private static RentedBytes Whole(byte[] message) => new(message, 0, message.Length, null);

    private static byte[] RandomBytes(Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }
}
