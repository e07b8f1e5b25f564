using System.Buffers.Binary;

namespace SwarmFS.Import;

/// <summary>
/// Numbers of tar headers: octal digits with blanks before and blanks or NULs after them, or (GNU) base 256, big-endian two's complement with the top bit of the
/// field set as the mark.
/// </summary>
internal static class TarNumber
{
    /// <exception cref="ArchiveFormatException">Neither form, or beyond 63 bits.</exception>
    public static long Parse(ReadOnlySpan<byte> field, string what)
    {
        if ((field[0] & 0x80) != 0) return ParseBase256(field, what);
        var digits = field.TrimStart((byte)' ');
        var end = digits.IndexOfAnyExceptInRange((byte)'0', (byte)'7');
        var rest = end < 0 ? [] : digits[end..];
        if (rest.ContainsAnyExcept((byte)' ', (byte)0)) throw new ArchiveFormatException($"the {what} of a header is not an octal number");
        if (end >= 0) digits = digits[..end];
        var value = 0L;
        foreach (var digit in digits) value = (value << 3) | (uint)(digit - '0');
        return value;
    }

    private static long ParseBase256(ReadOnlySpan<byte> field, string what)
    {
        var negative = (field[0] & 0x40) != 0;
        Span<byte> bytes = stackalloc byte[field.Length];
        field.CopyTo(bytes);
        bytes[0] = negative ? bytes[0] : (byte)(bytes[0] & 0x7f);
        if (field.Length < sizeof(long)) throw new ArchiveFormatException($"the {what} of a header is a base-256 number in a field too short for one");
        var high = bytes[..^sizeof(long)];
        var value = BinaryPrimitives.ReadInt64BigEndian(bytes[^sizeof(long)..]);
        if (high.ContainsAnyExcept(negative ? (byte)0xff : (byte)0) && high.Length > 0 || value < 0 != negative)
            throw new ArchiveFormatException($"the {what} of a header does not fit in 63 bits");
        return value;
    }
}
