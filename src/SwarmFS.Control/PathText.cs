using System.Globalization;
using System.Text;

namespace SwarmFS.Control;

/// <summary>
/// File names are bytes, JSON and terminals want text. Valid UTF-8 stands as it is; a backslash, a control character and any byte that is not part of valid
/// UTF-8 is written <c>\xHH</c>. Lossless both ways, and nothing in a name can move a terminal's cursor.
/// </summary>
public static class PathText
{
    public static string FromBytes(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        while (!bytes.IsEmpty)
        {
            var valid = Rune.DecodeFromUtf8(bytes, out var rune, out var consumed) == System.Buffers.OperationStatus.Done;
            if (valid && rune.Value != '\\' && !Rune.IsControl(rune)) text.Append(rune.ToString());
            else foreach (var value in bytes[..consumed]) text.Append(CultureInfo.InvariantCulture, $"\\x{value:x2}");
            bytes = bytes[consumed..];
        }
        return text.ToString();
    }

    /// <summary>A backslash that does not begin <c>\xHH</c> stands for itself.</summary>
    public static byte[] ToBytes(string text)
    {
        var bytes = new List<byte>(text.Length);
        Span<byte> encoded = stackalloc byte[4];
        for (var at = 0; at < text.Length;)
        {
            if (IsEscape(text.AsSpan(at)))
            {
                bytes.Add(byte.Parse(text.AsSpan(at + 2, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
                at += 4;
                continue;
            }
            if (Rune.DecodeFromUtf16(text.AsSpan(at), out var rune, out var consumed) != System.Buffers.OperationStatus.Done) rune = Rune.ReplacementChar;
            bytes.AddRange(encoded[..rune.EncodeToUtf8(encoded)]);
            at += consumed;
        }
        return [.. bytes];
    }

    private static bool IsEscape(ReadOnlySpan<char> text) =>
        text.Length >= 4 && text[0] == '\\' && text[1] == 'x' && char.IsAsciiHexDigit(text[2]) && char.IsAsciiHexDigit(text[3]);
}
