namespace SwarmFS.Core;

/// <summary>What became of an offered announcement.</summary>
public enum AnnouncementVerdict
{
    /// <summary>New and valid: kept, and to be passed on.</summary>
    Accepted,

    /// <summary>Already here.</summary>
    Known,

    /// <summary>Malformed or wrongly signed: the peer that sent it lies or is broken.</summary>
    Invalid,

    /// <summary>Valid, but not kept: a bound is reached, or a local record of the same name and version has precedence.</summary>
    Declined,
}

/// <summary>
/// The signed announcements that a node holds and relays ("this name and version has this root, says this importer"). Kept by Catalog, carried by Swarm, which knows
/// them only as bytes. Safe from any thread.
/// </summary>
public interface IAnnouncementLog
{
    /// <summary>The longest record in bytes.</summary>
    const int MaxRecordLength = 8 << 10;

    /// <summary>How many records there are; records are numbered from 0 in the order of their arrival here.</summary>
    long Count { get; }

    /// <summary>Appends up to <paramref name="max"/> records from number <paramref name="first"/> on and returns the next number to ask for.</summary>
    long Read(long first, int max, List<ReadOnlyMemory<byte>> into);

    AnnouncementVerdict Offer(ReadOnlyMemory<byte> record);

    /// <summary>Raised after <see cref="Count"/> has grown, on the thread that made it grow.</summary>
    event Action? Grown;
}
