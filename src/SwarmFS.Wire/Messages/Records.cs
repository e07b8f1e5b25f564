using SwarmFS.Core;

namespace SwarmFS.Wire;

// GET_RECORDS := [u63 first, u8 max (1..64)]

/// <summary>Asks for announcements from this number on. Answered at once when there are some, otherwise when there are: one such request is always open.</summary>
public readonly record struct GetRecords(long First, int Max) : IWireMessage<GetRecords>
{
    public static FrameKind Kind => FrameKind.GetRecords;

    public void WriteBody(in MessagePackWriter writer)
    {
        writer.WriteArrayHeader(2);
        writer.WriteUInt64((ulong)First);
        writer.WriteUInt64((uint)Max);
    }

    public static GetRecords ReadBody(ref MessagePackReader reader)
    {
        reader.ReadArrayHeaderExactly(2);
        var first = (long)reader.ReadUInt64(long.MaxValue);
        var max = reader.ReadInt32(WireLimits.RecordsPerMessage);
        return max > 0 ? new GetRecords(first, max) : throw reader.Refuse("at least one record must be asked for");
    }
}

// RECORDS := [u63 next, [bin(1..8192) record]]

/// <summary>Announcements, as bytes that only the catalogue understands.</summary>
/// <param name="Next">The number to ask for next.</param>
public sealed record Records(long Next, ReadOnlyMemory<byte>[] Items) : IWireMessage<Records>
{
    public static FrameKind Kind => FrameKind.Records;

    public void WriteBody(in MessagePackWriter writer)
    {
        writer.WriteArrayHeader(2);
        writer.WriteUInt64((ulong)Next);
        writer.WriteArrayHeader(Items.Length);
        foreach (var item in Items) writer.WriteBinary(item.Span);
    }

    public static Records ReadBody(ref MessagePackReader reader)
    {
        reader.ReadArrayHeaderExactly(2);
        var next = (long)reader.ReadUInt64(long.MaxValue);
        var items = new ReadOnlyMemory<byte>[reader.ReadArrayHeader(WireLimits.RecordsPerMessage)];
        for (var i = 0; i < items.Length; i++) items[i] = reader.ReadBinary(IAnnouncementLog.MaxRecordLength).ToArray();
        return new Records(next, items);
    }
}
