namespace SwarmFS.Fuse.TestHost;

/// <summary>A file, directory or link of the test tree; what it does when it is read is part of it.</summary>
internal sealed class MemoryNode
{
    public required ulong Number { get; init; }
    public required uint Mode { get; init; }
    public uint Uid { get; init; }
    public uint Gid { get; init; }
    public uint Links { get; set; } = 1;
    public long MtimeSeconds { get; init; } = 1_600_000_000;
    public uint MtimeNanoseconds { get; init; }

    /// <summary>A file's bytes, or a link's target.</summary>
    public byte[] Content { get; set; } = [];

    /// <summary>Length of a file whose bytes are computed from their offset; 0: <see cref="Content"/> counts.</summary>
    public long PatternLength { get; init; }

    public string? BackingPath { get; init; }
    public Behaviour Behaviour { get; init; }
    public Dictionary<string, byte[]> Xattrs { get; } = [];

    /// <summary>Names in the order of readdir; an entry's offset is its place + 1.</summary>
    public List<(byte[] Name, MemoryNode Node)> Children { get; } = [];

    public Dictionary<string, MemoryNode> ByName { get; } = [];
    public ulong Parent { get; set; } = 1;
    public bool IsDirectory => (Mode & 0xF000) == 0x4000;
    public bool IsLink => (Mode & 0xF000) == 0xA000;
    public long Size => PatternLength > 0 ? PatternLength : Content.Length;

    public int Read(long offset, Span<byte> destination)
    {
        var count = (int)Math.Clamp(Size - offset, 0, destination.Length);
        if (PatternLength == 0)
        {
            Content.AsSpan((int)Math.Min(offset, Content.Length), count).CopyTo(destination);
            return count;
        }

        for (var i = 0; i < count; i++) destination[i] = PatternByte(offset + i);
        return count;
    }

    /// <summary>Low byte of the offset times 31 plus its block number: no two pages are alike.</summary>
    public static byte PatternByte(long offset) => (byte)((offset * 31) + (offset >> 12));
}

internal enum Behaviour
{
    Plain,

    /// <summary>Reads of a file, and lookups in a directory, wait until the gate opens.</summary>
    Gated,

    /// <summary>The handler throws.</summary>
    Throwing,

    /// <summary>Parks, and answers in the same call nevertheless.</summary>
    ParkingAndAnswering,

    /// <summary>Says "parked" without having parked.</summary>
    FalselyParked,
}
