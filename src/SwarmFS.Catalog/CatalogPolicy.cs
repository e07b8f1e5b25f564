using System.Text;
using SwarmFS.Core;
using SwarmFS.Signing;
using SwarmFS.Transparency;

namespace SwarmFS.Catalog;

/// <summary>A log that is believed up to a size and no further: its key was lost, or its importer stopped.</summary>
public sealed record RetiredLog(VerifierKey Log, long Size, Sha256Digest Root)
{
    /// <summary>False for a checkpoint beyond the end, and for one of another end. Of fewer entries it cannot be told from the checkpoint alone.</summary>
    public bool Covers(Checkpoint checkpoint) => checkpoint.Size < Size || (checkpoint.Size == Size && checkpoint.Root == Root);
}

/// <summary>
/// Whom a node believes: the logs of importers and how many of them must agree, the witnesses that must have seen their checkpoints, the order in which namespaces are asked. A value; how a
/// signed file of it is read and replaced is not its affair.
/// </summary>
public sealed record CatalogPolicy
{
    /// <summary>Logs of a policy, retired ones included; each is followed and held in memory.</summary>
    public const int LogsMax = 16;

    /// <summary>Whose word counts, the first before the others where k = 1 lets one alone decide. Each public key counts once, whatever names it has.</summary>
    public required IReadOnlyList<VerifierKey> Logs
    {
        get;
        init => field = value.Count <= LogsMax && value.All(log => log.Type == SignatureType.Log) && value.DistinctBy(log => log.Key).Count() == value.Count
            ? value
            : throw new ArgumentException($"A policy names at most {LogsMax} logs, each by a log's key and each key once.", nameof(value));
    }

    /// <summary>k: logs in which the byte-identical record must stand.</summary>
    public required int Confirmations
    {
        get;
        init => field = value >= 1 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "At least one log must have a record.");
    }

    /// <summary>Which witnesses must have cosigned a checkpoint; its own list of logs is not used.</summary>
    public required TlogPolicy Witnesses { get; init; }

    /// <summary>A checkpoint whose quorum of cosignatures is older is stale.</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Suites in the order in which they are asked, by namespace or by its first parts ("debian/bookworm"). Empty: all, in the order in which the logs first had them.</summary>
    public IReadOnlyList<string> Namespaces { get; init; } = [];

    /// <summary>Whose own releases are shown.</summary>
    public IReadOnlyList<Ed25519PublicKey> Publishers { get; init; } = [];

    public IReadOnlyList<RetiredLog> Retired { get; init; } = [];

    /// <summary>Where a log ends by this policy; null for one that goes on.</summary>
    public RetiredLog? EndOf(VerifierKey log) => Retired.FirstOrDefault(retired => retired.Log == log);

    /// <summary>Of a node that believes itself alone: what the system's own sources prove.</summary>
    public static CatalogPolicy Own(VerifierKey own) => OwnAnd(own, []);

    /// <summary>Of a node that also takes the word of some importers, each alone.</summary>
    public static CatalogPolicy OwnAnd(VerifierKey own, IReadOnlyList<VerifierKey> trusted) => new()
    {
        Logs = [.. trusted.Prepend(own).DistinctBy(log => log.Key)],
        Confirmations = 1,
        Witnesses = NoWitnesses,
        Publishers = [.. trusted.Select(log => log.Key)],
    };

    /// <summary>The log's signature is enough, and nothing tells how fresh a checkpoint is.</summary>
    public static TlogPolicy NoWitnesses { get; } =
        TlogPolicy.TryRead(Encoding.ASCII.GetBytes("quorum none\n"), out var policy, out var error) ? policy : throw new InvalidOperationException(error);
}
