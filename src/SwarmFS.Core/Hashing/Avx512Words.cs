using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SwarmFS.Core;

/// <summary>Sixteen lanes, and single instructions for a rotation and for any function of three words.</summary>
internal readonly struct Avx512Words : ILaneWords<Vector512<uint>>
{
    private const int Count = 16;

    // The function's value for each of the eight combinations of three bits, of which the first operand's is the highest (Intel 64 and IA-32 Architectures Software Developer's Manual,
    // volume 2D, VPTERNLOGD).
    private const byte XorTable = 0b1001_0110;
    private const byte ChooseTable = 0b1100_1010;
    private const byte MajorityTable = 0b1110_1000;

    // Of the quarters of 128 bits: the even ones of both operands, and the odd ones.
    private const byte EvenQuarters = 0b10_00_10_00;
    private const byte OddQuarters = 0b11_01_11_01;

    /// <summary>Turns the bytes of each word around: SHA-256 reads them big-endian.</summary>
    private static readonly Vector512<byte> BigEndian = Vector512.Create(0x0405060700010203UL, 0x0c0d0e0f08090a0bUL, 0x0405060700010203UL, 0x0c0d0e0f08090a0bUL,
        0x0405060700010203UL, 0x0c0d0e0f08090a0bUL, 0x0405060700010203UL, 0x0c0d0e0f08090a0bUL).AsByte();

    /// <summary>Also that the runtime takes such vectors to be worth it: on the first processors that had them they slow all else down.</summary>
    public static bool IsSupported => Avx512BW.IsSupported && Vector512.IsHardwareAccelerated;

    /// <summary>On Emerald Rapids.</summary>
    public static int Speed => 2080;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Broadcast(uint word) => Vector512.Create(word);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Add(Vector512<uint> left, Vector512<uint> right) => left + right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Rotate(Vector512<uint> words, [ConstantExpected] byte count) => Avx512F.RotateRight(words, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> ShiftRight(Vector512<uint> words, [ConstantExpected] byte count) => words >>> count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Xor(Vector512<uint> first, Vector512<uint> second, Vector512<uint> third) => Avx512F.TernaryLogic(first, second, third, XorTable);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Choose(Vector512<uint> first, Vector512<uint> second, Vector512<uint> third) => Avx512F.TernaryLogic(first, second, third, ChooseTable);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Majority(Vector512<uint> first, Vector512<uint> second, Vector512<uint> third) => Avx512F.TernaryLogic(first, second, third, MajorityTable);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(LaneInput[] lanes, ref Vector512<uint> words)
    {
        for (var i = 0; i < Count; i++) Unsafe.Add(ref words, i) = Avx512BW.Shuffle(Vector512.LoadUnsafe(ref lanes[i].Take()), BigEndian).AsUInt32();
        for (var i = 0; i < Count; i += 4) TransposeQuarters(ref Unsafe.Add(ref words, i));
        for (var i = 0; i < 4; i++) GatherQuarters(ref Unsafe.Add(ref words, i));
    }

    /// <summary>Transposes four rows within each quarter of 128 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposeQuarters(ref Vector512<uint> rows)
    {
        ref var third = ref Unsafe.Add(ref rows, 2);
        var (low, high) = (Avx512F.UnpackLow(rows, Unsafe.Add(ref rows, 1)).AsUInt64(), Avx512F.UnpackHigh(rows, Unsafe.Add(ref rows, 1)).AsUInt64());
        var (nextLow, nextHigh) = (Avx512F.UnpackLow(third, Unsafe.Add(ref rows, 3)).AsUInt64(), Avx512F.UnpackHigh(third, Unsafe.Add(ref rows, 3)).AsUInt64());
        rows = Avx512F.UnpackLow(low, nextLow).AsUInt32();
        Unsafe.Add(ref rows, 1) = Avx512F.UnpackHigh(low, nextLow).AsUInt32();
        third = Avx512F.UnpackLow(high, nextHigh).AsUInt32();
        Unsafe.Add(ref rows, 3) = Avx512F.UnpackHigh(high, nextHigh).AsUInt32();
    }

    /// <summary>Transposes the quarters of every fourth row as if each were one element.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void GatherQuarters(ref Vector512<uint> rows)
    {
        var (first, second, third, fourth) = (rows, Unsafe.Add(ref rows, 4), Unsafe.Add(ref rows, 8), Unsafe.Add(ref rows, 12));
        var (even, odd) = (Avx512F.Shuffle4x128(first, second, EvenQuarters), Avx512F.Shuffle4x128(first, second, OddQuarters));
        var (nextEven, nextOdd) = (Avx512F.Shuffle4x128(third, fourth, EvenQuarters), Avx512F.Shuffle4x128(third, fourth, OddQuarters));
        rows = Avx512F.Shuffle4x128(even, nextEven, EvenQuarters);
        Unsafe.Add(ref rows, 4) = Avx512F.Shuffle4x128(odd, nextOdd, EvenQuarters);
        Unsafe.Add(ref rows, 8) = Avx512F.Shuffle4x128(even, nextEven, OddQuarters);
        Unsafe.Add(ref rows, 12) = Avx512F.Shuffle4x128(odd, nextOdd, OddQuarters);
    }
}
