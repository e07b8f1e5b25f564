using System.Buffers.Binary;
using System.Runtime.Intrinsics;

namespace SwarmFS.Core;

/// <summary>
/// The compression function of SHA-256 (FIPS 180-4, 6.2.2) on several messages at once, a word of each in a vector: S. Gueron, V. Krasnov, "Simultaneous hashing of multiple messages",
/// 2012. One message alone cannot be hashed faster so, because each round waits for the one before.
/// </summary>
internal abstract class Sha256Lanes
{
    public const int InputBlockLength = 64;

    private const int Words = 8;

    /// <summary>The first 32 bits of the fractional parts of the square roots of the first 8 primes (FIPS 180-4, 5.3.3).</summary>
    private static readonly uint[] Initial = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

    /// <summary>The first 32 bits of the fractional parts of the cube roots of the first 64 primes (FIPS 180-4, 4.2.2).</summary>
    private protected static readonly uint[] Constants =
    [
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
        0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
        0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
        0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
    ];

    private protected Sha256Lanes(int count) => Count = count;

    /// <summary>What this processor can do, the widest first; those that the program was not compiled for are not among them.</summary>
    public static IReadOnlyList<Sha256Lanes> Supported { get; } =
    [
        .. Avx512Words.IsSupported ? [new Sha256Lanes<Avx512Words, Vector512<uint>>()] : Array.Empty<Sha256Lanes>(),
        .. Avx2Words.IsSupported ? [new Sha256Lanes<Avx2Words, Vector256<uint>>()] : Array.Empty<Sha256Lanes>(),
    ];

    /// <summary>Messages at once.</summary>
    public int Count { get; }

    /// <inheritdoc cref="ILaneWords{TVector}.Speed"/>
    public abstract int Speed { get; }

    /// <summary>The states of all lanes: word by word, of each word a lane after the other.</summary>
    public uint[] NewStates() => new uint[Words * Count];

    /// <summary>A lane begins with a new message.</summary>
    public void Begin(uint[] states, int lane)
    {
        for (var word = 0; word < Words; word++) states[(word * Count) + lane] = Initial[word];
    }

    public Sha256Digest DigestOf(uint[] states, int lane)
    {
        Span<byte> digest = stackalloc byte[Sha256Digest.Length];
        for (var word = 0; word < Words; word++) BinaryPrimitives.WriteUInt32BigEndian(digest[(4 * word)..], states[(word * Count) + lane]);
        return new Sha256Digest(digest);
    }

    /// <summary>Takes <paramref name="inputBlocks"/> times 64 bytes of every lane in.</summary>
    public abstract void Compress(uint[] states, LaneInput[] lanes, int inputBlocks);
}
