using SwarmFS.Core;

namespace SwarmFS.Wire;

// prefix := u8 codec (0 raw, 1 messagepack), 32 × u8 sha2-256 digest
// The data that follows is the block's bytes, to the end of the frame; an empty block has none.

/// <summary>The start of a BLOCK frame's body: which block the data is.</summary>
public static class BlockPrefix
{
    /// <summary>Bytes of a prefix.</summary>
    public const int Length = 1 + Sha256Digest.Length;

    /// <param name="destination">At least <see cref="Length"/> bytes.</param>
    public static void Write(Span<byte> destination, in Cid cid)
    {
        destination[0] = cid.Codec == CidCodec.MessagePack ? (byte)1 : (byte)0;
        cid.Digest.CopyTo(destination[1..]);
    }

    /// <returns>False when the codec byte is none that exists.</returns>
    public static bool TryRead(ReadOnlySpan<byte> source, out Cid cid)
    {
        var codec = source[0] switch { 0 => CidCodec.Raw, 1 => CidCodec.MessagePack, _ => CidCodec.None };
        cid = codec == CidCodec.None ? default : new Cid(codec, new Sha256Digest(source.Slice(1, Sha256Digest.Length)));
        return codec != CidCodec.None;
    }
}
