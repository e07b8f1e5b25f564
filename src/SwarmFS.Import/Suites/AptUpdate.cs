using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;

namespace SwarmFS.Import;

/// <summary>A source after an update was tried.</summary>
/// <param name="Repository">Null when what it last said is damaged on disk.</param>
/// <param name="Update">Null when there was none: it failed, was not asked, or had been asked a moment before.</param>
/// <param name="Failure">An <see cref="ImportRefusedException"/> or a <see cref="SourceUnavailableException"/>, or null.</param>
internal sealed record UpdatedSource(AptSource Source, AptRepository? Repository, SuiteUpdate? Update, Exception? Failure);

/// <summary>The system's sources as an update left them. Disposing closes the connections.</summary>
internal sealed record AptState(AptSources System, AptFetcher Fetcher, IReadOnlyList<UpdatedSource> Sources) : IDisposable
{
    public void Dispose() => Fetcher.Dispose();
}

/// <summary>Brings the system's apt sources up to date, one after the other, one update at a time. Where each keeps what it said is this one's affair.</summary>
internal sealed class AptUpdate(ImporterOptions options, string scratch, SuiteIndexKeeper keeper, TimeProvider time, ILogger logger, ImportMetrics metrics)
{
    /// <summary>How long an answer to the question which namespaces a source has stands: they change when a distribution is released.</summary>
    private static readonly TimeSpan ListedFor = TimeSpan.FromHours(1);

    /// <summary>How long a source that did not answer it is left alone: many may wait for packages of it.</summary>
    private static readonly TimeSpan FailedFor = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim _updating = new(1, 1);
    private readonly Dictionary<string, DateTimeOffset> _updated = [];
    private readonly Dictionary<string, Answer> _answers = [];

    private sealed record Answer(IReadOnlyList<string> Namespaces, Exception? Failure, DateTimeOffset At);

    /// <param name="isWanted">Which sources are asked; the others come with what they last said.</param>
    /// <param name="freshFor">A source that was asked within this time is not asked again.</param>
    /// <exception cref="ImportRefusedException">There are no sources.</exception>
    /// <exception cref="SourceUnavailableException">apt is not installed.</exception>
    public async Task<AptState> RunAsync(Func<AptSource, bool> isWanted, TimeSpan freshFor, IProgress<ImportProgress>? progress, CancellationToken cancellationToken)
    {
        var system = await LoadAsync(cancellationToken);
        var fetcher = new AptFetcher(system.Configuration, time, logger, metrics);
        try
        {
            await _updating.WaitAsync(cancellationToken);
            try
            {
                var sources = new List<UpdatedSource>();
                foreach (var source in system.Sources) sources.Add(await UpdateAsync(source, system, fetcher, isWanted(source), freshFor, progress, cancellationToken));
                return new AptState(system, fetcher, sources);
            }
            finally
            {
                _updating.Release();
            }
        }
        catch
        {
            fetcher.Dispose();
            throw;
        }
    }

    /// <summary>
    /// The sources that list a namespace, each with what is needed to fetch from it. Where none is known to, those that were never brought up to date are asked for their signed text: a
    /// node that does not synchronise has the packages that others have proven all the same.
    /// </summary>
    /// <exception cref="ImportRefusedException">There are no sources.</exception>
    /// <exception cref="SourceUnavailableException">apt is not installed; or no source is known to list it, and one that might did not answer.</exception>
    public async Task<(AptState State, IReadOnlyList<AptSource> Having)> FindAsync(string space, IProgress<ImportProgress>? progress, CancellationToken cancellationToken)
    {
        var system = await LoadAsync(cancellationToken);
        var fetcher = new AptFetcher(system.Configuration, time, logger, metrics);
        try
        {
            var having = Having();
            if (having.Count == 0)
            {
                await _updating.WaitAsync(cancellationToken);
                try
                {
                    // Whoever was bringing them up to date a moment ago may have found it.
                    having = Having();
                    if (having.Count == 0) having = await AskAsync(space, system, fetcher, progress, cancellationToken);
                }
                finally
                {
                    _updating.Release();
                }
            }
            return (new AptState(system, fetcher, []), having);
        }
        catch
        {
            fetcher.Dispose();
            throw;
        }

        List<AptSource> Having() => [.. system.Sources.Where(source => ReadAccepted(source)?.Indices.Any(index => index.Namespace == space) == true)];
    }

    private async Task<List<AptSource>> AskAsync(string space, AptSources system, AptFetcher fetcher, IProgress<ImportProgress>? progress, CancellationToken cancellationToken)
    {
        var unread = system.Sources.Where(source => ReadAccepted(source) is null).ToList();
        var answers = await Task.WhenAll(unread.Select(source => AskAsync(source, system, fetcher, progress, cancellationToken)));
        for (var i = 0; i < unread.Count; i++) _answers[DirectoryOf(unread[i])] = answers[i];
        var having = unread.Where((_, i) => answers[i].Namespaces.Contains(space)).ToList();
        return having.Count == 0 && answers.FirstOrDefault(answer => answer.Failure is not null) is { Failure: { } failure } ? throw failure : having;
    }

    private async Task<Answer> AskAsync(AptSource source, AptSources system, AptFetcher fetcher, IProgress<ImportProgress>? progress, CancellationToken cancellationToken)
    {
        var directory = DirectoryOf(source);
        if (_answers.TryGetValue(directory, out var known) && time.GetUtcNow() - known.At < (known.Failure is null ? ListedFor : FailedFor)) return known;
        try
        {
            var repository = new AptRepository(source, system, fetcher, keeper, directory, scratch, time, logger);
            return new Answer(await repository.ReadNamespacesAsync(progress, cancellationToken), null, time.GetUtcNow());
        }
        catch (Exception e) when (e is ImportRefusedException or SourceUnavailableException)
        {
            ImportLog.SourceLeftOut(logger, e.Message);
            return new Answer([], e, time.GetUtcNow());
        }
    }

    private async Task<AptSources> LoadAsync(CancellationToken cancellationToken)
    {
        var system = await AptSources.LoadAsync(options.Apt, time, cancellationToken);
        foreach (var warning in system.Warnings) ImportLog.SourceLeftOut(logger, warning);
        return system.Sources.Count > 0
            ? system
            : throw new ImportRefusedException($"{options.Apt.EtcDirectory} names no package source that can be used. Add one to sources.list.d. {string.Join(" ", system.Warnings)}".TrimEnd());
    }

    private AcceptedSuite? ReadAccepted(AptSource source)
    {
        try
        {
            return AcceptedSuite.Read(DirectoryOf(source));
        }
        catch (ImportRefusedException e)
        {
            ImportLog.SourceLeftOut(logger, e.Message);
            return null;
        }
    }

    private async Task<UpdatedSource> UpdateAsync(
        AptSource source, AptSources system, AptFetcher fetcher, bool isWanted, TimeSpan freshFor, IProgress<ImportProgress>? progress, CancellationToken cancellationToken)
    {
        AptRepository? repository = null;
        try
        {
            var directory = DirectoryOf(source);
            repository = new AptRepository(source, system, fetcher, keeper, directory, scratch, time, logger);
            var now = time.GetUtcNow();
            var isFresh = repository.Accepted is not null && _updated.TryGetValue(directory, out var last) && now - last < freshFor;
            if (!isWanted || isFresh)
            {
                await Task.Run(repository.RestoreIndices, cancellationToken);
                return new UpdatedSource(source, repository, null, null);
            }
            var update = await repository.UpdateAsync(progress, cancellationToken);
            _updated[directory] = now;
            return new UpdatedSource(source, repository, update, null);
        }
        catch (Exception e) when (e is ImportRefusedException or SourceUnavailableException)
        {
            if (repository is not null) await Task.Run(repository.RestoreIndices, cancellationToken);
            return new UpdatedSource(source, repository, null, e);
        }
    }

    private string DirectoryOf(AptSource source) => Path.Join(options.StateDirectory, "suites", Key(source));

    /// <summary>Readable for a person, and one for each combination of address, suite and components.</summary>
    private static string Key(AptSource source)
    {
        var readable = new string([.. source.Name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' ? c : '_')]);
        var identity = $"{source.Name} {string.Join(' ', source.Components)}";
        return $"{(readable.Length > 100 ? readable[..100] : readable)}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(identity)).AsSpan(0, 6))}";
    }
}
