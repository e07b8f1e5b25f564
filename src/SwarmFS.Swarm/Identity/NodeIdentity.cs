using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using SwarmFS.Core;

namespace SwarmFS.Swarm;

/// <summary>
/// This node's key (ECDSA P-256) and the self-signed certificate that carries it through TLS. The key is the identity; the certificate is made anew at each start.
/// </summary>
public sealed class NodeIdentity : IDisposable
{
    private const string KeyFile = "node.key";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>A key file of PKCS #8 in PEM has 241 bytes; what is longer than this is something else.</summary>
    private const int LongestKeyFile = 4096;

    /// <summary>A certificate that nobody renews outlives the machine; a day of slack covers clocks that disagree.</summary>
    private static readonly TimeSpan Validity = TimeSpan.FromDays(20 * 365.25);

    private NodeIdentity(ECDsa key, TimeProvider time)
    {
        Id = new NodeId(Sha256Digest.Of(key.ExportSubjectPublicKeyInfo()));
        Certificate = SelfSign(key, Id, time.GetUtcNow());
    }

    public NodeId Id { get; }

    /// <summary>With the private key; used by the transport alone.</summary>
    internal X509Certificate2 Certificate { get; }

    /// <summary>A new key that is kept nowhere: for tests and for a node that is to be forgotten.</summary>
    public static NodeIdentity CreateEphemeral(TimeProvider? time = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new NodeIdentity(key, time ?? TimeProvider.System);
    }

    /// <summary>Reads <c>node.key</c> of this directory; makes both when they are missing.</summary>
    /// <exception cref="IdentityException">The file can be read by others, or is no P-256 key. The message says what to do.</exception>
    public static NodeIdentity LoadOrCreate(string directory, TimeProvider? time = null)
    {
        var path = Path.Combine(directory, KeyFile);
        Directory.CreateDirectory(directory);
        using var key = File.Exists(path) ? Read(path) : Create(path);
        return new NodeIdentity(key, time ?? TimeProvider.System);
    }

    private static ECDsa Read(string path)
    {
        var mode = File.GetUnixFileMode(path);
        if ((mode & ~OwnerOnly) != 0)
            throw new IdentityException($"The node's key {path} is open to others (mode {Convert.ToString((int)mode, 8)}). If nobody has copied it: chmod 600 {path}; otherwise delete it and get a new identity.");
        if (new FileInfo(path).Length > LongestKeyFile)
            throw new IdentityException($"{path} is too long for a node key. Move it away to get a new identity.");
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(File.ReadAllText(path));
            if (key.ExportParameters(false).Curve.Oid.Value == ECCurve.NamedCurves.nistP256.Oid.Value) return key;
        }
        catch (Exception malformed) when (malformed is ArgumentException or CryptographicException)
        {
            key.Dispose();
            throw new IdentityException($"{path} holds no private key in PEM form: it is damaged, or something else. Restore it, or move it away to get a new identity.");
        }
        key.Dispose();
        throw new IdentityException($"{path} holds a key of another kind; an ECDSA P-256 key is needed. Move it away to get a new identity.");
    }

    private static ECDsa Create(string path)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var unfinished = path + ".new";
        File.Delete(unfinished);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly };
        using (var file = new FileStream(unfinished, options))
        {
            file.Write(System.Text.Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem() + "\n"));
            Durable.Flush(file);
        }
        File.Move(unfinished, path);
        return key;
    }

    private static X509Certificate2 SelfSign(ECDsa key, NodeId id, DateTimeOffset now)
    {
        var request = new CertificateRequest($"CN=swarmfs {id.ToShortString()}", key, HashAlgorithmName.SHA256);
        using var made = request.CreateSelfSigned(now.AddDays(-1), now + Validity);
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
    }

    public void Dispose() => Certificate.Dispose();
}

/// <summary>The node's key cannot be used; the message says why and what to do.</summary>
public sealed class IdentityException(string message) : Exception(message);
