using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SwarmFS.Core;

/// <summary>Eight lanes.</summary>
internal readonly struct Avx2Words : ILaneWords<Vector256<uint>>
{
    private const int Count = 8;

    /// <summary>Turns the bytes of each word around: SHA-256 reads them big-endian.</summary>
    private static readonly Vector256<byte> BigEndian = Vector256.Create(
        (byte)3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);

    public static bool IsSupported => Avx2.IsSupported;

    /// <summary>On Cascade Lake; on Emerald Rapids 1,000.</summary>
    public static int Speed => 1070;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> Broadcast(uint word) => Vector256.Create(word);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> Add(Vector256<uint> left, Vector256<uint> right) => left + right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> Rotate(Vector256<uint> words, [ConstantExpected] byte count) => (words >>> count) | (words << (32 - count));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> ShiftRight(Vector256<uint> words, [ConstantExpected] byte count) => words >>> count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> Xor(Vector256<uint> first, Vector256<uint> second, Vector256<uint> third) => first ^ second ^ third;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> Choose(Vector256<uint> first, Vector256<uint> second, Vector256<uint> third) => third ^ (first & (second ^ third));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> Majority(Vector256<uint> first, Vector256<uint> second, Vector256<uint> third) => (first & second) | (third & (first | second));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(LaneInput[] lanes, ref Vector256<uint> words)
    {
        for (var i = 0; i < Count; i++)
        {
            ref var bytes = ref lanes[i].Take();
            Unsafe.Add(ref words, i) = Avx2.Shuffle(Vector256.LoadUnsafe(ref bytes), BigEndian).AsUInt32();
            Unsafe.Add(ref words, i + Count) = Avx2.Shuffle(Vector256.LoadUnsafe(ref bytes, 32), BigEndian).AsUInt32();
        }
        Transpose(ref words);
        Transpose(ref Unsafe.Add(ref words, Count));
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
