using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using SwarmFS.Core;

namespace SwarmFS.Catalog;

/// <summary>
/// Makes the trees that no log has, each once for all who ask at the same time, and writes what was made into the own log: what comes within a second is one batch. A root is known as soon as
/// its tree is made; a crash within that second costs making it once more. Safe from any thread.
/// </summary>
/// <param name="patience">How long who waits for a tree bears that its origin delivers nothing. The making goes on without him.</param>
internal sealed class TreeMaker(IOrigin? origin, ImporterLog? own, Func<bool> maySign, TimeSpan patience, TimeProvider time, ILogger log) : IAsyncDisposable
{
    private static readonly TimeSpan BatchPause = TimeSpan.FromSeconds(1);

    /// <summary>Trees made that wait for their batch. Beyond it the oldest are only known until the end of the process.</summary>
    private const int WaitingMax = ImporterLog.RecordsPerBatchMax;

    private readonly ConcurrentDictionary<Sha256Digest, Making> _making = new();
    private readonly ConcurrentDictionary<Sha256Digest, TreeRecord> _made = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private List<(TreeRecord Record, MadeTree Tree)> _waiting = [];
    private Task _batch = Task.CompletedTask;

    /// <summary>What this node saw with its own eyes.</summary>
    public TreeRecord? Made(Sha256Digest artifact) => _made.TryGetValue(artifact, out var made) ? made : own?.State.Tree(artifact);

    /// <exception cref="ContentUnavailableException">There is no origin, or it does not deliver, or nothing for longer than the caller's patience.</exception>
    public async Task<Cid> MakeAsync(OriginPackage package, CancellationToken cancellationToken)
    {
        if (origin is null) throw new ContentUnavailableException($"Nobody has unpacked {package.Name} {package.Version}, and this node has no origin to get it from.");
        var start = new Making(time);
        var making = _making.GetOrAdd(package.Artifact.Sha256, start);
        if (making == start) _ = RunAsync(package, start);
        for (var since = time.GetTimestamp(); !making.Result.IsCompleted;)
        {
            var isFetching = making.Stage == MakingStage.Fetching;
            var silent = time.GetElapsedTime(Math.Max(since, making.Heard));
            if (isFetching && silent >= patience)
                throw new ContentUnavailableException($"The origin of {package.Name} {package.Version} has delivered nothing for {silent.TotalSeconds:f0} s. It is still asked: try again later.");
            try
            {
                await making.Result.WaitAsync(isFetching ? patience - silent : Timeout.InfiniteTimeSpan, time, cancellationToken);
            }
            catch (TimeoutException)
            {
                // Something may have come meanwhile.
            }
        }
        return await making.Result;
    }

    private async Task RunAsync(OriginPackage package, Making making)
    {
        try
        {
            var tree = await origin!.MakeAsync(package, making, _stop.Token);
            var record = new TreeRecord(package.Artifact, tree.Root, tree.Files, tree.Bytes);
            _made[package.Artifact.Sha256] = record;
            Wait(record, tree);
            _making.TryRemove(package.Artifact.Sha256, out _);
            making.Succeed(tree.Root);
        }
        catch (Exception e)
        {
            _making.TryRemove(package.Artifact.Sha256, out _);
            making.Fail(e is OperationCanceledException ? new ContentUnavailableException($"The node ended while {package.Name} {package.Version} was made.") : e);
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

    private sealed class Making(TimeProvider time) : IProgress<MakingStage>
    {
        private readonly TaskCompletionSource<Cid> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long _heard = time.GetTimestamp();
        private volatile MakingStage _stage;

        public Task<Cid> Result => _result.Task;

        public MakingStage Stage => _stage;

        /// <summary>When the origin delivered something last.</summary>
        public long Heard => Volatile.Read(ref _heard);

        public void Report(MakingStage value)
        {
            Volatile.Write(ref _heard, time.GetTimestamp());
            _stage = value;
        }

        public void Succeed(Cid root) => _result.TrySetResult(root);

        public void Fail(Exception e)
        {
            _result.TrySetException(e);
            // When everybody has left, nobody else looks at the exception.
            _ = _result.Task.Exception;
        }
    }
}
