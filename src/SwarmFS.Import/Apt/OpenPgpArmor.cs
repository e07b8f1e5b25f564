using System.Buffers.Text;
using System.Text;

namespace SwarmFS.Import;

/// <summary>
/// Takes the armour off keys (RFC 9580, section 6.2), because gpgv reads bare keyrings alone. The checksum line is not looked at: it guards against accidents only,
/// and a damaged key verifies nothing.
/// </summary>
internal static class OpenPgpArmor
{
    /// <returns>The keys of all blocks one after the other; the input itself when it is not armoured; null when the armour is broken.</returns>
    public static byte[]? Remove(byte[] keys)
    {
        if (keys.AsSpan().IndexOf("-----BEGIN PGP PUBLIC KEY BLOCK-----"u8) < 0) return keys;
        var bare = new MemoryStream();
        StringBuilder? body = null;
        var inHeaders = false;
        foreach (var raw in Encoding.Latin1.GetString(keys).Split('\n'))
        {
            var line = raw.Trim();
            if (line == "-----BEGIN PGP PUBLIC KEY BLOCK-----") (body, inHeaders) = (new StringBuilder(), true);
            else if (body is null) continue;
            else if (line == "-----END PGP PUBLIC KEY BLOCK-----")
            {
                if (!Base64.IsValid(body.ToString())) return null;
                bare.Write(Convert.FromBase64String(body.ToString()));
                body = null;
            }
            else if (inHeaders && (line.Length == 0 || line.Contains(':'))) inHeaders = line.Length > 0;
            else if (!line.StartsWith('=')) (inHeaders, _) = (false, body.Append(line));
        }
        return body is null ? bare.ToArray() : null;
    }
}
