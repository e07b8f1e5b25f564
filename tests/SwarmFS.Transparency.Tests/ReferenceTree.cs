using System.Security.Cryptography;
using SwarmFS.Core;

namespace SwarmFS.Transparency.Tests;

/// <summary>The definitions of RFC 6962, section 2.1, read aloud: slow, recursive, and without a line in common with the code that they check.</summary>
internal sealed class ReferenceTree(byte[][] entries)
{
    public Sha256Digest Root(int size) => Hash(0, size);

    private Sha256Digest Hash(int start, int end) => (end - start) switch
    {
        0 => new Sha256Digest(SHA256.HashData([])),
        1 => new Sha256Digest(SHA256.HashData([0, .. entries[start]])),
        _ => new Sha256Digest(SHA256.HashData([1, .. Bytes(Hash(start, start + Split(end - start))), .. Bytes(Hash(start + Split(end - start), end))])),
    };

    public List<Sha256Digest> Path(int index, int size) => Path(index, 0, size);

    private List<Sha256Digest> Path(int index, int start, int end)
    {
        if (end - start == 1) return [];
        var split = Split(end - start);
        return index < split
            ? [.. Path(index, start, start + split), Hash(start + split, end)]
            : [.. Path(index - split, start + split, end), Hash(start, start + split)];
    }

    public List<Sha256Digest> Proof(int oldSize, int newSize) => Proof(oldSize, 0, newSize, isWhole: true);

    private List<Sha256Digest> Proof(int oldSize, int start, int end, bool isWhole)
    {
        if (oldSize == end - start) return isWhole ? [] : [Hash(start, end)];
        var split = Split(end - start);
        return oldSize <= split
            ? [.. Proof(oldSize, start, start + split, isWhole), Hash(start + split, end)]
            : [.. Proof(oldSize - split, start + split, end, isWhole: false), Hash(start, start + split)];
    }

    private static int Split(int length)
    {
        var split = 1;
        while (split * 2 < length) split *= 2;
        return split;
    }

    private static byte[] Bytes(Sha256Digest digest)
    {
        var bytes = new byte[32];
        digest.CopyTo(bytes);
        return bytes;
    }
}
