namespace SwarmFS.Core.Tests;

public class ChunkerTests
{
    private static byte[] Noise(int seed, int length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static List<int> Cut(Chunker chunker, ReadOnlySpan<byte> data)
    {
        var lengths = new List<int>();
        for (; !data.IsEmpty; data = data[lengths[^1]..]) lengths.Add(chunker.FirstChunk(data));
        return lengths;
    }

    /// <summary>The rule of FORMAT.md written down once more, plainly.</summary>
    private static int FirstChunkByTheBook(ReadOnlySpan<byte> data, ulong[] gear)
    {
        if (data.Length <= 32_768) return data.Length;
        ulong hash = 0;
        for (var i = 32_768; i < data.Length; i++)
        {
            hash = unchecked((hash << 1) + gear[data[i]]);
            var length = i + 1;
            var zeroBits = length <= 131_072 ? 19 : 15;
            if (hash >> (64 - zeroBits) == 0 || length == 524_288) return length;
        }
        return data.Length;
    }

    [Fact]
    public void It_cuts_where_the_format_says()
    {
        var gear = new ulong[256];
        for (var i = 0; i < 256; i++)
        {
            var hash = System.Security.Cryptography.SHA256.HashData([.. "swarmfs gear table"u8, (byte)i]);
            gear[i] = System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(hash);
        }
        for (var seed = 0; seed < 4; seed++)
        {
            var data = Noise(seed, 4_000_000).AsSpan();
            foreach (var length in Cut(Chunker.Default, data))
            {
                length.ShouldBe(FirstChunkByTheBook(data, gear));
                data = data[length..];
            }
        }
    }

    [Fact]
    public void The_cuts_of_a_known_stream_are_frozen()
    {
        // 2 MiB of SHA-256(i) for i = 0, 1, … as four little-endian bytes each.
        var data = new byte[2 << 20];
        for (var i = 0; i < data.Length / 32; i++) System.Security.Cryptography.SHA256.HashData(BitConverter.GetBytes(i), data.AsSpan(32 * i));
        string.Join(' ', Cut(Chunker.Default, data)).ShouldBe(File.ReadAllText(Golden.Path("cuts.txt")).Trim());
    }

    [Fact]
    public void Chunks_keep_their_bounds_and_their_average()
    {
        var lengths = Cut(Chunker.Default, Noise(7, 40 << 20));
        lengths[..^1].ShouldAllBe(length => length >= ChunkSizes.Default.Minimum && length <= ChunkSizes.Default.Maximum);
        lengths.Average().ShouldBeInRange(0.7 * ChunkSizes.Default.Average, 1.4 * ChunkSizes.Default.Average);
    }

    [Fact]
    public void Bytes_put_in_the_middle_change_only_the_chunks_around_them()
    {
        var data = Noise(9, 8 << 20);
        byte[] edited = [.. data[..(4 << 20)], .. "inserted"u8, .. data[(4 << 20)..]];
        var before = Digests(data);
        var after = Digests(edited);
        after.Count(digest => !before.Contains(digest)).ShouldBeLessThanOrEqualTo(3);
    }

    [Theory]
    [InlineData(32, 256, 1024)]
    [InlineData(1024, 1000, 4096)]
    [InlineData(1024, 3000, 4096)]
    [InlineData(64 << 10, 256 << 10, 2 << 20)]
    public void Sizes_that_make_no_sense_are_refused(int minimum, int average, int maximum) =>
        Should.Throw<ArgumentException>(() => new Chunker(new ChunkSizes(minimum, average, maximum)));

    private static HashSet<Sha256Digest> Digests(byte[] data)
    {
        var digests = new HashSet<Sha256Digest>();
        var start = 0;
        foreach (var length in Cut(Chunker.Default, data))
        {
            digests.Add(Sha256Digest.Of(data.AsSpan(start, length)));
            start += length;
        }
        return digests;
    }
}
