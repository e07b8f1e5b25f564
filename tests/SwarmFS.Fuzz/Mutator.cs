namespace SwarmFS.Fuzz;

/// <summary>Makes inputs: random bytes, and seeds changed a little. A function of its random source alone, so a seed replays a run.</summary>
internal sealed class Mutator(Random random, IReadOnlyList<byte[]> seeds)
{
    /// <summary>The longest input in bytes: two of the 1 MiB blocks would only slow the search down.</summary>
    private const int MaxLength = 256 << 10;

    /// <summary>Bytes at which formats turn: bounds of integers, and type codes of MessagePack.</summary>
    private static readonly byte[] Interesting =
        [0x00, 0x01, 0x0a, 0x20, 0x2e, 0x2f, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc4, 0xc5, 0xc6, 0xcc, 0xcd, 0xce, 0xcf, 0xd0, 0xd3, 0xdc, 0xdd, 0xde, 0xdf, 0xe0, 0xff];

    public byte[] Next()
    {
        if (seeds.Count == 0 || random.Next(10) == 0) return RandomBytes();
        var input = new List<byte>(seeds[random.Next(seeds.Count)]);
        for (var changes = 1 + random.Next(4); changes > 0; changes--) Change(input);
        return input.Count <= MaxLength ? [.. input] : [.. input[..MaxLength]];
    }

    private byte[] RandomBytes()
    {
        var bytes = new byte[random.Next(1 << random.Next(1, 13))];
        random.NextBytes(bytes);
        for (var i = random.Next(4) == 0 ? 0 : bytes.Length; i < bytes.Length; i++) bytes[i] = Interesting[random.Next(Interesting.Length)];
        return bytes;
    }

    private void Change(List<byte> input)
    {
        if (input.Count == 0)
        {
            input.AddRange(RandomBytes());
            return;
        }
        var at = random.Next(input.Count);
        var length = Math.Min(input.Count - at, 1 + random.Next(1 << random.Next(1, 8)));
        switch (random.Next(8))
        {
            case 0:
                input[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                input[at] = Interesting[random.Next(Interesting.Length)];
                break;
            case 2:
                input[at] += (byte)random.Next(-3, 4);
                break;
            case 3:
                input.RemoveRange(at, length);
                break;
            case 4:
                input.InsertRange(at, RandomBytes());
                break;
            case 5:
                input.InsertRange(random.Next(input.Count), input.GetRange(at, length));
                break;
            case 6:
                input.RemoveRange(at, input.Count - at);
                break;
            default:
                var other = seeds[random.Next(seeds.Count)];
                var from = random.Next(other.Length + 1);
                input.RemoveRange(at, input.Count - at);
                input.AddRange(other[from..]);
                break;
        }
    }
}
