using SwarmFS.Core;

namespace SwarmFS.Retrieval;

/// <summary>The part of one read that lies in one block.</summary>
/// <param name="BlockLength">Bytes of the whole block, as its file says.</param>
/// <param name="BlockOffset">Where in the block it begins.</param>
/// <param name="At">Where in the reader's buffer it goes.</param>
internal readonly record struct ReadPiece(Cid Cid, int BlockLength, long BlockOffset, int At, int Length)
{
    /// <summary>The pieces of a range that lies within the file.</summary>
    public static List<ReadPiece> Cut(FileLayout layout, long offset, int length)
    {
        List<ReadPiece> pieces = [];
        var at = 0;
        for (var chunk = layout.ChunkAt(offset); at < length; chunk++)
        {
            var skip = offset + at - layout.ChunkStart(chunk);
            var part = (int)Math.Min(length - at, layout.ChunkLength(chunk) - skip);
            pieces.Add(new ReadPiece(layout.ChunkCid(chunk), layout.ChunkLength(chunk), skip, at, part));
            at += part;
        }
        return pieces;
    }

    /// <exception cref="ContentUnavailableException">The block is there and shorter than its file says: the tree lies.</exception>
    public bool TryFill(BlocksAtHand blocks, Span<byte> destination)
    {
        if (BlockOffset + Length > Block.MaxLength) throw Malformed(default);
        var read = blocks.Read(Cid, (int)BlockOffset, destination.Slice(At, Length));
        if (read >= 0 && read < Length) throw Malformed(default);
        return read == Length;
    }

    /// <exception cref="ContentUnavailableException">The block is shorter than its file says: the tree lies.</exception>
    public void Fill(ReadOnlySpan<byte> block, Cid root, Span<byte> destination)
    {
        if (BlockOffset + Length > block.Length) throw Malformed(root);
        block.Slice((int)BlockOffset, Length).CopyTo(destination[At..]);
    }

    private ContentUnavailableException Malformed(Cid root) =>
        new($"Block {Cid} of root {root} does not have the {BlockLength} bytes that its tree gives it: the tree is malformed, and this file of it cannot be read.");
}
