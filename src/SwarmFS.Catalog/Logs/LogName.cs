using System.Security.Cryptography;
using SwarmFS.Signing;

namespace SwarmFS.Catalog;

/// <summary>The name of a node's own log: the origin of its checkpoints.</summary>
public static class LogName
{
    /// <summary>Digits of the key's hash: as many as no two logs of one policy share by chance.</summary>
    private const int Digits = 16;

    /// <summary>"swarmfs/" and the first 16 hexadecimal digits of the key's SHA-256: a function of the key, so that nobody has to choose one and none clash.</summary>
    public static string Of(Ed25519PublicKey key) => "swarmfs/" + Convert.ToHexStringLower(SHA256.HashData(key.Bytes))[..Digits];
}
