using SwarmFS.Core;

namespace SwarmFS.Wire;

/// <summary>Bounds of what peers may say to each other. A decoder enforces each before it allocates.</summary>
public static class WireLimits
{
    /// <summary>Before HELLO-OK no frame may be longer: a stranger costs at most this much memory.</summary>
    public const int GreetingBodyLength = 1 << 10;

    /// <summary>CIDs of one WANT: 20 KiB of them. A window of more blocks takes several.</summary>
    public const int BlocksPerWant = 512;

    /// <summary>Blocks that one HOLDINGS lists: 64 KiB of them.</summary>
    public const int BlocksPerHoldings = 16_384;

    /// <summary>Addresses of one ADDR, as in Bitcoin's protocol.</summary>
    public const int AddressesPerMessage = 1000;

    /// <summary>Records of one RECORDS; with the longest record (8 KiB) half a MiB.</summary>
    public const int RecordsPerMessage = 64;

    /// <summary>Requests that one peer may have in progress at another.</summary>
    public const int RequestsInProgress = 64;

    /// <summary>How many of them may be TREE: each holds a walk over a DAG at the server.</summary>
    public const int TreesInProgress = 8;

    /// <summary>Listen addresses that a HELLO may name.</summary>
    public const int ListenAddresses = 8;

    /// <summary>Protocol versions and compressions that a HELLO may list.</summary>
    public const int OffersPerHello = 8;

    /// <summary>UTF-8 bytes of a name in HELLO (software, compression) or of the reason in GOODBYE.</summary>
    public const int TextLength = 300;

    /// <summary>The most that one TREE may ask for, in bytes: a whole large package at once, but a bound.</summary>
    public const long TreeBudget = 64L << 30;

    /// <summary>Bytes that one COMPRESSED may hold when unpacked: the longest block, its frame and short ones around it.</summary>
    public const int CompressedContent = Block.MaxLength + (64 << 10);

    /// <summary>The longest body in bytes that a kind may have, or -1 for a kind that does not exist.</summary>
    public static int LongestBody(FrameKind kind) => kind switch
    {
        FrameKind.Hello => GreetingBodyLength,
        FrameKind.HelloOk => 64,
        FrameKind.Ping or FrameKind.Pong => 16,
        FrameKind.Goodbye => 2 * TextLength,
        FrameKind.GetAddresses => 16,
        FrameKind.Addresses => AddressesPerMessage * 32,
        FrameKind.GetRecords => 64,
        FrameKind.Records => RecordsPerMessage * (IAnnouncementLog.MaxRecordLength + 8) + 64,
        FrameKind.GetHoldings => 64,
        FrameKind.Holdings => BlocksPerHoldings * 4 + 64,
        FrameKind.Want => BlocksPerWant * (Cid.MaxBinaryLength + 2) + 128,
        FrameKind.Block => BlockPrefix.Length + Block.MaxLength,
        FrameKind.DontHave or FrameKind.Cancel => BlocksPerWant * 3 + 16,
        FrameKind.Tree => 160,
        FrameKind.End => 32,
        FrameKind.Compressed => CompressedPrefix.Length + CompressedContent,
        _ => -1,
    };
}
