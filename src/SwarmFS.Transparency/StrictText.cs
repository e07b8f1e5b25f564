using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using SwarmFS.Core;

namespace SwarmFS.Transparency;

/// <summary>The text forms that all files of a log share, each read in one spelling only: what the runtime's lenient parsers let pass (white space, signs, stray bits, bad bytes) is refused.</summary>
internal static class StrictText
{
    /// <summary>Characters of a SHA-256 in base64.</summary>
    internal const int DigestLength = 44;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <exception cref="EncoderFallbackException">A lone surrogate stands in it; <see cref="IsWellFormed"/> tells.</exception>
    internal static byte[] ToBytes(string text) => Utf8.GetBytes(text);

    internal static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out string? text)
    {
        text = System.Text.Unicode.Utf8.IsValid(bytes) ? Utf8.GetString(bytes) : null;
        return text is not null;
    }

    /// <summary>May it stand in a signed note: no control character but, where <paramref name="hasLines"/>, the line feed, and no lone surrogate?</summary>
    internal static bool IsWellFormed(ReadOnlySpan<char> text, bool hasLines)
    {
        while (!text.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(text, out var rune, out var length) != System.Buffers.OperationStatus.Done) return false;
            if (rune.Value < ' ' && !(hasLines && rune.Value == '\n')) return false;
            text = text[length..];
        }
        return true;
    }

    /// <summary>Decimal digits of a number up to 2^63 − 1, without a sign and without leading zeros.</summary>
    internal static bool TryParseDecimal(ReadOnlySpan<char> digits, out long value)
    {
        value = 0;
        if (digits.IsEmpty || (digits[0] == '0' && digits.Length > 1)) return false;
        // The runtime's parser takes NUL characters after the digits.
        return !digits.ContainsAnyExceptInRange('0', '9') && long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }

    internal static string Decimal(long value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>Canonical base64 with padding (RFC 4648, section 4).</summary>
    internal static bool TryParseBase64(ReadOnlySpan<char> text, [NotNullWhen(true)] out byte[]? bytes)
    {
        bytes = null;
        if (text.Length % 4 != 0) return false;
        var buffer = new byte[text.Length / 4 * 3];
        if (!Convert.TryFromBase64Chars(text, buffer, out var written)) return false;
        if (!text.SequenceEqual(Convert.ToBase64String(buffer, 0, written))) return false;
        bytes = buffer[..written];
        return true;
    }

    internal static bool TryParseDigest(ReadOnlySpan<char> text, out Sha256Digest digest)
    {
        digest = default;
        if (text.Length != DigestLength || !TryParseBase64(text, out var bytes) || bytes.Length != Sha256Digest.Length) return false;
        digest = new Sha256Digest(bytes);
        return true;
    }

    internal static string Base64(in Sha256Digest digest)
    {
        Span<byte> bytes = stackalloc byte[Sha256Digest.Length];
        digest.CopyTo(bytes);
        return Convert.ToBase64String(bytes);
    }

    /// <summary>Takes the next line off <paramref name="rest"/>. False at the end, and before text that no line feed ends.</summary>
    internal static bool TryTakeLine(ref ReadOnlySpan<char> rest, out ReadOnlySpan<char> line)
    {
        var end = rest.IndexOf('\n');
        line = end < 0 ? default : rest[..end];
        if (end >= 0) rest = rest[(end + 1)..];
        return end >= 0;
    }
}
