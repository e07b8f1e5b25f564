using System.Buffers;
using SwarmFS.Core;

namespace SwarmFS.Testing;

/// <summary>Decodes a node of any kind and encodes it again: a canonical format gives back the same bytes.</summary>
public static class NodeReencoder
{
    /// <exception cref="MessagePackFormatException">The node is refused.</exception>
    public static byte[] Reencode(ReadOnlySpan<byte> node)
    {
        var output = new ArrayBufferWriter<byte>(node.Length + 16);
        var writer = new MessagePackWriter(output);
        switch (NodeHeader.Peek(node))
        {
            case NodeKind.Tree:
                TreeNode.Read(node).Write(writer);
                break;
            case NodeKind.DirectoryLeaf:
                ReencodeLeaf(node, writer);
                break;
            case NodeKind.DirectoryIndex:
                ReencodeIndex(node, writer);
                break;
            case NodeKind.File:
                ReencodeFile(node, writer);
                break;
        }
        return output.WrittenSpan.ToArray();
    }

    private static void ReencodeLeaf(ReadOnlySpan<byte> node, MessagePackWriter writer)
    {
        var reader = new DirectoryLeafReader(node);
        var (isFirst, baseMtime) = (true, 0L);
        if (reader.Count == 0) DirectoryLeafWriter.WriteHeader(writer, 0, 0);
        while (reader.Next())
        {
            if (isFirst) DirectoryLeafWriter.WriteHeader(writer, baseMtime = reader.Current.MtimeSeconds, reader.Count);
            isFirst = false;
            DirectoryLeafWriter.WriteEntry(writer, reader.Current, baseMtime);
        }
    }

    private static void ReencodeIndex(ReadOnlySpan<byte> node, MessagePackWriter writer)
    {
        var reader = new DirectoryIndexReader(node);
        DirectoryIndexWriter.WriteHeader(writer, reader.Level, reader.Count);
        while (reader.Next()) DirectoryIndexWriter.WriteShard(writer, reader.Current);
    }

    private static void ReencodeFile(ReadOnlySpan<byte> node, MessagePackWriter writer)
    {
        var file = new FileNode(node);
        var digests = new Sha256Digest[file.Count];
        for (var i = 0; i < digests.Length; i++) digests[i] = file.Digest(i);
        FileNode.Write(writer, file.Level, digests, file.Sizes);
    }
}
