using System.Buffers;
using SwarmFS.Core;

namespace SwarmFS.Testing;

/// <summary>A tree of one file that is as large as its directory node says, and that nobody has.</summary>
public static class SparseTree
{
    /// <returns>The root.</returns>
    public static Cid Put(IBlockStore store, long size)
    {
        var leaf = Put(store, writer =>
        {
            DirectoryLeafWriter.WriteHeader(writer, 0, 1);
            DirectoryLeafWriter.WriteEntry(writer, new DirectoryEntry
            {
                Name = "large"u8.ToArray(),
                Kind = EntryKind.File,
                Permissions = DirectoryEntry.DefaultPermissions(EntryKind.File),
                Xattrs = [],
                Content = Cid.Of(CidCodec.MessagePack, [1]),
                Size = size,
                Target = [],
            }, 0);
        });
        return Put(store, new TreeNode(SampleTree.DirectoryAttributes, leaf, 2, size).Write);
    }

    private delegate void WriteNode(MessagePackWriter writer);

    private static Cid Put(IBlockStore store, WriteNode write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        write(new MessagePackWriter(buffer));
        using var block = Block.Create(CidCodec.MessagePack, buffer.WrittenSpan);
        store.Put(block);
        return block.Cid;
    }
}
