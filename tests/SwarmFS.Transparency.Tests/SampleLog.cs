using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using SwarmFS.Signing;

namespace SwarmFS.Transparency.Tests;

/// <summary>A log in memory whose entries and key follow from its origin and seed, so that two logs with different seeds are two histories of one origin when they share the key.</summary>
internal sealed class SampleLog : IDisposable
{
    private readonly Ed25519PrivateKey _key;

    public SampleLog(int entries = 0, string origin = "example.com/log", string history = "entry")
    {
        _key = KeyOf(origin);
        Signer = new NoteSigner(origin, _key);
        History = history;
        Grow(entries);
    }

    public MerkleTree Tree { get; } = new();

    public NoteSigner Signer { get; }

    public string History { get; }

    public VerifierKey Key => Signer.VerifierKey;

    public static Ed25519PrivateKey KeyOf(string name) => Ed25519PrivateKey.FromSeed(SHA256.HashData(Encoding.UTF8.GetBytes(name)));

    public void Grow(int entries)
    {
        for (var i = 0; i < entries; i++) Tree.Append(Entry(Tree.Size));
    }

    public byte[] Entry(long index) => Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{History} {index}"));

    public SignedNote CheckpointAt(long size) => Signer.Sign(new Checkpoint(Key.Name, size, Tree.RootAt(size)).ToText());

    public AddCheckpointRequest Request(long oldSize, long newSize) => new(oldSize, Tree.ProveConsistency(oldSize, newSize), CheckpointAt(newSize));

    public void Dispose() => _key.Dispose();
}

/// <summary>A witness's key and name.</summary>
internal sealed class SampleWitness : IDisposable
{
    private readonly Ed25519PrivateKey _key;

    public SampleWitness(string name)
    {
        _key = SampleLog.KeyOf(name);
        Cosigner = new Cosigner(name, _key);
    }

    public Cosigner Cosigner { get; }

    public VerifierKey Key => Cosigner.VerifierKey;

    public NoteSignature Cosign(SignedNote note, long second) => Cosigner.Cosign(note.Text, DateTimeOffset.FromUnixTimeSeconds(second));

    public void Dispose() => _key.Dispose();
}
