using System.Security.Cryptography;
using SwarmFS.Core;

namespace SwarmFS.Signing;

/// <summary>An Ed25519 private key (RFC 8032), held by OpenSSL. Disposing frees it. Safe from any thread.</summary>
public sealed class Ed25519PrivateKey : IDisposable
{
    /// <summary>Length of the seed that is the private key, in bytes.</summary>
    public const int SeedLength = 32;

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly KeyHandle _handle;

    private Ed25519PrivateKey(KeyHandle handle, Ed25519PublicKey publicKey)
    {
        _handle = handle;
        PublicKey = publicKey;
    }

    public Ed25519PublicKey PublicKey { get; }

    /// <exception cref="ArgumentException">Not 32 bytes.</exception>
    /// <exception cref="CryptographicException">OpenSSL refuses the key.</exception>
    public static Ed25519PrivateKey FromSeed(ReadOnlySpan<byte> seed)
    {
        if (seed.Length != SeedLength) throw new ArgumentException($"An Ed25519 private key has {SeedLength} bytes, not {seed.Length}.", nameof(seed));
        var handle = Libcrypto.NewPrivateKey(Libcrypto.Ed25519, 0, seed, SeedLength);
        Span<byte> publicKey = stackalloc byte[Ed25519PublicKey.Length];
        nuint length = Ed25519PublicKey.Length;
        if (!handle.IsInvalid && Libcrypto.GetPublicKey(handle, publicKey, ref length) == 1 && length == Ed25519PublicKey.Length)
            return new Ed25519PrivateKey(handle, new Ed25519PublicKey(publicKey));
        handle.Dispose();
        throw new CryptographicException("OpenSSL did not accept the Ed25519 private key.");
    }

    /// <summary>Reads the key from a file of 32 bytes, or makes one there (<see cref="Create"/>).</summary>
    /// <exception cref="CryptographicException">Others may read the file, or it is not a key; the message names it and the remedy.</exception>
    public static Ed25519PrivateKey LoadOrCreate(string path) => Path.Exists(path) ? Load(path) : Create(path);

    /// <summary>Makes a key from the system's random source and keeps it in a new file, readable by its owner alone.</summary>
    /// <exception cref="IOException">Something is there, which stays as it is; or the file cannot be written. No key lies anywhere then.</exception>
    public static Ed25519PrivateKey Create(string path)
    {
        var directory = Path.GetDirectoryName(Path.GetFullPath(path));
        if (Path.Exists(path)) throw new IOException($"{path} is there already; a key is never overwritten.");
        if (!Directory.Exists(directory)) throw new DirectoryNotFoundException($"There is no directory {directory} for the key. Make it first.");
        var fresh = RandomNumberGenerator.GetBytes(SeedLength);
        // A name of its own: one made from the path's may be that of another file.
        var temporary = Path.Join(directory, $".{Path.GetRandomFileName()}.part");
        try
        {
            using (var file = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly }))
            {
                file.Write(fresh);
                Durable.Flush(file);
            }
            File.Move(temporary, path, overwrite: false);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
        return FromSeed(fresh);
    }

    /// <summary>Reads the key from a file of 32 bytes.</summary>
    /// <exception cref="CryptographicException">Others may read the file, or it is not a key; the message names it and the remedy.</exception>
    /// <exception cref="IOException">There is no such file, or it cannot be read.</exception>
    public static Ed25519PrivateKey Load(string path)
    {
        if (Directory.Exists(path)) throw new CryptographicException($"The key file {path} is a directory: move it away, and put the key in its place.");
        if ((File.GetUnixFileMode(path) & ~OwnerOnly) != 0)
            throw new CryptographicException($"The key file {path} may be read or written by others; its owner alone may: chmod 600 {path}");
        if (new FileInfo(path).Length is var length && length != SeedLength)
            throw new CryptographicException($"The key file {path} has {length} bytes instead of {SeedLength}: it is no key, or a damaged one; restore it from a backup.");
        return FromSeed(File.ReadAllBytes(path));
    }

    /// <returns>64 bytes.</returns>
    /// <exception cref="CryptographicException">OpenSSL did not sign.</exception>
    public byte[] Sign(ReadOnlySpan<byte> message)
    {
        var signature = new byte[Ed25519PublicKey.SignatureLength];
        nuint length = Ed25519PublicKey.SignatureLength;
        using var context = Libcrypto.NewContext();
        if (context.IsInvalid || Libcrypto.SignInit(context, 0, 0, 0, _handle) != 1
            || Libcrypto.Sign(context, signature, ref length, message, (nuint)message.Length) != 1 || length != Ed25519PublicKey.SignatureLength)
            throw new CryptographicException("OpenSSL did not make an Ed25519 signature.");
        return signature;
    }

    public void Dispose() => _handle.Dispose();
}
