using System.Text;
using SwarmFS.Core;
using SwarmFS.Testing;

namespace SwarmFS.Fuzz.Targets;

internal sealed class CidTarget : IFuzzTarget
{
    public string Name => "cid";

    public IEnumerable<byte[]> Seeds()
    {
        var bytes = new byte[Cid.MaxBinaryLength];
        foreach (var codec in (CidCodec[])[CidCodec.Raw, CidCodec.MessagePack])
        {
            var cid = Cid.Of(codec, "seed"u8);
            yield return bytes[..cid.WriteTo(bytes)];
            yield return Encoding.ASCII.GetBytes(cid.ToString());
        }
    }

    public void Run(ReadOnlySpan<byte> input)
    {
        if (Cid.TryRead(input, out var cid, out _))
        {
            Span<byte> again = stackalloc byte[Cid.MaxBinaryLength];
            if (!again[..cid.WriteTo(again)].SequenceEqual(input)) throw new FuzzFindingException("two binary forms of one CID");
        }
        var text = Encoding.Latin1.GetString(input);
        if (Cid.TryParse(text, out cid, out _) && cid.ToString() != text) throw new FuzzFindingException("two text forms of one CID");
    }
}

internal sealed class MessagePackTarget : IFuzzTarget
{
    public string Name => "messagepack";

    public IEnumerable<byte[]> Seeds() => NodeSeeds.All;

    public void Run(ReadOnlySpan<byte> input)
    {
        try
        {
            var reader = new MessagePackReader(input);
            reader.Skip();
            reader.End();
        }
        catch (MessagePackFormatException)
        {
            // Refused: what a reader is for.
        }
    }
}

/// <summary>Each node kind alone: what decodes encodes to the same bytes.</summary>
internal sealed class NodeTarget : IFuzzTarget
{
    public string Name => "node";

    public IEnumerable<byte[]> Seeds() => NodeSeeds.All;

    public void Run(ReadOnlySpan<byte> input)
    {
        byte[] again;
        try
        {
            again = NodeReencoder.Reencode(input);
        }
        catch (MessagePackFormatException)
        {
            return;
        }
        if (!input.SequenceEqual(again)) throw new FuzzFindingException("the node is not canonical, yet accepted");
    }
}

/// <summary>A changed node within a whole tree, under the names by which its parents know it: what a lying store could do, and what a hostile importer can.</summary>
internal sealed class TreeTarget : IFuzzTarget
{
    public string Name => "tree";

    public IEnumerable<byte[]> Seeds() => NodeSeeds.All;

    public void Run(ReadOnlySpan<byte> input)
    {
        using var node = Block.Create(CidCodec.MessagePack, input);
        var store = new MemoryBlockStore();
        foreach (var seed in NodeSeeds.All)
        {
            using var block = Block.Create(CidCodec.MessagePack, seed);
            store.Put(block);
        }
        store.Put(node);
        LoadAll(node.Cid, store);
        foreach (var kind in (int[])[1, 2, 3]) LoadAll(BlockUnder(store, node.Cid, kind), store);
    }

    private static void LoadAll(Cid root, MemoryBlockStore store)
    {
        try
        {
            TreeLoader.TryLoad(root, store, [], out _);
        }
        catch (InvalidTreeException)
        {
            // Refused by name.
        }
        try
        {
            FileLayoutLoader.TryLoad(root, 1_500_000, store, [], out _);
        }
        catch (InvalidTreeException)
        {
            // Refused by name.
        }
        try
        {
            foreach (var _ in new DagWalk(store, root, TreeSelection.Everything).Blocks()) continue;
        }
        catch (InvalidTreeException)
        {
            // Refused by name.
        }
    }

    /// <summary>A tree whose root directory is this node, with different numbers of rows.</summary>
    private static Cid BlockUnder(MemoryBlockStore store, Cid directory, int rows)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        new TreeNode(SampleTree.DirectoryAttributes, directory, rows, 0).Write(new MessagePackWriter(buffer));
        using var block = Block.Create(CidCodec.MessagePack, buffer.WrittenSpan);
        store.Put(block);
        return block.Cid;
    }
}

internal static class NodeSeeds
{
    /// <summary>The nodes of a tree with everything in it, and of a sharded directory.</summary>
    public static readonly List<byte[]> All = Make();

    private static List<byte[]> Make()
    {
        var store = new MemoryBlockStore();
        SampleTree.Build(store, SampleTree.Everything);
        SampleTree.Build(store, Enumerable.Range(0, 1_500).Select(i => new SampleEntry($"s/{i}", 'l', SampleTree.FileAttributes, Target: "x")));
        var nodes = new List<byte[]>();
        foreach (var cid in store.Cids.Where(cid => cid.Codec == CidCodec.MessagePack).Order())
        {
            store.TryGet(cid, out var block);
            using (block) nodes.Add(block!.Bytes.ToArray());
        }
        return nodes;
    }
}
