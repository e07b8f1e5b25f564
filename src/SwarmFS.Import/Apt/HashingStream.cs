using System.Security.Cryptography;
using SwarmFS.Core;

namespace SwarmFS.Import;

/// <summary>Passes bytes through while it hashes and counts them, to a copy if one is wanted. Owns <paramref name="source"/>, not the copy.</summary>
internal sealed class HashingStream(Stream source, Stream? copy) : ForwardOnlyStream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    public long BytesRead { get; private set; }

    public override int Read(Span<byte> buffer)
    {
        var read = source.Read(buffer);
        _hash.AppendData(buffer[..read]);
        copy?.Write(buffer[..read]);
        BytesRead += read;
        return read;
    }

    /// <summary>Reads what is left and compares.</summary>
    public bool EndsAs(long size, Sha256Digest digest)
    {
        Span<byte> scratch = stackalloc byte[4096];
        while (BytesRead <= size && Read(scratch) > 0)
        {
        }
        return BytesRead == size && new Sha256Digest(_hash.GetCurrentHash()) == digest;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _hash.Dispose();
            source.Dispose();
        }
        base.Dispose(disposing);
    }
}
