using System.Text;

namespace SwarmFS.Import.Tests;

/// <summary>Changes to a signed text that leave what is signed as it is, as somebody between mirror and node can make them.</summary>
internal static class ClearSignedText
{
    private const string Begin = "-----BEGIN PGP SIGNATURE-----\n\n";
    private const string End = "-----END PGP SIGNATURE-----";

    /// <summary>Blanks at the ends of lines are not signed (RFC 9580, section 7.2).</summary>
    public static byte[] WithTrailingBlanks(byte[] signed)
    {
        var text = Encoding.ASCII.GetString(signed);
        return Encoding.ASCII.GetBytes(text.Replace("Components: main\n", "Components: main  \t\n", StringComparison.Ordinal));
    }

    /// <summary>Nor is the form of a line's end: of one line that nobody reads, or of all.</summary>
    public static byte[] WithCarriageReturns(byte[] signed, bool everywhere)
    {
        var text = Encoding.ASCII.GetString(signed);
        var changed = everywhere ? text.Replace("\n", " \t\r\n", StringComparison.Ordinal) : text.Replace("Components: main\n", "Components: main\r\n", StringComparison.Ordinal);
        return Encoding.ASCII.GetBytes(changed);
    }

    /// <summary>Any line may be written with a dash before it (RFC 9580, section 7.2).</summary>
    public static byte[] WithDash(byte[] signed) => Encoding.ASCII.GetBytes(Encoding.ASCII.GetString(signed).Replace("Components: main\n", "- Components: main\n", StringComparison.Ordinal));

    /// <summary>Of several signatures only one.</summary>
    public static byte[] WithSignature(byte[] signed, int number)
    {
        var text = Encoding.ASCII.GetString(signed);
        var begin = text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        var end = text.IndexOf(End, StringComparison.Ordinal);
        // The line that begins with '=' is a checksum, which may be absent.
        var body = string.Concat(text[begin..end].Split('\n').Where(line => !line.StartsWith('=')));
        var packets = Convert.FromBase64String(body).AsSpan();
        for (; number > 0; number--) packets = packets[Length(packets)..];
        var one = Convert.ToBase64String(packets[..Length(packets)]);
        return Encoding.ASCII.GetBytes(text[..begin] + string.Concat(one.Chunk(64).Select(line => new string(line) + "\n")) + text[end..]);
    }

    /// <summary>Of the first packet, header included: GnuPG writes signatures with one or two bytes of length (RFC 9580, section 4.2.2).</summary>
    private static int Length(ReadOnlySpan<byte> packets) => packets[0] switch
    {
        0x88 => 2 + packets[1],
        0x89 => 3 + (packets[1] << 8) + packets[2],
        var tag => throw new ArgumentException($"A packet with the tag 0x{tag:x2} is no signature.", nameof(packets)),
    };
}
