namespace SwarmFS.Catalog;

/// <summary>Somebody says something else than what is believed.</summary>
/// <param name="Subject">Of what: a namespace with a date, an archive, a publisher's release.</param>
/// <param name="Believed">What stands, and who says so.</param>
/// <param name="Other">What is said against it, and by whom.</param>
public sealed record CatalogConflict(string Subject, string Believed, string Other);

/// <summary>The rules for one publisher's releases: a version never changes, a sequence is used once, what was taken back is not shown.</summary>
internal static class PublisherReleases
{
    /// <param name="releases">Confirmed, by their sequence.</param>
    /// <param name="conflicts">Gets the publisher's own contradictions.</param>
    public static List<ReleaseRecord> Standing(IReadOnlyList<ReleaseRecord> releases, IReadOnlyList<RevokeRecord> revocations, ICollection<CatalogConflict> conflicts)
    {
        var revoked = revocations.Select(revocation => (revocation.Name, revocation.Version)).ToHashSet();
        var standing = new Dictionary<(string, string), ReleaseRecord>();
        var sequences = new Dictionary<long, ReleaseRecord>();
        foreach (var release in releases)
        {
            if (!sequences.TryAdd(release.Sequence, release))
            {
                conflicts.Add(Conflict($"{release.Namespace}, sequence {release.Sequence}: the publisher signed two releases with one number", sequences[release.Sequence], release));
                continue;
            }
            if (standing.TryAdd((release.Name, release.Version), release) || standing[(release.Name, release.Version)].Root == release.Root) continue;
            conflicts.Add(Conflict($"{release.Namespace}: {release.Name} {release.Version} was published twice with different content", standing[(release.Name, release.Version)], release));
        }
        return [.. standing.Where(pair => !revoked.Contains(pair.Key)).Select(pair => pair.Value)];
    }

    private static CatalogConflict Conflict(string subject, ReleaseRecord believed, ReleaseRecord other) => new(subject, Show(believed), Show(other));

    private static string Show(ReleaseRecord release) => $"{release.Name} {release.Version} sequence {release.Sequence}: {release.Root}";

    public static PackageTable ToTable(string ofNamespace, IReadOnlyList<ReleaseRecord> releases, string importer)
    {
        var table = new PackageTable.Builder(ofNamespace, importer, DateTimeOffset.UnixEpoch);
        foreach (var release in releases)
            table.Add(System.Text.Encoding.ASCII.GetBytes(release.Name), System.Text.Encoding.ASCII.GetBytes(release.Version), release.Artifact, [], release.Root, release.Time);
        return table.Finish();
    }
}
