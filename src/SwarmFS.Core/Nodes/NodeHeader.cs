namespace SwarmFS.Core;

/// <summary>How every node begins: a map of a fixed number of keys, the first of which tells the kind.</summary>
internal static class NodeHeader
{
    /// <summary>The kind of a node, of which nothing else is checked.</summary>
    /// <exception cref="MessagePackFormatException">No node that this version knows.</exception>
    public static NodeKind Peek(ReadOnlySpan<byte> node)
    {
        var reader = new MessagePackReader(node);
        var map = reader.ReadMapHeader(15);
        if (!map.Next(ref reader, out var key) || key != NodeKey.Kind) throw reader.Refuse("a node begins with its kind");
        var kind = (NodeKind)reader.ReadInt32();
        return kind is >= NodeKind.Tree and <= NodeKind.File ? kind : throw reader.Refuse($"node kind {(int)kind} is not known to this version");
    }

    public static void Expect(ref MessagePackReader reader, NodeKind kind, int keys)
    {
        if (reader.ReadMapHeader(15).Count != keys) throw reader.Refuse($"a node of kind {(int)kind} has {keys} keys");
        ExpectKey(ref reader, NodeKey.Kind);
        if (reader.ReadInt32() is var found && found != (int)kind) throw reader.Refuse($"expected a node of kind {(int)kind}, found {found}");
    }

    public static void ExpectKey(ref MessagePackReader reader, int key)
    {
        if (reader.ReadInt32() is var found && found != key) throw reader.Refuse($"expected key {key}, found {found}");
    }
}
