using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using SwarmFS.Core;

namespace SwarmFS.Swarm;

/// <summary>One handshake's judgement of the other side's certificate, and who it is. The platform's own verdict (an untrusted root, always) says nothing and is ignored.</summary>
internal sealed class CertificateCheck(NodeId self, TimeProvider time)
{
    private const string EllipticCurveKey = "1.2.840.10045.2.1";

    /// <summary>DER bytes of the public key info of an uncompressed P-256 point; other curves have other lengths.</summary>
    private const int P256PublicKeyLength = 91;

    public NodeId Accepted { get; private set; }

    /// <summary>The certificate is this node's own.</summary>
    public bool IsSelf { get; private set; }

    /// <summary>Why the certificate was refused; null when it was not judged or is fine.</summary>
    public string? Refusal { get; private set; }

    public bool Validate(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        try
        {
            Refusal = Judge(certificate, chain);
        }
        catch (Exception unreadable) when (unreadable is CryptographicException or ArgumentException or FormatException)
        {
            // What a certificate says is decoded when it is asked for: a date of no calendar passes TLS itself.
            Refusal = $"the certificate cannot be read: {unreadable.Message}";
        }
        return Refusal is null;
    }

    /// <summary>What was sent beside the certificate. A client of OpenSSL finds the server's certificate itself there as well, once.</summary>
    private static bool ShowsOne(X509Certificate2 shown, X509Certificate2Collection sent) =>
        sent.Count == 0 || sent.Count == 1 && sent[0].RawDataMemory.Span.SequenceEqual(shown.RawDataMemory.Span);

    private string? Judge(X509Certificate? certificate, X509Chain? chain)
    {
        if (certificate is not X509Certificate2 shown) return "the other side shows no certificate";
        if (chain is not null && !ShowsOne(shown, chain.ChainPolicy.ExtraStore)) return "the other side shows more than one certificate";
        if (shown.PublicKey.Oid.Value != EllipticCurveKey) return "the certificate's key is not an elliptic-curve key";
        var publicKey = shown.PublicKey.ExportSubjectPublicKeyInfo();
        if (publicKey.Length != P256PublicKeyLength) return "the certificate's key is not on the curve P-256";
        var now = time.GetUtcNow();
        if (now.UtcDateTime < shown.NotBefore.ToUniversalTime() || now.UtcDateTime > shown.NotAfter.ToUniversalTime()) return $"the certificate is valid from {shown.NotBefore:u} to {shown.NotAfter:u}, which is not now";
        var id = new NodeId(Sha256Digest.Of(publicKey));
        if (IsSelf = id == self) return "the other side is this node itself";
        Accepted = id;
        return null;
    }
}
