using Microsoft.Extensions.Logging;
using SwarmFS.Catalog;
using SwarmFS.Control;
using SwarmFS.Core;
using SwarmFS.Import;

namespace SwarmFS.Daemon.Catalogue;

/// <summary>Reads the system's apt sources into the own log: now and then by itself, and when a person asks. One reading at a time.</summary>
internal sealed class SuiteSync(Importer importer, ProvenCatalog catalog, IBlockStore store, Activities activities, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    /// <summary>After a reading in which every source failed: a laptop that wakes up has no network for a moment.</summary>
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly CancellationTokenSource _stop = new();
    private Task _loop = Task.CompletedTask;

    /// <summary>What the last reading left undone, for status; empty when all went well.</summary>
    public IReadOnlyList<string> Problems { get; private set; } = [];

    /// <param name="every">Null: never by itself.</param>
    public void Start(TimeSpan? every)
    {
        if (every is { } pause) _loop = Task.Run(() => LoopAsync(pause));
    }

    /// <param name="selection">A suite, codename or namespace's beginning; null for all.</param>
    /// <exception cref="ImportRefusedException">There is no such source.</exception>
    /// <exception cref="StoreFullException">An index does not fit.</exception>
    public async Task<SyncReport> RunAsync(string? selection, IProgress<ProgressReport>? progress, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            using var activity = activities.Begin("sync", selection ?? "all sources", progress);
            var started = time.GetTimestamp();
            var result = await importer.SyncAsync(selection, cancellationToken, new ShownImport(activity));
            var before = catalog.OwnEntries;
            var unwitnessed = await RecordAsync(result.Suites, cancellationToken);
            foreach (var old in result.Superseded) store.Unpin(old);
            IReadOnlyList<string> failures = [.. result.Failures.Select(failure => $"{failure.Source}: {failure.Message}"), .. result.Warnings];
            Problems = failures;
            return new SyncReport(
                [.. result.Suites.Select(suite => new SyncedSuiteReport(suite.Namespace, suite.Date, suite.Entries, suite.Index.ToString(), suite.IsChanged))],
                failures, (int)Math.Max(0, catalog.OwnEntries - before - 1), result.Suites.Sum(suite => suite.Fetched), time.GetElapsedTime(started).TotalSeconds, unwitnessed);
        }
        finally
        {
            _one.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _one.Dispose();
        _stop.Dispose();
    }

    /// <returns>Why it does not count yet, or null.</returns>
    private async Task<string?> RecordAsync(IReadOnlyList<SyncedSuite> suites, CancellationToken cancellationToken)
    {
        if (suites.Count == 0) return null;
        // Two mirrors of one suite: the later word counts.
        var newest = suites.GroupBy(suite => suite.Namespace).Select(group => group.MaxBy(suite => suite.Date)!);
        try
        {
            await catalog.RecordSuitesAsync(
                [.. newest.Select(suite => new SuiteRecord(suite.Namespace, suite.Date, suite.Payload, new ArtifactDigest(suite.Packages, suite.PackagesSize), suite.Index))], cancellationToken);
            return null;
        }
        catch (NotProvableYetException e)
        {
            return e.Message;
        }
    }

    private async Task LoopAsync(TimeSpan pause)
    {
        try
        {
            while (true)
            {
                var isDone = await TryRunAsync();
                await Task.Delay(isDone || RetryAfter > pause ? pause : RetryAfter, time, _stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The node ends.
        }
    }

    private async Task<bool> TryRunAsync()
    {
        try
        {
            var report = await RunAsync(null, progress: null, _stop.Token);
            foreach (var failure in report.Failures) logger.SourceNotSynced(failure);
            logger.Synced(report.Suites.Count, report.Suites.Sum(suite => suite.Packages), report.Recorded, report.Seconds);
            return report.Suites.Count > 0;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            Problems = [e.Message];
            logger.SyncFailed(e.Message);
            return false;
        }
    }
}
