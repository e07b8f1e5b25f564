using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SwarmFS.Core;

/// <summary>With as many lanes as the vector has words.</summary>
internal sealed class Sha256Lanes<TWords, TVector>() : Sha256Lanes(Unsafe.SizeOf<TVector>() / sizeof(uint))
    where TWords : ILaneWords<TVector>
    where TVector : unmanaged
{
    public override int Speed => TWords.Speed;

    [SkipLocalsInit]
    public override void Compress(uint[] states, LaneInput[] lanes, int inputBlocks)
    {
        Span<TVector> schedule = stackalloc TVector[16];
        ref var w = ref schedule[0];
        ref var state = ref Unsafe.As<uint, TVector>(ref MemoryMarshal.GetArrayDataReference(states));
        var (a, b, c, d) = (state, Unsafe.Add(ref state, 1), Unsafe.Add(ref state, 2), Unsafe.Add(ref state, 3));
        var (e, f, g, h) = (Unsafe.Add(ref state, 4), Unsafe.Add(ref state, 5), Unsafe.Add(ref state, 6), Unsafe.Add(ref state, 7));
        for (; inputBlocks > 0; inputBlocks--)
        {
            TWords.Load(lanes, ref w);
            ref var k = ref MemoryMarshal.GetArrayDataReference(Constants);
            for (var round = 0; round < 64; round += 16)
            {
                if (round > 0) Extend(ref w);
                for (var half = 0; half < 16; half += 8)
                {
                    Round(a, b, c, ref d, e, f, g, ref h, Unsafe.Add(ref w, half), k);
                    Round(h, a, b, ref c, d, e, f, ref g, Unsafe.Add(ref w, half + 1), Unsafe.Add(ref k, 1));
                    Round(g, h, a, ref b, c, d, e, ref f, Unsafe.Add(ref w, half + 2), Unsafe.Add(ref k, 2));
                    Round(f, g, h, ref a, b, c, d, ref e, Unsafe.Add(ref w, half + 3), Unsafe.Add(ref k, 3));
                    Round(e, f, g, ref h, a, b, c, ref d, Unsafe.Add(ref w, half + 4), Unsafe.Add(ref k, 4));
                    Round(d, e, f, ref g, h, a, b, ref c, Unsafe.Add(ref w, half + 5), Unsafe.Add(ref k, 5));
                    Round(c, d, e, ref f, g, h, a, ref b, Unsafe.Add(ref w, half + 6), Unsafe.Add(ref k, 6));
                    Round(b, c, d, ref e, f, g, h, ref a, Unsafe.Add(ref w, half + 7), Unsafe.Add(ref k, 7));
                    k = ref Unsafe.Add(ref k, 8);
                }
            }
            state = a = TWords.Add(a, state);
            Unsafe.Add(ref state, 1) = b = TWords.Add(b, Unsafe.Add(ref state, 1));
            Unsafe.Add(ref state, 2) = c = TWords.Add(c, Unsafe.Add(ref state, 2));
            Unsafe.Add(ref state, 3) = d = TWords.Add(d, Unsafe.Add(ref state, 3));
            Unsafe.Add(ref state, 4) = e = TWords.Add(e, Unsafe.Add(ref state, 4));
            Unsafe.Add(ref state, 5) = f = TWords.Add(f, Unsafe.Add(ref state, 5));
            Unsafe.Add(ref state, 6) = g = TWords.Add(g, Unsafe.Add(ref state, 6));
            Unsafe.Add(ref state, 7) = h = TWords.Add(h, Unsafe.Add(ref state, 7));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round(TVector a, TVector b, TVector c, ref TVector d, TVector e, TVector f, TVector g, ref TVector h, TVector word, uint constant)
    {
        var input = TWords.Add(word, TWords.Broadcast(constant));
        var sum = TWords.Add(TWords.Add(TWords.Add(h, TWords.Xor(TWords.Rotate(e, 6), TWords.Rotate(e, 11), TWords.Rotate(e, 25))), TWords.Choose(e, f, g)), input);
        d = TWords.Add(d, sum);
        h = TWords.Add(TWords.Add(sum, TWords.Xor(TWords.Rotate(a, 2), TWords.Rotate(a, 13), TWords.Rotate(a, 22))), TWords.Majority(a, b, c));
    }

    /// <summary>The next 16 words of the message schedule in the place of the last.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Extend(ref TVector w)
    {
        for (var i = 0; i < 16; i++)
        {
            ref var word = ref Unsafe.Add(ref w, i);
            var (back2, back15) = (Unsafe.Add(ref w, (i + 14) & 15), Unsafe.Add(ref w, (i + 1) & 15));
            var near = TWords.Xor(TWords.Rotate(back2, 17), TWords.Rotate(back2, 19), TWords.ShiftRight(back2, 10));
            var far = TWords.Xor(TWords.Rotate(back15, 7), TWords.Rotate(back15, 18), TWords.ShiftRight(back15, 3));
            word = TWords.Add(TWords.Add(word, far), TWords.Add(Unsafe.Add(ref w, (i + 9) & 15), near));
        }
    }
}
