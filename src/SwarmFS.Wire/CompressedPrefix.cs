using System.Buffers.Binary;

namespace SwarmFS.Wire;

// prefix := u32 length of the content      (big-endian, 4 bytes)
// The data that follows is one zstd frame (RFC 8878). Unpacked it is so many bytes: whole BLOCK frames.

/// <summary>The start of a COMPRESSED frame's body.</summary>
public static class CompressedPrefix
{
    /// <summary>Bytes of a prefix.</summary>
    public const int Length = 4;

    /// <summary>The name of this compression in HELLO.</summary>
    public const string Zstd = "zstd";

    /// <param name="destination">At least <see cref="Length"/> bytes.</param>
    /// <param name="contentLength">Bytes of the frames in it.</param>
    public static void Write(Span<byte> destination, int contentLength) => BinaryPrimitives.WriteInt32BigEndian(destination, contentLength);

    /// <param name="source">At least <see cref="Length"/> bytes.</param>
    /// <param name="contentLength">1 to <see cref="WireLimits.CompressedContent"/>.</param>
    /// <param name="error">What is wrong with it.</param>
    public static bool TryRead(ReadOnlySpan<byte> source, out int contentLength, out string? error)
    {
        var length = BinaryPrimitives.ReadUInt32BigEndian(source);
        var fits = length is > 0 and <= WireLimits.CompressedContent;
        contentLength = fits ? (int)length : 0;
        error = fits ? null : $"a Compressed frame that announces {length} bytes of content; there may be 1 to {WireLimits.CompressedContent}";
        return fits;
    }
}
