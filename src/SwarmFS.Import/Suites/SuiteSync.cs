using Microsoft.Extensions.Logging;

namespace SwarmFS.Import;

/// <summary>Turns the state of all sources into what they prove, namespace by namespace.</summary>
internal sealed class SuiteSync(AptUpdate update, SuiteIndexKeeper keeper, ILogger logger)
{
    /// <exception cref="ImportRefusedException">There are no sources, or none of this suite.</exception>
    public async Task<SyncResult> RunAsync(string? suite, IProgress<ImportProgress>? progress, CancellationToken cancellationToken)
    {
        bool IsWanted(AptSource source) => suite is null || source.Suite == suite;
        using var state = await update.RunAsync(IsWanted, TimeSpan.Zero, progress, cancellationToken);
        if (!state.Sources.Any(source => IsWanted(source.Source)))
            throw new ImportRefusedException($"No package source is of the suite '{EscapedText.Of(suite ?? "")}'; there are {string.Join(", ", state.Sources.Select(s => s.Source.Suite).Distinct())}.");
        // Those that were not asked count where it is told what is the newest of a namespace, and who had it first.
        var failures = new List<SyncFailure>();
        var all = new List<(UpdatedSource Source, IReadOnlyList<SyncedSuite> Suites)>();
        var owners = new Dictionary<string, IReadOnlyList<string>>();
        foreach (var source in state.Sources)
        {
            if (source.Failure is { } failure) failures.Add(Fail(source, failure is ImportRefusedException, failure.Message));
            all.Add((source, Prove(source, owners, failures)));
        }
        var newest = all.SelectMany(pair => pair.Suites).GroupBy(s => s.Namespace).Select(group => group.MaxBy(s => s.Date)!.Index);
        // What holds no longer proves nothing new, but nothing newer has come in its place.
        var expired = state.Sources.Where(source => source.Repository?.HasExpired == true).SelectMany(source => source.Repository!.Accepted!.Indices).Select(index => index.Root);
        var superseded = keeper.Settle([.. newest.Concat(expired)]);
        return new SyncResult([.. all.Where(pair => IsWanted(pair.Source.Source)).SelectMany(pair => pair.Suites)], failures, superseded, state.System.Warnings);
    }

    /// <param name="owners">By namespace, the keys that signed where it was met first.</param>
    private List<SyncedSuite> Prove(UpdatedSource source, Dictionary<string, IReadOnlyList<string>> owners, List<SyncFailure> failures)
    {
        var suites = new List<SyncedSuite>();
        if (source.Repository is not { Accepted: { } accepted, HasExpired: false } repository || repository.ReadEvidence() is not { } evidence) return suites;
        foreach (var index in accepted.Indices)
        {
            if (index.Namespace is not { } space)
            {
                failures.Add(Fail(source, true, $"{source.Source.Name}: its Release has no Origin, Codename or Suite that a namespace can be made of, so {index.Path} does not come into the catalogue."));
                continue;
            }
            if (!owners.TryAdd(space, accepted.Signers) && !owners[space].Intersect(accepted.Signers).Any())
            {
                failures.Add(Fail(source, true, $"{source.Source.Name} says that it is {space}, but no key that signed it signed the source that said so first. Remove one of the two, or correct its Signed-By."));
                continue;
            }
            if (!keeper.Has(index.Root)) continue;
            var bytes = source.Update is { } brought ? brought.IndexBytes.GetValueOrDefault(index.Path) + (suites.Count == 0 ? brought.ReleaseBytes : 0) : 0;
            suites.Add(new SyncedSuite(space, accepted.Date, accepted.PayloadDigest, index.Digest, index.Size, index.Root, index.Entries)
            {
                Source = source.Source.Name,
                IsChanged = source.Update?.IsChanged == true,
                Fetched = bytes,
                Signers = accepted.Signers,
                Evidence = evidence,
            });
        }
        return suites;
    }

    private SyncFailure Fail(UpdatedSource source, bool isRefused, string message)
    {
        ImportLog.SourceLeftOut(logger, message);
        return new SyncFailure(source.Source.Name, isRefused, message);
    }
}
