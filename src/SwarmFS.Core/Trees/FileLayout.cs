namespace SwarmFS.Core;

/// <summary>
/// A large file as its chunks in order: the flattened content of its file node(s). Immutable. A file of one block has no layout: its content CID is the block.
/// </summary>
public sealed class FileLayout
{
    private readonly Sha256Digest[] _digests;
    private readonly long[] _ends;

    /// <param name="file">The CID of the top file node.</param>
    /// <param name="digests">One per chunk.</param>
    /// <param name="ends">For each chunk the offset of the first byte after it, strictly ascending.</param>
    public FileLayout(Cid file, Sha256Digest[] digests, long[] ends)
    {
        if (digests.Length != ends.Length || digests.Length == 0)
            throw new ArgumentException("A layout has as many ends as digests, and at least one.", nameof(ends));
        File = file;
        _digests = digests;
        _ends = ends;
    }

    public Cid File { get; }

    public long Size => _ends[^1];

    public int ChunkCount => _digests.Length;

    public Cid ChunkCid(int chunk) => new(CidCodec.Raw, _digests[chunk]);

    public long ChunkStart(int chunk) => chunk == 0 ? 0 : _ends[chunk - 1];

    public int ChunkLength(int chunk) => (int)(_ends[chunk] - ChunkStart(chunk));

    /// <summary>The chunk that holds the byte at this offset, which lies within the file.</summary>
    public int ChunkAt(long offset)
    {
        var found = Array.BinarySearch(_ends, offset + 1);
        return found >= 0 ? found : ~found;
    }
}
