using System.Globalization;
using SwarmFS.Core;

namespace SwarmFS.Catalog;

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
