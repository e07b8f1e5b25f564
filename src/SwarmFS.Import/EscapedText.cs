using System.Text;

namespace SwarmFS.Import;

/// <summary>Bytes from outside, made fit for a message: printable ASCII as it is, anything else as <c>\xNN</c>, so that a name cannot steer a terminal.</summary>
internal static class EscapedText
{
    /// <summary>Longer names are cut: a message is for reading.</summary>
    private const int MaxShown = 200;

    public static string Of(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder();
        foreach (var value in bytes[..Math.Min(bytes.Length, MaxShown)])
        {
            if (value is >= 0x20 and < 0x7f and not (byte)'\\') text.Append((char)value);
            else text.Append("\\x").Append(value.ToString("x2"));
        }
        if (bytes.Length > MaxShown) text.Append('…');
        return text.ToString();
    }

    public static string Of(string text) => Of(Encoding.UTF8.GetBytes(text));
}
