using System.Runtime.ExceptionServices;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using SwarmFS.Catalog;
using SwarmFS.Core;

namespace SwarmFS.Import;

/// <summary>Finds a package among the system's apt sources, brought up to date, and fetches its .deb.</summary>
internal sealed class AptImport(ImporterOptions options, string scratch, TimeProvider time, ILogger logger, ImportMetrics metrics)
{
    /// <summary>An update that is younger is not repeated: ten packages imported in a row ask each suite once.</summary>
    private static readonly TimeSpan FreshFor = TimeSpan.FromMinutes(1);

    /// <summary>Bytes of a .deb: the ceiling of what it may unpack to.</summary>
    private const long MaxDeb = 16L << 30;

    private readonly SemaphoreSlim _updating = new(1, 1);
    private readonly Dictionary<string, DateTimeOffset> _updated = [];

    /// <param name="package">"name" or "name=version".</param>
    /// <exception cref="ImportRefusedException">No source has it, or a check fails.</exception>
    /// <exception cref="SourceUnavailableException">A source that is needed does not answer.</exception>
    public async Task<FetchedArtifact> FetchAsync(string package, IProgress<ImportProgress>? progress, CancellationToken cancellationToken)
    {
        var (name, version) = Parse(package);
        var system = await AptSources.LoadAsync(options.Apt, time, cancellationToken);
        foreach (var warning in system.Warnings) ImportLog.SourceLeftOut(logger, warning);
        if (system.Sources.Count == 0)
            throw new ImportRefusedException($"{options.Apt.EtcDirectory} names no package source that can be used. Add one to sources.list.d. {string.Join(" ", system.Warnings)}".TrimEnd());
        using var fetcher = new AptFetcher(system.Configuration, time, logger, metrics);
        await _updating.WaitAsync(cancellationToken);
        Candidate? candidate;
        var failures = new List<Exception>();
        try
        {
            var repositories = await UpdateAllAsync(system, fetcher, failures, progress, cancellationToken);
            if (repositories.Count == 0) ExceptionDispatchInfo.Throw(failures[0]);
            candidate = await Task.Run(() => Newest(repositories, name, version), cancellationToken);
        }
        finally
        {
            _updating.Release();
        }
        var warnings = failures.ConvertAll(failure => failure.Message);
        if (candidate is null) throw NotFound(name, version, system, warnings);
        return await FetchDebAsync(candidate, fetcher, warnings, progress, cancellationToken);
    }

    private static (string Name, string? Version) Parse(string package)
    {
        var equals = package.IndexOf('=');
        var (name, version) = equals < 0 ? (package, null) : (package[..equals], package[(equals + 1)..]);
        var reason = DebianGrammar.CheckName(name) ?? (version is null ? null : DebianGrammar.CheckVersion(version));
        return reason is null ? (name, version) : throw new ImportRefusedException($"'{EscapedText.Of(package)}' names no package: {reason}. Write name or name=version.");
    }

    /// <returns>The repositories that have an accepted state; why the others have none is in <paramref name="failures"/>.</returns>
    private async Task<List<AptRepository>> UpdateAllAsync(
        AptSources system, AptFetcher fetcher, List<Exception> failures, IProgress<ImportProgress>? progress, CancellationToken cancellationToken)
    {
        var repositories = new List<AptRepository>();
        foreach (var source in system.Sources)
        {
            var directory = Path.Join(options.StateDirectory, "suites", Key(source));
            var repository = new AptRepository(source, system, fetcher, directory, scratch, time, logger);
            await UpdateAsync(repository, directory, failures, progress, cancellationToken);
            if (repository.Accepted is not null) repositories.Add(repository);
        }
        return repositories;
    }

    /// <summary>
    /// A source that is silent is no reason to do without what it said before, as long as that holds; one that was believed and now lies ends the import. One that was never believed
    /// (a third party's with an expired key, say) does not keep the others from answering.
    /// </summary>
    private async Task UpdateAsync(
        AptRepository repository, string directory, List<Exception> failures, IProgress<ImportProgress>? progress, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (repository.Accepted is not null && _updated.TryGetValue(directory, out var last) && now - last < FreshFor) return;
        try
        {
            await repository.UpdateAsync(progress, cancellationToken);
            _updated[directory] = now;
        }
        catch (SourceUnavailableException e) when (repository.Accepted is { } accepted && !repository.HasExpired)
        {
            ImportLog.SourceUnreachable(logger, repository.Source.Name, accepted.Date, e.Message);
        }
        catch (Exception e) when (e is SourceUnavailableException or ImportRefusedException && repository.Accepted is null)
        {
            ImportLog.SourceLeftOut(logger, e.Message);
            failures.Add(e);
        }
    }

    /// <summary>Readable for a person, and one for each combination of address, suite and components.</summary>
    private static string Key(AptSource source)
    {
        var readable = new string([.. source.Name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' ? c : '_')]);
        var identity = $"{source.Name} {string.Join(' ', source.Components)}";
        return $"{(readable.Length > 100 ? readable[..100] : readable)}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(identity)).AsSpan(0, 6))}";
    }

    private static Candidate? Newest(List<AptRepository> repositories, string name, string? version)
    {
        Candidate? best = null;
        foreach (var repository in repositories)
        {
            foreach (var (package, index) in repository.Find(name))
            {
                if (version is not null && package.Package.Version != version) continue;
                if (best is null || DebianVersion.Order.Compare(package.Package.Version, best.Package.Package.Version) > 0)
                    best = new Candidate(repository, package, index);
            }
        }
        return best;
    }

    private async Task<FetchedArtifact> FetchDebAsync(
        Candidate candidate, AptFetcher fetcher, List<string> warnings, IProgress<ImportProgress>? progress, CancellationToken cancellationToken)
    {
        var expected = candidate.Package.Package;
        var address = new Uri(candidate.Repository.Source.Address, candidate.Package.Filename);
        if (expected.Artifact.Size > MaxDeb) throw new ImportRefusedException($"{address} is refused: it has {expected.Artifact.Size} bytes; {MaxDeb} are allowed.");
        var path = Path.Join(scratch, $"{expected.Artifact.Sha256}-{Guid.NewGuid():n}.deb");
        try
        {
            await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite);
            await fetcher.FetchAsync(address, file, expected.Artifact.Size, expected.Artifact.Size, progress, ImportStage.Downloading, cancellationToken);
            file.Position = 0;
            if (new Sha256Digest(await SHA256.HashDataAsync(file, cancellationToken)) != expected.Artifact.Sha256)
                throw new ImportRefusedException($"{address} is refused: it does not have the SHA-256 that the index lists for it. Try again later, or choose another mirror.");
        }
        catch
        {
            File.Delete(path);
            throw;
        }
        return new FetchedArtifact(path, expected, candidate.Evidence(), warnings);
    }

    private static ImportRefusedException NotFound(string name, string? version, AptSources system, List<string> warnings)
    {
        var what = version is null ? $"'{name}'" : $"version {version} of '{name}'";
        return new($"No package source has {what} for {system.Configuration.Architecture}; asked were {string.Join(", ", system.Sources.Select(s => s.Name))}. Check the spelling (apt-cache policy {name}), or add a source. {string.Join(" ", warnings)}".TrimEnd());
    }

    private sealed record Candidate(AptRepository Repository, ListedPackage Package, AcceptedIndex Index)
    {
        public AptEvidence Evidence()
        {
            var accepted = Repository.Accepted!;
            return new AptEvidence(Repository.Source.Name, accepted.Date, accepted.Signers, accepted.PayloadDigest, Index.Digest);
        }
    }
}
