namespace SwarmFS.Import;

/// <summary>A signed text that a trusted key has signed.</summary>
/// <param name="Payload">The text as the verifier put it out, each line without the blanks at its end and with a line feed alone: all that is signed, and nothing that is not.</param>
/// <param name="Signers">Primary fingerprints of the trusted keys that signed, in order.</param>
internal sealed record VerifiedText(byte[] Payload, IReadOnlyList<string> Signers);

/// <summary>
/// Asks gpgv, as apt does, and believes its status lines, not its exit code: with several signers that is 2 when one of them is unknown.
/// GnuPG's doc/DETAILS describes the lines.
/// </summary>
internal sealed class SignatureCheck(string etcDirectory, string scratch, TimeProvider time)
{
    /// <summary>SHA-256, SHA-384, SHA-512 by their OpenPGP numbers (RFC 9580, section 9.5); anything weaker can be forged.</summary>
    private static readonly string[] StrongHashes = ["8", "9", "10"];

    /// <exception cref="ImportRefusedException">It is not one signed text, or no trusted key has signed it.</exception>
    public async Task<VerifiedText> VerifyAsync(byte[] signed, AptKeys keys, string name, CancellationToken cancellationToken)
    {
        if (ClearSigned.Check(signed) is { } reason)
            throw new ImportRefusedException($"{name} is refused: {reason}. Nothing of it was used; try again later, or choose another mirror.");
        var directory = Directory.CreateDirectory(Path.Join(scratch, "gpgv-" + Guid.NewGuid().ToString("n"))).FullName;
        try
        {
            File.SetUnixFileMode(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            var input = Path.Join(directory, "signed");
            var output = Path.Join(directory, "payload");
            await File.WriteAllBytesAsync(input, signed, cancellationToken);
            List<string> arguments = ["--homedir", directory, "--status-fd", "1", "--ignore-time-conflict", "--output", output];
            foreach (var keyring in WriteKeyrings(keys, directory, name)) arguments.AddRange(["--keyring", keyring]);
            var result = await ChildProcess.RunAsync("/usr/bin/gpgv", [.. arguments, "--", input], time, cancellationToken);
            var signers = Signers(result.Output, keys.Fingerprints, name);
            return new VerifiedText(WithoutLineEnds(await File.ReadAllBytesAsync(output, cancellationToken)), signers);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>
    /// Blanks at the ends of lines and the form of the line ends are not signed (RFC 9580, section 7), but gpgv puts a carriage return out where somebody on the way put one in. Left there, it
    /// would let him give each importer another text under one signature.
    /// </summary>
    private static byte[] WithoutLineEnds(ReadOnlySpan<byte> text)
    {
        var plain = new byte[text.Length];
        var length = 0;
        while (!text.IsEmpty)
        {
            var end = text.IndexOf((byte)'\n');
            var line = (end < 0 ? text : text[..end]).TrimEnd(" \t\r"u8);
            line.CopyTo(plain.AsSpan(length));
            length += line.Length;
            if (end >= 0) plain[length++] = (byte)'\n';
            text = end < 0 ? [] : text[(end + 1)..];
        }
        return plain[..length];
    }

    private List<string> WriteKeyrings(AptKeys keys, string directory, string name)
    {
        var keyrings = new List<string>();
        if (keys.Inline is { } inline) Write(System.Text.Encoding.UTF8.GetBytes(inline), "the key written into the source");
        foreach (var file in keys.Keyrings.Count > 0 || keys.Inline is not null ? keys.Keyrings : DefaultKeyrings())
        {
            if (!File.Exists(file)) throw new ImportRefusedException($"{name} cannot be verified: its keyring {file} does not exist. Install it, or correct Signed-By.");
            Write(File.ReadAllBytes(file), file);
        }
        if (keyrings.Count == 0) throw new ImportRefusedException($"{name} cannot be verified: no key is trusted for it. Name its keyring with Signed-By.");
        return keyrings;

        void Write(byte[] bytes, string from)
        {
            var bare = OpenPgpArmor.Remove(bytes) ?? throw new ImportRefusedException($"{name} cannot be verified: {from} is damaged. Install the keyring again.");
            var path = Path.Join(directory, $"keyring-{keyrings.Count}.gpg");
            File.WriteAllBytes(path, bare);
            keyrings.Add(path);
        }
    }

    private List<string> DefaultKeyrings()
    {
        var files = new List<string>();
        var old = Path.Join(etcDirectory, "trusted.gpg");
        if (File.Exists(old) && new FileInfo(old).Length > 0) files.Add(old);
        var parts = Path.Join(etcDirectory, "trusted.gpg.d");
        if (Directory.Exists(parts))
            files.AddRange(Directory.GetFiles(parts).Where(f => Path.GetExtension(f) is ".gpg" or ".asc").Order(StringComparer.Ordinal));
        return files;
    }

    /// <summary>
    /// Each signature is a run of lines from NEWSIG on. It counts when a GOODSIG (neither key nor signature expired or revoked) comes before its VALIDSIG:
    /// <c>VALIDSIG fingerprint date time expires version reserved key-algorithm hash-algorithm class primary-fingerprint</c>.
    /// </summary>
    internal static List<string> Signers(string status, IReadOnlyList<string> pinned, string name)
    {
        var (signers, complaints, good) = (new List<string>(), new List<string>(), false);
        foreach (var line in status.Split('\n'))
        {
            if (!line.StartsWith("[GNUPG:] ", StringComparison.Ordinal)) continue;
            var words = line[9..].Split(' ');
            switch (words[0])
            {
                case "NEWSIG":
                    good = false;
                    break;
                case "GOODSIG":
                    good = true;
                    break;
                case "BADSIG":
                    throw new ImportRefusedException($"{name} is refused: its text does not match the signature of key {EscapedText.Of(words.ElementAtOrDefault(1) ?? "")}. Somebody altered it; choose another mirror.");
                case "VALIDSIG" when good && words.Length >= 11:
                    if (!StrongHashes.Contains(words[8])) complaints.Add("a signature uses a weak hash");
                    else if (pinned.Count > 0 && !pinned.Contains(words[1]) && !pinned.Contains(words[10])) complaints.Add($"key {words[10]} is not the one that Signed-By names");
                    else signers.Add(words[10]);
                    break;
                case "EXPKEYSIG" or "REVKEYSIG" or "EXPSIG" or "NO_PUBKEY":
                    complaints.Add($"{Meaning(words[0])} {EscapedText.Of(words.ElementAtOrDefault(1) ?? "")}");
                    break;
            }
        }
        if (signers.Count > 0) return signers;
        var why = complaints.Count > 0 ? string.Join("; ", complaints) : "there is no valid signature";
        throw new ImportRefusedException($"{name} is refused: no trusted key has signed it ({why}). Install the repository's current keyring, or correct Signed-By.");
    }

    private static string Meaning(string word) => word switch
    {
        "EXPKEYSIG" => "signed by the expired key",
        "REVKEYSIG" => "signed by the revoked key",
        "EXPSIG" => "an expired signature by key",
        _ => "signed by the unknown key",
    };
}
