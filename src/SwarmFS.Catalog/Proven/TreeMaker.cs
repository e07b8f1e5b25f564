using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using SwarmFS.Core;

namespace SwarmFS.Catalog;

/// <summary>
/// Makes the trees that no log has, each once for all who ask at the same time, and writes what was made into the own log: what comes within a second is one batch. A root is known as soon as
/// its tree is made; a crash within that second costs making it once more. Safe from any thread.
/// </summary>
internal sealed class TreeMaker(IOrigin? origin, ImporterLog? own, Func<bool> maySign, TimeProvider time, ILogger log) : IAsyncDisposable
{
    private static readonly TimeSpan BatchPause = TimeSpan.FromSeconds(1);

    /// <summary>Trees made that wait for their batch. Beyond it the oldest are only known until the end of the process.</summary>
    private const int WaitingMax = ImporterLog.RecordsPerBatchMax;

    private readonly ConcurrentDictionary<Sha256Digest, Task<Cid>> _making = new();
    private readonly ConcurrentDictionary<Sha256Digest, TreeRecord> _made = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private List<(TreeRecord Record, MadeTree Tree)> _waiting = [];
    private Task _batch = Task.CompletedTask;

    /// <summary>What this node saw with its own eyes.</summary>
    public TreeRecord? Made(Sha256Digest artifact) => _made.TryGetValue(artifact, out var made) ? made : own?.State.Tree(artifact);

    /// <exception cref="ContentUnavailableException">There is no origin, or it does not deliver.</exception>
    public async Task<Cid> MakeAsync(OriginPackage package, CancellationToken cancellationToken)
    {
        if (origin is null) throw new ContentUnavailableException($"Nobody has unpacked {package.Name} {package.Version}, and this node has no origin to get it from.");
        var start = new TaskCompletionSource<Cid>(TaskCreationOptions.RunContinuationsAsynchronously);
        var making = _making.GetOrAdd(package.Artifact.Sha256, start.Task);
        if (making == start.Task) _ = RunAsync(package, start);
        return await making.WaitAsync(cancellationToken);
    }

    private async Task RunAsync(OriginPackage package, TaskCompletionSource<Cid> result)
    {
        try
        {
            var tree = await origin!.MakeAsync(package, _stop.Token);
            var record = new TreeRecord(package.Artifact, tree.Root, tree.Files, tree.Bytes);
            _made[package.Artifact.Sha256] = record;
            Wait(record, tree);
            _making.TryRemove(package.Artifact.Sha256, out _);
            result.TrySetResult(tree.Root);
        }
        catch (Exception e)
        {
            _making.TryRemove(package.Artifact.Sha256, out _);
            result.TrySetException(e is OperationCanceledException ? new ContentUnavailableException($"The node ended while {package.Name} {package.Version} was made.") : e);
            // When everybody has left, nobody else looks at the exception.
            _ = result.Task.Exception;
        }
    }

    private void Wait(TreeRecord record, MadeTree tree)
    {
        lock (_gate)
        {
            if (_waiting.Count >= WaitingMax)
            {
                tree.Dispose();
                return;
            }
            _waiting.Add((record, tree));
            if (_waiting.Count == 1) _batch = WriteSoonAsync(_batch);
        }
    }

    private async Task WriteSoonAsync(Task before)
    {
        try
        {
            await Task.Delay(BatchPause, time, _stop.Token);
        }
        catch (OperationCanceledException)
        {
            // The end writes at once.
        }
        await before;
        await WriteAsync();
    }

    private async Task WriteAsync()
    {
        List<(TreeRecord Record, MadeTree Tree)> batch;
        lock (_gate) (batch, _waiting) = (_waiting, []);
        if (batch.Count == 0) return;
        try
        {
            if (own is not null && maySign()) await own.AppendAsync([.. batch.Select(item => item.Record)], CancellationToken.None);
        }
        catch (Exception e) when (e is StoreFullException or ContentUnavailableException or IOException or InvalidTreeException)
        {
            CatalogLog.TreesNotLogged(log, e);
        }
        foreach (var (_, tree) in batch) tree.Dispose();
    }

    /// <summary>Writes what waits. The own log must still be there.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Task batch;
        lock (_gate) batch = _batch;
        await batch;
        await WriteAsync();
        _stop.Dispose();
    }
}
