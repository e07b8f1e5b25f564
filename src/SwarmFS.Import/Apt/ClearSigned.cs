namespace SwarmFS.Import;

/// <summary>
/// The frame of a signed text (RFC 9580, section 7, Cleartext Signature Framework), which has to fill its file:
/// <code>
/// FILE := "-----BEGIN PGP SIGNED MESSAGE-----" ("Hash: " …)* "" TEXT* "-----BEGIN PGP SIGNATURE-----" BODY* "-----END PGP SIGNATURE-----" ""*
/// TEXT := a line that does not begin with "-", or "- " and any line
/// BODY := a line that does not begin with "-"
/// </code>
/// A verifier skips what stands around the frame, so what it says about the frame says nothing about the file; here nothing can stand there.
/// </summary>
internal static class ClearSigned
{
    /// <returns>Null when the file is one such frame; otherwise what is wrong with it.</returns>
    public static string? Check(ReadOnlySpan<byte> file)
    {
        if (file.Contains((byte)0)) return "it has a NUL";
        if (!TakeLine(ref file, out var line) || !line.SequenceEqual("-----BEGIN PGP SIGNED MESSAGE-----"u8))
            return "it does not begin with a signed text: it is not signed, or something was put before the signed text";
        while (TakeLine(ref file, out line) && !line.IsEmpty)
            if (!line.StartsWith("Hash: "u8)) return "the signed text has another header than 'Hash'";
        while (true)
        {
            if (!TakeLine(ref file, out line)) return "the signed text is cut off";
            if (line.SequenceEqual("-----BEGIN PGP SIGNATURE-----"u8)) break;
            if (line.StartsWith("-"u8) && !line.StartsWith("- "u8)) return "the signed text has a line that begins with '-' and is not escaped";
        }
        while (true)
        {
            if (!TakeLine(ref file, out line)) return "the signature is cut off";
            if (line.SequenceEqual("-----END PGP SIGNATURE-----"u8)) break;
            if (line.StartsWith("-"u8)) return "the signature has a line that begins with '-'";
        }
        return file.Trim(" \t\r\n"u8).IsEmpty ? null : "something follows the signature";
    }

    /// <summary>The next line without its end and without blanks before it, which do not count.</summary>
    private static bool TakeLine(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> line)
    {
        line = default;
        if (rest.IsEmpty) return false;
        var end = rest.IndexOf((byte)'\n');
        line = (end < 0 ? rest : rest[..end]).TrimEnd(" \t\r"u8);
        rest = end < 0 ? [] : rest[(end + 1)..];
        return true;
    }
}
