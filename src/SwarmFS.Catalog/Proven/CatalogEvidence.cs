using SwarmFS.Core;
using SwarmFS.Transparency;

namespace SwarmFS.Catalog;

/// <summary>A witness that saw a log's checkpoint.</summary>
public sealed record WitnessSight(string Name, DateTimeOffset Time);

/// <summary>One log that vouches for a record.</summary>
/// <param name="Size">Entries under its checkpoint.</param>
/// <param name="HeadTime">Of its last batch.</param>
public sealed record LogVoucher(VerifierKey Log, long Size, Sha256Digest Root, DateTimeOffset? HeadTime, IReadOnlyList<WitnessSight> Witnesses);

/// <summary>The chain from the policy to a version's content, for people who ask why it is believed.</summary>
/// <param name="Needed">How many logs have to vouch: one for a release in the own log, otherwise as many as the policy wants.</param>
/// <param name="Suite">What lists the version, and the logs that have it; null for a publisher's release.</param>
/// <param name="Published">The publisher's release; null for a suite's version.</param>
/// <param name="Tree">What the archive unpacks to; null while nobody has unpacked it, and for a release that has a root of its own.</param>
/// <param name="TreeVouchers">Empty when this node alone made the tree.</param>
public sealed record CatalogEvidence(
    Release Release, int Needed, SuiteRecord? Suite, ReleaseRecord? Published, IReadOnlyList<LogVoucher> Vouchers, TreeRecord? Tree, IReadOnlyList<LogVoucher> TreeVouchers);

/// <summary>Collects evidence.</summary>
internal sealed class EvidenceCollector(CatalogPolicy policy, Confirmation confirmation, LogView? own, Func<ArtifactDigest, TreeRecord?> tree)
{
    public CatalogEvidence Collect(Release release, IReadOnlyList<ConfirmedSuite> suites)
    {
        var suite = suites.FirstOrDefault(shown => shown.Suite.Namespace == release.Namespace)?.Suite;
        var published = Everybody().SelectMany(view => view.State.Releases(view.Entries)).Select(logged => logged.Record)
            .FirstOrDefault(record => record.Namespace == release.Namespace && record.Name == release.Name && record.Version == release.Version && record.Root == release.Root);
        var unpacked = release.Artifact is { } artifact ? tree(artifact) : null;
        var isOwn = published is not null && own is not null && own.State.Contains(published.Encode());
        return new CatalogEvidence(
            release, isOwn ? 1 : policy.Confirmations, suite, published, Vouchers((CatalogRecord?)suite ?? published), unpacked, Vouchers(unpacked));
    }

    private IEnumerable<LogView> Everybody() => own is null || confirmation.Logs.Contains(own) ? confirmation.Logs : confirmation.Logs.Prepend(own);

    private IReadOnlyList<LogVoucher> Vouchers(CatalogRecord? record)
    {
        if (record is null) return [];
        var entry = record.Encode();
        return [.. Everybody().Where(view => view.State.Contains(entry)).Select(Voucher).OfType<LogVoucher>()];
    }

    private LogVoucher? Voucher(LogView view)
    {
        if (view.Checkpoint is not { } checkpoint) return null;
        var witnesses = new List<WitnessSight>();
        foreach (var witness in policy.Witnesses.Witnesses)
        {
            if (view.Note?.TryGetCosignatureTime(witness.Key, out var time) == true) witnesses.Add(new WitnessSight(witness.Key.Name, time));
        }
        return new LogVoucher(view.Log, checkpoint.Size, checkpoint.Root, view.State.HeadUpTo(view.Entries)?.Time, witnesses);
    }
}
