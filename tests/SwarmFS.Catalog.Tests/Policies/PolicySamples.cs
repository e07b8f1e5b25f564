using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using SwarmFS.Core;
using SwarmFS.Signing;
using SwarmFS.Transparency;

namespace SwarmFS.Catalog.Tests;

/// <summary>Policies whose root keys are told apart by numbers, and everything else in them follows from constants.</summary>
internal static class PolicySamples
{
    public static Ed25519PrivateKey KeyOf(string name) => Ed25519PrivateKey.FromSeed(SHA256.HashData(Encoding.UTF8.GetBytes(name)));

    public static NoteSigner Signer(int number) => new(string.Create(CultureInfo.InvariantCulture, $"root-{number}"), KeyOf($"root {number}"));

    public static VerifierKey Log(string origin) => VerifierKey.OfLog(origin, KeyOf(origin).PublicKey);

    public static VerifierKey Witness(string name) => VerifierKey.OfWitness(name, KeyOf(name).PublicKey);

    public static string LogLines(params string[] origins) => string.Concat(origins.Select(origin => $"log {Log(origin)}\n")) + "quorum none\n";

    /// <summary>A text with these root keys.</summary>
    public static string Text(long version, IEnumerable<int> keys, int threshold, string expires = "never", string? logs = null)
    {
        var roots = string.Concat(keys.Select(key => $"root-key {Signer(key).VerifierKey}\n"));
        return string.Create(CultureInfo.InvariantCulture,
            $"swarmfs.policy/v1\nversion {version}\nexpires {expires}\n{roots}root-threshold {threshold}\nimporters 1\nmax-age 24h\n{logs ?? LogLines("a.example/log")}");
    }

    public static byte[] Sign(string text, params int[] signers)
    {
        var note = Signer(signers[0]).Sign(text);
        return signers.Skip(1).Aggregate(note, (note, signer) => note.With(Signer(signer).Sign(text).Signatures[0])).ToBytes();
    }

    /// <summary>With every kind of line.</summary>
    public static string FullText()
    {
        var publisher = KeyOf("publisher").PublicKey;
        return $"""
            swarmfs.policy/v1
            version 7
            expires 2027-01-31T12:00:00Z
            root-key {Signer(1).VerifierKey}
            root-key {Signer(2).VerifierKey}
            root-key {Signer(3).VerifierKey}
            root-threshold 2
            importers 2
            max-age 36h
            namespace debian/bookworm
            namespace debian
            publisher {CatalogNamespace.OfPublisher(publisher)} {publisher}
            retired c.example/log 41 {Convert.ToBase64String(SHA256.HashData("root"u8))}
            log {Log("a.example/log")} https://a.example/log
            log {Log("b.example/log")}
            log {Log("c.example/log")}
            witness w1 {Witness("w1.example")} https://w1.example/witness
            witness w2 {Witness("w2.example")}
            witness w3 {Witness("w3.example")}
            group most 2 w1 w2 w3
            quorum most

            """.ReplaceLineEndings("\n");
    }

    public static PolicyFile Read(string text) => PolicyFile.TryRead(text, out var policy, out var error) ? policy : throw new InvalidOperationException(error);
}
