using System.Runtime.ExceptionServices;
using Microsoft.Extensions.Logging;
using SwarmFS.Catalog;

namespace SwarmFS.Import;

/// <summary>Finds a package among the system's apt sources, brought up to date, and fetches its .deb.</summary>
internal sealed class AptImport(AptUpdate update, DebFetch fetch, ILogger logger)
{
    /// <summary>An update that is younger is not repeated: ten packages imported in a row ask each suite once.</summary>
    private static readonly TimeSpan FreshFor = TimeSpan.FromMinutes(1);

    /// <param name="package">"name" or "name=version".</param>
    /// <exception cref="ImportRefusedException">No source has it, or a check fails.</exception>
    /// <exception cref="SourceUnavailableException">A source that is needed does not answer.</exception>
    public async Task<FetchedArtifact> FetchAsync(string package, IProgress<ImportProgress>? progress, CancellationToken cancellationToken)
    {
        var (name, version) = Parse(package);
        using var state = await update.RunAsync(_ => true, FreshFor, progress, cancellationToken);
        var (repositories, failures) = Believed(state);
        if (repositories.Count == 0) ExceptionDispatchInfo.Throw(failures[0]);
        var warnings = failures.ConvertAll(failure => failure.Message);
        var candidate = await Task.Run(() => Newest(repositories, name, version), cancellationToken) ?? throw NotFound(name, version, state.System, warnings);
        var entry = candidate.Entry;
        var path = await fetch.RunAsync(new Uri(candidate.Repository.Source.Address, entry.Filename), entry.Artifact, state.Fetcher, progress, cancellationToken);
        return new FetchedArtifact(path, new ExpectedPackage(entry.Name, PackageNames.FromPathVersion(entry.Version), entry.Artifact), candidate.Evidence(), warnings);
    }

    private static (string Name, string? Version) Parse(string package)
    {
        var equals = package.IndexOf('=');
        var (name, version) = equals < 0 ? (package, null) : (package[..equals], package[(equals + 1)..]);
        var reason = DebianGrammar.CheckName(name) ?? (version is null ? null : DebianGrammar.CheckVersion(version));
        return reason is null ? (name, version) : throw new ImportRefusedException($"'{EscapedText.Of(package)}' names no package: {reason}. Write name or name=version.");
    }

    /// <summary>
    /// The repositories whose word counts, and why the others' does not. A source that is silent is no reason to do without what it said before, as long as that holds; one that
    /// was believed and now lies ends the import. One that was never believed (a third party's with an expired key, say) does not keep the others from answering.
    /// </summary>
    private (List<AptRepository> Repositories, List<Exception> Failures) Believed(AptState state)
    {
        var repositories = new List<AptRepository>();
        var failures = new List<Exception>();
        foreach (var source in state.Sources)
        {
            if (source.Repository is { Accepted: { } accepted } repository)
            {
                if (source.Failure is ImportRefusedException || (source.Failure is not null && repository.HasExpired)) ExceptionDispatchInfo.Throw(source.Failure);
                if (source.Failure is { } silence) ImportLog.SourceUnreachable(logger, source.Source.Name, accepted.Date, silence.Message);
                repositories.Add(repository);
            }
            else if (source.Failure is { } failure)
            {
                if (source.Repository is null) ExceptionDispatchInfo.Throw(failure);
                ImportLog.SourceLeftOut(logger, failure.Message);
                failures.Add(failure);
            }
        }
        return (repositories, failures);
    }

    private static Candidate? Newest(List<AptRepository> repositories, string name, string? version)
    {
        Candidate? best = null;
        foreach (var repository in repositories)
        {
            foreach (var (entry, index) in repository.Find(name))
            {
                var of = PackageNames.FromPathVersion(entry.Version);
                if (version is not null && of != version) continue;
                if (best is null || DebianVersion.Order.Compare(of, PackageNames.FromPathVersion(best.Entry.Version)) > 0) best = new Candidate(repository, entry, index);
            }
        }
        return best;
    }

    private static ImportRefusedException NotFound(string name, string? version, AptSources system, List<string> warnings)
    {
        var what = version is null ? $"'{name}'" : $"version {version} of '{name}'";
        return new($"No package source has {what} for {system.Configuration.Architecture}; asked were {string.Join(", ", system.Sources.Select(s => s.Name))}. Check the spelling (apt-cache policy {name}), or add a source. {string.Join(" ", warnings)}".TrimEnd());
    }

    private sealed record Candidate(AptRepository Repository, SuiteIndexEntry Entry, AcceptedIndex Index)
    {
        public AptEvidence Evidence()
        {
            var accepted = Repository.Accepted!;
            return new AptEvidence(Repository.Source.Name, accepted.Date, accepted.Signers, accepted.PayloadDigest, Index.Digest);
        }
    }
}
