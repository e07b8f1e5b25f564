using System.Security.Cryptography;
using SwarmFS.Control;
using SwarmFS.Signing;

namespace SwarmFS.Daemon.Requests;

/// <summary>The key file of a publisher that a request names.</summary>
internal static class PublisherKeyFile
{
    /// <param name="path">Absolute; null: none.</param>
    /// <exception cref="RequestException">It is not absolute, there is no such file, others may read it, or it is no key.</exception>
    public static Ed25519PrivateKey? Read(string? path)
    {
        if (path is null) return null;
        try
        {
            return Ed25519PrivateKey.Load(RequestPath.Absolute(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new RequestException(ControlErrors.Refused, e.Message, "--key wants a file that swarmfs key gen made.");
        }
    }
}
