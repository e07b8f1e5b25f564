using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SwarmFS.Core;

/// <summary>Where one of the eight messages stands.</summary>
internal struct LaneInput
{
    /// <summary>At <see cref="At"/> it has 64 bytes for each round of the function to come, or 64 bytes at all where <see cref="Stride"/> is 0.</summary>
    public byte[] Source;

    public nuint At;

    /// <summary>64, or 0 for a lane without a message.</summary>
    public nuint Stride;
}

/// <summary>
/// The compression function of SHA-256 (FIPS 180-4, 6.2.2) on eight messages at once, a word of each in a vector: S. Gueron, V. Krasnov, "Simultaneous hashing of multiple messages",
/// 2012. One message alone cannot be hashed faster so, because each round waits for the one before.
/// </summary>
internal static class Sha256Lanes
{
    public const int Count = 8;

    public const int InputBlockLength = 64;

    private const int Words = 8;

    /// <summary>The first 32 bits of the fractional parts of the square roots of the first 8 primes (FIPS 180-4, 5.3.3).</summary>
    private static readonly uint[] Initial = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

    /// <summary>The first 32 bits of the fractional parts of the cube roots of the first 64 primes (FIPS 180-4, 4.2.2).</summary>
    private static readonly uint[] Constants =
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

    /// <summary>Turns the bytes of each word around: SHA-256 reads them big-endian.</summary>
    private static readonly Vector256<byte> BigEndian = Vector256.Create(
        (byte)3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);

    /// <summary>The states of all lanes: word by word, of each word a lane after the other.</summary>
    public static uint[] NewStates() => new uint[Words * Count];

    /// <summary>A lane begins with a new message.</summary>
    public static void Begin(uint[] states, int lane)
    {
        for (var word = 0; word < Words; word++) states[(word * Count) + lane] = Initial[word];
    }

    public static Sha256Digest DigestOf(uint[] states, int lane)
    {
        Span<byte> digest = stackalloc byte[Sha256Digest.Length];
        for (var word = 0; word < Words; word++) System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(digest[(4 * word)..], states[(word * Count) + lane]);
        return new Sha256Digest(digest);
    }

    /// <summary>Takes <paramref name="inputBlocks"/> times 64 bytes of every lane in.</summary>
    [SkipLocalsInit]
    public static void Compress(uint[] states, LaneInput[] lanes, int inputBlocks)
    {
        Span<Vector256<uint>> schedule = stackalloc Vector256<uint>[16];
        ref var w = ref schedule[0];
        ref var state = ref Unsafe.As<uint, Vector256<uint>>(ref MemoryMarshal.GetArrayDataReference(states));
        var (a, b, c, d) = (state, Unsafe.Add(ref state, 1), Unsafe.Add(ref state, 2), Unsafe.Add(ref state, 3));
        var (e, f, g, h) = (Unsafe.Add(ref state, 4), Unsafe.Add(ref state, 5), Unsafe.Add(ref state, 6), Unsafe.Add(ref state, 7));
        for (; inputBlocks > 0; inputBlocks--)
        {
            Load(lanes, ref w);
            ref var k = ref MemoryMarshal.GetArrayDataReference(Constants);
            for (var round = 0; round < 64; round += 16)
            {
                if (round > 0) Extend(ref w);
                for (var half = 0; half < 16; half += 8)
                {
                    Round(a, b, c, ref d, e, f, g, ref h, Unsafe.Add(ref w, half) + Vector256.Create(k));
                    Round(h, a, b, ref c, d, e, f, ref g, Unsafe.Add(ref w, half + 1) + Vector256.Create(Unsafe.Add(ref k, 1)));
                    Round(g, h, a, ref b, c, d, e, ref f, Unsafe.Add(ref w, half + 2) + Vector256.Create(Unsafe.Add(ref k, 2)));
                    Round(f, g, h, ref a, b, c, d, ref e, Unsafe.Add(ref w, half + 3) + Vector256.Create(Unsafe.Add(ref k, 3)));
                    Round(e, f, g, ref h, a, b, c, ref d, Unsafe.Add(ref w, half + 4) + Vector256.Create(Unsafe.Add(ref k, 4)));
                    Round(d, e, f, ref g, h, a, b, ref c, Unsafe.Add(ref w, half + 5) + Vector256.Create(Unsafe.Add(ref k, 5)));
                    Round(c, d, e, ref f, g, h, a, ref b, Unsafe.Add(ref w, half + 6) + Vector256.Create(Unsafe.Add(ref k, 6)));
                    Round(b, c, d, ref e, f, g, h, ref a, Unsafe.Add(ref w, half + 7) + Vector256.Create(Unsafe.Add(ref k, 7)));
                    k = ref Unsafe.Add(ref k, 8);
                }
            }
            state = a += state;
            Unsafe.Add(ref state, 1) = b += Unsafe.Add(ref state, 1);
            Unsafe.Add(ref state, 2) = c += Unsafe.Add(ref state, 2);
            Unsafe.Add(ref state, 3) = d += Unsafe.Add(ref state, 3);
            Unsafe.Add(ref state, 4) = e += Unsafe.Add(ref state, 4);
            Unsafe.Add(ref state, 5) = f += Unsafe.Add(ref state, 5);
            Unsafe.Add(ref state, 6) = g += Unsafe.Add(ref state, 6);
            Unsafe.Add(ref state, 7) = h += Unsafe.Add(ref state, 7);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round(
        Vector256<uint> a, Vector256<uint> b, Vector256<uint> c, ref Vector256<uint> d, Vector256<uint> e, Vector256<uint> f, Vector256<uint> g, ref Vector256<uint> h, Vector256<uint> input)
    {
        var choice = g ^ (e & (f ^ g));
        var majority = (a & b) | (c & (a | b));
        var sum = h + (Rotate(e, 6) ^ Rotate(e, 11) ^ Rotate(e, 25)) + choice + input;
        d += sum;
        h = sum + (Rotate(a, 2) ^ Rotate(a, 13) ^ Rotate(a, 22)) + majority;
    }

    /// <summary>The next 16 words of the message schedule in the place of the last.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Extend(ref Vector256<uint> w)
    {
        for (var i = 0; i < 16; i++)
        {
            var (back2, back15) = (Unsafe.Add(ref w, (i + 14) & 15), Unsafe.Add(ref w, (i + 1) & 15));
            Unsafe.Add(ref w, i) += (Rotate(back15, 7) ^ Rotate(back15, 18) ^ (back15 >>> 3)) + Unsafe.Add(ref w, (i + 9) & 15)
                + (Rotate(back2, 17) ^ Rotate(back2, 19) ^ (back2 >>> 10));
        }
    }

    /// <summary>To the right.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Rotate(Vector256<uint> words, int count) => (words >>> count) | (words << (32 - count));

    /// <summary>64 bytes of each lane as 16 vectors, of which each has one word of each lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Load(LaneInput[] lanes, ref Vector256<uint> w)
    {
        for (var i = 0; i < Count; i++)
        {
            ref var lane = ref lanes[i];
            ref var bytes = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(lane.Source), lane.At);
            Unsafe.Add(ref w, i) = Avx2.Shuffle(Vector256.LoadUnsafe(ref bytes), BigEndian).AsUInt32();
            Unsafe.Add(ref w, i + Count) = Avx2.Shuffle(Vector256.LoadUnsafe(ref bytes, 32), BigEndian).AsUInt32();
            lane.At += lane.Stride;
        }
        Transpose(ref w);
        Transpose(ref Unsafe.Add(ref w, Count));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(ref Vector256<uint> rows)
    {
        Pairs(ref rows, out var a, out var b, out var c, out var d);
        Pairs(ref Unsafe.Add(ref rows, 4), out var e, out var f, out var g, out var h);
        rows = Avx2.Permute2x128(a, e, 0x20);
        Unsafe.Add(ref rows, 1) = Avx2.Permute2x128(b, f, 0x20);
        Unsafe.Add(ref rows, 2) = Avx2.Permute2x128(c, g, 0x20);
        Unsafe.Add(ref rows, 3) = Avx2.Permute2x128(d, h, 0x20);
        Unsafe.Add(ref rows, 4) = Avx2.Permute2x128(a, e, 0x31);
        Unsafe.Add(ref rows, 5) = Avx2.Permute2x128(b, f, 0x31);
        Unsafe.Add(ref rows, 6) = Avx2.Permute2x128(c, g, 0x31);
        Unsafe.Add(ref rows, 7) = Avx2.Permute2x128(d, h, 0x31);
    }

    /// <summary>Transposes four rows within each half of 128 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pairs(ref Vector256<uint> rows, out Vector256<uint> first, out Vector256<uint> second, out Vector256<uint> third, out Vector256<uint> fourth)
    {
        var (low, high) = (Avx2.UnpackLow(rows, Unsafe.Add(ref rows, 1)).AsUInt64(), Avx2.UnpackHigh(rows, Unsafe.Add(ref rows, 1)).AsUInt64());
        var (nextLow, nextHigh) = (Avx2.UnpackLow(Unsafe.Add(ref rows, 2), Unsafe.Add(ref rows, 3)).AsUInt64(), Avx2.UnpackHigh(Unsafe.Add(ref rows, 2), Unsafe.Add(ref rows, 3)).AsUInt64());
        first = Avx2.UnpackLow(low, nextLow).AsUInt32();
        second = Avx2.UnpackHigh(low, nextLow).AsUInt32();
        third = Avx2.UnpackLow(high, nextHigh).AsUInt32();
        fourth = Avx2.UnpackHigh(high, nextHigh).AsUInt32();
    }
}
