using SwarmFS.Transparency;

namespace SwarmFS.Cli.Trust;

internal static class LogKeys
{
    /// <exception cref="UsageException">It is no vkey of a log.</exception>
    public static VerifierKey Parse(string vkey)
    {
        if (!VerifierKey.TryParse(vkey, out var key, out var error)) throw new UsageException($"'{vkey}' is no vkey: {error}.");
        return key.Type == SignatureType.Log ? key : throw new UsageException($"'{vkey}' is a witness's vkey, not a log's.");
    }
}
