using System.Diagnostics.CodeAnalysis;

namespace SwarmFS.Core;

/// <summary>One word of 32 bits of each lane in a vector, and what SHA-256 does with them (FIPS 180-4, 3.2 and 4.1.2).</summary>
internal interface ILaneWords<TVector>
{
    /// <summary>Whether the processor has the instructions and the program may use them.</summary>
    static abstract bool IsSupported { get; }

    /// <summary>MB/s of one core, all lanes together.</summary>
    static abstract int Speed { get; }

    static abstract TVector Broadcast(uint word);

    static abstract TVector Add(TVector left, TVector right);

    /// <summary>To the right.</summary>
    static abstract TVector Rotate(TVector words, [ConstantExpected] byte count);

    static abstract TVector ShiftRight(TVector words, [ConstantExpected] byte count);

    static abstract TVector Xor(TVector first, TVector second, TVector third);

    /// <summary>Ch: of each bit the second where the first is set, else the third.</summary>
    static abstract TVector Choose(TVector first, TVector second, TVector third);

    /// <summary>Maj: of each bit what two or three of them have.</summary>
    static abstract TVector Majority(TVector first, TVector second, TVector third);

    /// <summary>64 bytes of each lane as 16 vectors, of which each has one word of each lane; the lanes go on by their strides.</summary>
    static abstract void Load(LaneInput[] lanes, ref TVector words);
}
