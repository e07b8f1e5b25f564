using System.Globalization;
using System.Text;
using SwarmFS.Core;
using SwarmFS.Signing;

namespace SwarmFS.Catalog;

/// <summary>
/// "This name and version has this root, say I": a record of one importer, signed by its key. Text with a fixed order of lines, so that one statement has one form:
/// <code>
/// swarmfs.announcement/v1
/// name gedit
/// version 44.2-1
/// root bafy…
/// artifact sha256:&lt;hex&gt; &lt;bytes&gt;      the archive that it was unpacked from, or "artifact none"
/// published 1763690000                seconds since 1970
/// importer &lt;base64 of the Ed25519 public key&gt;
/// signature &lt;base64 of the Ed25519 signature of all lines above, line ends included&gt;
/// </code>
/// The first line separates the domain of the signature from that of other records.
/// </summary>
public sealed record Announcement(string Name, string Version, Cid Root, ArtifactDigest? Artifact, DateTimeOffset Published, Ed25519PublicKey Importer)
{
    private const string Header = "swarmfs.announcement/v1";

    private static readonly string[] Keys = ["name", "version", "root", "artifact", "published", "importer", "signature"];

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private string Statement() =>
        $"{Header}\nname {Name}\nversion {Version}\nroot {Root}\nartifact {Artifact?.ToString() ?? "none"}\n"
        + $"published {Published.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)}\nimporter {Importer}\n";

    /// <summary>The record, signed.</summary>
    /// <param name="key">The importer's.</param>
    public byte[] Sign(Ed25519PrivateKey key)
    {
        var statement = Statement();
        return Strict.GetBytes($"{statement}signature {Convert.ToBase64String(key.Sign(Strict.GetBytes(statement)))}\n");
    }

    /// <summary>Reads a record and checks its signature. What is not byte for byte what <see cref="Sign"/> writes is refused.</summary>
    /// <param name="error">Says what is wrong with it.</param>
    public static Announcement? TryRead(ReadOnlySpan<byte> record, out string? error)
    {
        if (record.Length > IAnnouncementLog.MaxRecordLength) return Refuse($"longer than {IAnnouncementLog.MaxRecordLength} bytes", out error);
        string text;
        try
        {
            text = Strict.GetString(record);
        }
        catch (DecoderFallbackException)
        {
            return Refuse("not UTF-8", out error);
        }
        var lines = text.Split('\n');
        if (lines.Length != Keys.Length + 2 || lines[0] != Header || lines[^1].Length != 0) return Refuse($"not a record of kind {Header}", out error);
        var values = new string[Keys.Length];
        for (var i = 0; i < Keys.Length; i++)
        {
            if (!lines[i + 1].StartsWith(Keys[i] + " ")) return Refuse($"line {i + 2} is not '{Keys[i]} …'", out error);
            values[i] = lines[i + 1][(Keys[i].Length + 1)..];
        }
        if (!PackageNames.IsName(values[0])) return Refuse("its name may not stand in a path", out error);
        if (!PackageNames.IsPathVersion(values[1])) return Refuse("its version may not stand in a path", out error);
        if (!Cid.TryParse(values[2], out var root, out _)) return Refuse("its root is not a CID", out error);
        ArtifactDigest? artifact = null;
        if (values[3] != "none" && (artifact = ArtifactDigest.TryParse(values[3])) is null) return Refuse("its artifact is malformed", out error);
        if (!long.TryParse(values[4], NumberStyles.None, CultureInfo.InvariantCulture, out var published) || published > 253402300799) return Refuse("its time is malformed", out error);
        if (!Ed25519PublicKey.TryParse(values[5], out var importer)) return Refuse("its importer is not an Ed25519 key", out error);
        Span<byte> signature = stackalloc byte[Ed25519PublicKey.SignatureLength];
        if (!Convert.TryFromBase64String(values[6], signature, out var written) || written != signature.Length) return Refuse("its signature is malformed", out error);
        var read = new Announcement(values[0], values[1], root, artifact, DateTimeOffset.FromUnixTimeSeconds(published), importer!);
        var statement = read.Statement();
        if (!text.Equals($"{statement}signature {Convert.ToBase64String(signature)}\n", StringComparison.Ordinal)) return Refuse("not in canonical form", out error);
        if (!importer!.Verify(Strict.GetBytes(statement), signature)) return Refuse("its signature is not the importer's", out error);
        error = null;
        return read;
    }

    private static Announcement? Refuse(string reason, out string? error)
    {
        error = reason;
        return null;
    }
}

/// <summary>The SHA-256 and size in bytes of an archive that a tree was unpacked from.</summary>
public sealed record ArtifactDigest(Sha256Digest Sha256, long Size)
{
    public override string ToString() => $"sha256:{Sha256} {Size.ToString(CultureInfo.InvariantCulture)}";

    internal static ArtifactDigest? TryParse(string text)
    {
        const int Digits = 2 * Sha256Digest.Length;
        const string Prefix = "sha256:";
        if (!text.StartsWith(Prefix) || text.Length < Prefix.Length + Digits + 2 || text[Prefix.Length + Digits] != ' ') return null;
        if (!Sha256Digest.TryParseHex(text.AsSpan(Prefix.Length, Digits), out var digest)) return null;
        return long.TryParse(text.AsSpan(Prefix.Length + Digits + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? new ArtifactDigest(digest, size) : null;
    }
}
