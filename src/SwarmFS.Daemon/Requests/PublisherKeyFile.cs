using System.Security.Cryptography;
using SwarmFS.Control;
using SwarmFS.Signing;

namespace SwarmFS.Daemon.Requests;

/// <summary>The key file of a publisher that a request names.</summary>
internal static class PublisherKeyFile
{
    /// <param name="path">Absolute; null: none.</param>
    /// <exception cref="RequestException">There is no such file, others may read it, or it is no key.</exception>
    public static Ed25519PrivateKey? Read(string? path)
    {
        if (path is null) return null;
        if (!Path.IsPathRooted(path)) throw new RequestException(ControlErrors.Usage, $"{path} is not an absolute path.", "The node has a working directory of its own; send the whole path.");
        try
        {
            return Ed25519PrivateKey.Load(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new RequestException(ControlErrors.Refused, $"The key {path} cannot be used: {e.Message}", "swarmfs key gen makes one.");
        }
    }
}
