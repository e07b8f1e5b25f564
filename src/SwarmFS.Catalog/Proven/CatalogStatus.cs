using SwarmFS.Transparency;

namespace SwarmFS.Catalog;

/// <summary>How much a log's word is worth now.</summary>
public enum LogHealth
{
    /// <summary>The quorum of witnesses saw it within the maximum age.</summary>
    Fresh,

    /// <summary>The policy asks for no witness: nothing tells how fresh it is.</summary>
    Unwitnessed,

    /// <summary>The quorum's last look is too old, or lies in the future: what it says stays readable.</summary>
    Stale,

    /// <summary>Nothing was heard of it yet.</summary>
    Unheard,

    /// <summary>It signed two histories: nothing is believed that it said after the first.</summary>
    Forked,

    /// <summary>What is held of it is not what the policy retired: nothing of it is believed.</summary>
    Refused,
}

/// <summary>One log as seen from here.</summary>
/// <param name="Key">Its verifier key.</param>
/// <param name="Counts">False for the own log when the policy does not name it.</param>
/// <param name="HeadTime">When its importer closed the last batch, by the importer's clock.</param>
/// <param name="WitnessedTime">Since when the quorum of witnesses holds.</param>
/// <param name="Reason">Why the last announcement was not taken up, if it was not, or why the log is refused.</param>
/// <param name="Fork">The evidence, where there is any; it also lies in the state directory.</param>
public sealed record LogStatus(
    VerifierKey Key, bool IsOwn, bool Counts, long Entries, DateTimeOffset? HeadTime, DateTimeOffset? WitnessedTime, TimeSpan? Age, LogHealth Health, string? Reason, ForkEvidence? Fork);

/// <summary>The catalogue's state for people and for monitoring.</summary>
/// <param name="IsStale">True when fewer logs than the policy wants are fresh.</param>
/// <param name="IsOwnAhead">Peers have a longer log of this node's key than this node: it signs nothing until its state is restored.</param>
/// <param name="OwnUnpublished">What of the own log nobody can prove yet; null when there is nothing such.</param>
/// <param name="OwnUnrenewed">Why the witnesses' quorum did not cosign the own log when it was asked last; null when it did.</param>
/// <param name="Names">Packages shown.</param>
public sealed record CatalogStatus(IReadOnlyList<LogStatus> Logs, bool IsStale, bool IsOwnAhead, UnpublishedLog? OwnUnpublished, string? OwnUnrenewed, int Names, IReadOnlyList<SuiteStatus> Suites, IReadOnlyList<CatalogConflict> Conflicts)
{
    /// <summary>Evidence of logs that signed two histories.</summary>
    public IReadOnlyList<ForkEvidence> Forks => [.. Logs.Select(log => log.Fork).OfType<ForkEvidence>()];
}

/// <summary>A suite that is shown.</summary>
/// <param name="Date">Of the upstream's Release.</param>
/// <param name="Packages">Entries of its index.</param>
/// <param name="Confirmations">Logs that have this record.</param>
public sealed record SuiteStatus(string Namespace, DateTimeOffset Date, string Importer, int Packages, int Confirmations);

/// <summary>Judges logs by their cosignatures at one instant.</summary>
internal static class Freshness
{
    /// <summary>How far a witness's clock may be ahead of ours.</summary>
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    public static LogStatus Of(LogView view, CatalogPolicy policy, bool counts, DateTimeOffset now, string? reason)
    {
        var witnessed = view.Note is { } note ? policy.Witnesses.Evaluate(note, view.Log).Time : null;
        var status = Of(view.Log, view.IsOwn, counts, view.Entries, view.State.HeadUpTo(view.Entries)?.Time, witnessed, view.Fork, policy, now, reason);
        return view.Refusal is { } refusal ? status with { Health = LogHealth.Refused, Reason = refusal } : status;
    }

    public static LogStatus Of(
        VerifierKey log, bool isOwn, bool counts, long entries, DateTimeOffset? head, DateTimeOffset? witnessed, ForkEvidence? fork, CatalogPolicy policy, DateTimeOffset now, string? reason)
    {
        TimeSpan? age = (witnessed ?? head) is { } since ? now - since : null;
        var isFresh = witnessed is not null && age <= policy.MaxAge && age >= -ClockSkew;
        var health = fork is not null ? LogHealth.Forked
            : entries == 0 ? LogHealth.Unheard
            : !policy.Witnesses.AsksForWitnesses ? LogHealth.Unwitnessed
            : isFresh ? LogHealth.Fresh : LogHealth.Stale;
        return new LogStatus(log, isOwn, counts, entries, head, witnessed, age, health, reason, fork);
    }

    public static bool IsStale(IReadOnlyList<LogStatus> logs, CatalogPolicy policy) =>
        policy.Witnesses.AsksForWitnesses && logs.Count(log => log.Counts && log.Health == LogHealth.Fresh) < policy.Confirmations;
}
