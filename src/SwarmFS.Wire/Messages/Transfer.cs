using SwarmFS.Core;

namespace SwarmFS.Wire;

// A request (WANT, TREE) is answered by any number of BLOCK and DONT_HAVE frames and exactly one END, which follows a CANCEL too.

// WANT := [cid root, u8 priority, u32 milliseconds, [cid] (1..512)]

/// <summary>Asks for blocks by CID. They come in any order.</summary>
/// <param name="Milliseconds">How long the asker still waits; the server may drop what comes too late.</param>
public sealed record Want(Cid Root, FetchPriority Priority, uint Milliseconds, ReadOnlyMemory<Cid> Blocks) : IWireMessage<Want>
{
    public static FrameKind Kind => FrameKind.Want;

    public void WriteBody(in MessagePackWriter writer)
    {
        writer.WriteArrayHeader(4);
        writer.WriteCid(Root);
        writer.WriteUInt64((byte)Priority);
        writer.WriteUInt64(Milliseconds);
        writer.WriteArrayHeader(Blocks.Length);
        foreach (var block in Blocks.Span) writer.WriteCid(block);
    }

    public static Want ReadBody(ref MessagePackReader reader)
    {
        reader.ReadArrayHeaderExactly(4);
        var root = reader.ReadCid();
        var priority = (FetchPriority)reader.ReadInt32((int)FetchPriority.Background);
        var milliseconds = reader.ReadUInt32();
        var blocks = new Cid[reader.ReadArrayHeader(WireLimits.BlocksPerWant)];
        if (blocks.Length == 0) throw reader.Refuse("no block is asked for");
        for (var i = 0; i < blocks.Length; i++) blocks[i] = reader.ReadCid();
        return new Want(root, priority, milliseconds, blocks);
    }
}

// TREE := [cid root, cid start, u8 selection, u63 budget, u8 priority, u32 milliseconds]

/// <summary>Asks for a part of a DAG, streamed in canonical order, parents before children.</summary>
/// <param name="Budget">The most bytes of block data to send.</param>
public sealed record TreeWant(Cid Root, Cid Start, TreeSelection Selection, long Budget, FetchPriority Priority, uint Milliseconds) : IWireMessage<TreeWant>
{
    public static FrameKind Kind => FrameKind.Tree;

    public void WriteBody(in MessagePackWriter writer)
    {
        writer.WriteArrayHeader(6);
        writer.WriteCid(Root);
        writer.WriteCid(Start);
        writer.WriteUInt64((byte)Selection);
        writer.WriteUInt64((ulong)Budget);
        writer.WriteUInt64((byte)Priority);
        writer.WriteUInt64(Milliseconds);
    }

    public static TreeWant ReadBody(ref MessagePackReader reader)
    {
        reader.ReadArrayHeaderExactly(6);
        return new TreeWant(
            reader.ReadCid(),
            reader.ReadCid(),
            (TreeSelection)reader.ReadInt32((int)TreeSelection.Everything),
            (long)reader.ReadUInt64((ulong)WireLimits.TreeBudget),
            (FetchPriority)reader.ReadInt32((int)FetchPriority.Background),
            reader.ReadUInt32());
    }
}

/// <summary>How a request ended at the server.</summary>
public enum EndStatus : byte
{
    /// <summary>Everything that was asked for and is here has been sent.</summary>
    Complete = 0,

    /// <summary>The asker cancelled it.</summary>
    Cancelled = 1,

    /// <summary>The budget of a TREE is spent.</summary>
    Budget = 2,

    /// <summary>A block that the TREE needs is not here; the rest was sent.</summary>
    Incomplete = 3,

    /// <summary>Too many requests are in progress.</summary>
    Busy = 4,
}

// END := [u8 status]

/// <summary>Nothing more comes for this request.</summary>
public readonly record struct End(EndStatus Status) : IWireMessage<End>
{
    public static FrameKind Kind => FrameKind.End;

    public void WriteBody(in MessagePackWriter writer)
    {
        writer.WriteArrayHeader(1);
        writer.WriteUInt64((byte)Status);
    }

    public static End ReadBody(ref MessagePackReader reader)
    {
        reader.ReadArrayHeaderExactly(1);
        return new End((EndStatus)reader.ReadInt32((int)EndStatus.Busy));
    }
}

// indices := [u16], ascending, each the place of a block in the WANT
// DONT_HAVE := indices (1..512)        CANCEL := indices (0..512; none: the whole request)

/// <summary>Blocks of a WANT that will not come.</summary>
public sealed record DontHave(ushort[] Indices) : IWireMessage<DontHave>
{
    public static FrameKind Kind => FrameKind.DontHave;

    public void WriteBody(in MessagePackWriter writer) => IndexList.Write(writer, Indices);

    public static DontHave ReadBody(ref MessagePackReader reader) =>
        IndexList.Read(ref reader) is { Length: > 0 } indices ? new DontHave(indices) : throw reader.Refuse("no block is named");
}

/// <summary>Blocks of a WANT, or a whole request, that are not wanted any more.</summary>
public sealed record Cancel(ushort[] Indices) : IWireMessage<Cancel>
{
    public static FrameKind Kind => FrameKind.Cancel;

    public void WriteBody(in MessagePackWriter writer) => IndexList.Write(writer, Indices);

    public static Cancel ReadBody(ref MessagePackReader reader) => new(IndexList.Read(ref reader));
}

internal static class IndexList
{
    public static void Write(in MessagePackWriter writer, ushort[] indices)
    {
        writer.WriteArrayHeader(indices.Length);
        foreach (var index in indices) writer.WriteUInt64(index);
    }

    public static ushort[] Read(ref MessagePackReader reader)
    {
        var indices = new ushort[reader.ReadArrayHeader(WireLimits.BlocksPerWant)];
        for (var i = 0; i < indices.Length; i++)
        {
            indices[i] = (ushort)reader.ReadInt32(WireLimits.BlocksPerWant - 1);
            if (i > 0 && indices[i] <= indices[i - 1]) throw reader.Refuse("the indices do not ascend");
        }
        return indices;
    }
}
