using SwarmFS.Core;

namespace SwarmFS.Catalog;

/// <summary>
/// Records of different logs that cannot both be true: of one namespace and date, or of one archive, there is one truth, and import is deterministic. So a lie shows, also where too few say it
/// for it to count.
/// </summary>
internal static class Contradictions
{
    /// <summary>Enough to show a person what is going on.</summary>
    private const int Most = 100;

    public static IReadOnlyList<CatalogConflict> In(Confirmation confirmation)
    {
        var found = new List<CatalogConflict>();
        foreach (var name in confirmation.Namespaces()) AddSuites(confirmation, name, found);
        AddTrees(confirmation, found);
        return found;
    }

    private static void AddSuites(Confirmation confirmation, string ofNamespace, List<CatalogConflict> into)
    {
        var said = confirmation.Logs.SelectMany(log => log.State.Suites(ofNamespace, log.Entries).Select(suite => (Log: log, suite.Record)));
        foreach (var date in said.GroupBy(saying => saying.Record.Date))
        {
            var versions = date.GroupBy(saying => saying.Record).OrderByDescending(version => version.Count()).ToList();
            foreach (var other in versions.Skip(1))
            {
                if (into.Count >= Most) return;
                into.Add(new CatalogConflict(
                    $"{ofNamespace} of {RecordLines.Show(date.Key)}", $"{versions[0].Key.Index} ({Names(versions[0].Select(saying => saying.Log))})", $"{other.Key.Index} ({Names(other.Select(saying => saying.Log))})"));
            }
        }
    }

    private static void AddTrees(Confirmation confirmation, List<CatalogConflict> into)
    {
        var first = new Dictionary<Sha256Digest, TreeRecord>();
        var contradicting = new HashSet<TreeRecord>();
        foreach (var tree in confirmation.Logs.SelectMany(log => log.State.Trees))
            if (!first.TryAdd(tree.Artifact.Sha256, tree) && first[tree.Artifact.Sha256] != tree) contradicting.Add(tree);
        foreach (var archive in contradicting.GroupBy(tree => tree.Artifact.Sha256))
        {
            var versions = archive.Append(first[archive.Key]).Select(tree => (Tree: tree, Logs: confirmation.LogsWith(tree))).OrderByDescending(version => version.Logs.Count).ToList();
            foreach (var other in versions.Skip(1))
            {
                if (into.Count >= Most) return;
                into.Add(new CatalogConflict(
                    $"the tree of {other.Tree.Artifact}", $"{versions[0].Tree.Root} ({Names(versions[0].Logs)})", $"{other.Tree.Root} ({Names(other.Logs)})"));
            }
        }
    }

    private static string Names(IEnumerable<LogView> logs) => string.Join(", ", logs.Select(log => log.Log.Name).Distinct());
}
