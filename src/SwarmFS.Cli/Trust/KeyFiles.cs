using SwarmFS.Control;
using SwarmFS.Signing;
using SwarmFS.Transparency;

namespace SwarmFS.Cli.Trust;

/// <summary>Key files and the vkeys under which others know them.</summary>
internal static class KeyFiles
{
    /// <exception cref="IOException">There is such a file, or it cannot be made.</exception>
    /// <exception cref="UsageException">The name may not stand in a vkey; no file is made.</exception>
    public static KeyReport Generate(string path, string name, bool isWitness)
    {
        CheckName(name);
        using var key = Ed25519PrivateKey.Create(path);
        return Report(path, key, name, isWitness);
    }

    /// <exception cref="IOException">It is no key file.</exception>
    /// <exception cref="UsageException">The name may not stand in a vkey.</exception>
    public static KeyReport Describe(string path, string name, bool isWitness)
    {
        CheckName(name);
        using var key = InputFile.ReadKey(path);
        return Report(path, key, name, isWitness);
    }

    /// <exception cref="UsageException">The name may not stand in a vkey.</exception>
    public static void CheckName(string name)
    {
        try
        {
            _ = VerifierKey.OfLog(name, new Ed25519PublicKey(new byte[Ed25519PublicKey.Length]));
        }
        catch (ArgumentException)
        {
            throw new UsageException($"'{name}' cannot be a signer's name: it is empty or too long, or has white space, '+' or control characters.");
        }
    }

    private static KeyReport Report(string path, Ed25519PrivateKey key, string name, bool isWitness)
    {
        var vkey = isWitness ? VerifierKey.OfWitness(name, key.PublicKey) : VerifierKey.OfLog(name, key.PublicKey);
        return new KeyReport(Path.GetFullPath(path), key.PublicKey.ToString(), vkey.ToString());
    }
}
