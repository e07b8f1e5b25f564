using System.Security.Cryptography;
using SwarmFS.Signing;

namespace SwarmFS.Cli.Trust;

/// <summary>Files that a person names on the command line.</summary>
internal static class InputFile
{
    /// <exception cref="IOException">It cannot be read, or is longer than allowed.</exception>
    public static byte[] Read(string path, int maxLength)
    {
        using var file = File.OpenRead(path);
        var buffer = new byte[maxLength + 1];
        var length = file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        return length <= maxLength ? buffer[..length] : throw new IOException($"{path} is longer than {maxLength} bytes, the most that such a file may have.");
    }

    /// <exception cref="IOException">It cannot be read, others may read it, or it is no key.</exception>
    public static Ed25519PrivateKey ReadKey(string path)
    {
        try
        {
            return Ed25519PrivateKey.Load(path);
        }
        catch (CryptographicException e)
        {
            throw new IOException(e.Message, e);
        }
    }
}
