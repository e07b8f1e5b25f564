using System.Diagnostics.CodeAnalysis;
using Microsoft.Win32.SafeHandles;
using SwarmFS.Core;

namespace SwarmFS.Retrieval;

/// <summary>
/// The store, and behind it the blocks that it had no room for: what can be read without asking anybody. A store that fails to write is treated as full.
/// </summary>
internal sealed class BlocksAtHand(IBlockStore store, OverflowCache overflow, Action<Exception> writeFailed) : IBlockStore
{
    // The empty block is a block like any other to whoever serves a tree, and it can be had without asking.
    public static readonly Cid EmptyCid = Cid.Of(CidCodec.Raw, []);

    public bool Contains(in Cid cid) => store.Contains(cid) || overflow.Contains(cid);

    /// <summary>Present in the store itself, so that it stays and can be served.</summary>
    public bool IsKept(in Cid cid)
    {
        if (store.Contains(cid)) return true;
        if (cid != EmptyCid) return false;
        using var block = Block.Create(CidCodec.Raw, []);
        return Put(block) != PutResult.NoSpace;
    }

    public bool TryGetLength(in Cid cid, out int length)
    {
        if (store.TryGetLength(cid, out length)) return true;
        if (!overflow.TryGet(cid, out var block)) return false;
        length = block.Length;
        block.Dispose();
        return true;
    }

    public int Read(in Cid cid, int offset, Span<byte> destination)
    {
        var read = store.Read(cid, offset, destination);
        return read >= 0 || overflow.IsEmpty ? read : ReadOverflow(cid, offset, destination);
    }

    private int ReadOverflow(in Cid cid, int offset, Span<byte> destination)
    {
        if (!overflow.TryGet(cid, out var block)) return -1;
        using (block)
        {
            var length = Math.Clamp(block.Length - offset, 0, destination.Length);
            if (length > 0) block.Span.Slice(offset, length).CopyTo(destination);
            return length;
        }
    }

    public bool TryGet(in Cid cid, [NotNullWhen(true)] out Block? block) => store.TryGet(cid, out block) || overflow.TryGet(cid, out block);

    public PutResult Put(Block block)
    {
        var result = PutResult.NoSpace;
        try
        {
            result = store.Put(block);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            writeFailed(error);
        }
        if (result == PutResult.NoSpace) overflow.Add(block);
        return result;
    }

    public void DeclareFile(FileLayout layout) => store.DeclareFile(layout);

    public void Doubt(in Cid cid) => store.Doubt(cid);

    public bool TryOpenFlat(in Cid file, [NotNullWhen(true)] out SafeFileHandle? handle) => store.TryOpenFlat(file, out handle);

    public ILargeFileWriter BeginLargeFile(long size) => store.BeginLargeFile(size);

    public IDisposable HoldNew() => store.HoldNew();

    public IDisposable Use(in Cid root) => store.Use(root);

    public void Pin(in Cid root, string reason) => store.Pin(root, reason);

    public bool Unpin(in Cid root) => store.Unpin(root);

    public IReadOnlyList<PinnedRoot> Pins => store.Pins;

    public long Losses => store.Losses;

    public void Flush() => store.Flush();
}
