using Microsoft.Extensions.Logging;
using SwarmFS.Catalog;
using SwarmFS.Core;

namespace SwarmFS.Daemon.Catalogue;

/// <summary>
/// The last source of a block: the origin's archive, unpacked here again. Asked only for what a reader waits for, and only after peers had their chance, since it costs a mirror a whole
/// archive. The making goes on when the reader has given up: who reads again finds the blocks here.
/// </summary>
/// <param name="find">What a root is made from; null where no archive is known for it.</param>
internal sealed class OriginSource(Func<Cid, OriginPackage?> find, IOrigin origin, IBlockStore store, TimeProvider time, ILogger logger) : IBlockSource, IAsyncDisposable
{
    /// <summary>How long peers are alone. They answer within a round trip; one that is far away and busy may take seconds.</summary>
    private static readonly TimeSpan PeersFirst = TimeSpan.FromSeconds(3);

    /// <summary>How long the blocks of a tree that was made stay held: until the reader that wanted them has come back for the rest.</summary>
    private static readonly TimeSpan HeldFor = TimeSpan.FromMinutes(1);

    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<Cid, Task<string?>> _making = [];

    public string Name => "origin";

    public async Task<FetchResult> FetchAsync(FetchRequest request, IBlockSink sink, CancellationToken cancellationToken)
    {
        if (request.Priority > FetchPriority.Demand) return new FetchResult(0, request.Blocks.Count, null);
        if (await MadeAsync(request.Root, cancellationToken) is { } reason) return new FetchResult(0, request.Blocks.Count, reason);
        var delivered = 0;
        foreach (var cid in request.Blocks)
        {
            if (!store.TryGet(cid, out var block)) continue;
            sink.Deliver(block);
            delivered++;
        }
        var missing = request.Blocks.Count - delivered;
        return new FetchResult(delivered, missing, missing == 0 ? null : $"the origin's archive does not have {missing} of these blocks");
    }

    public async Task<FetchResult> FetchTreeAsync(TreeRequest request, IBlockSink sink, CancellationToken cancellationToken)
    {
        if (await MadeAsync(request.Root, cancellationToken) is { } reason) return new FetchResult(0, 1, reason);
        if (!store.TryGet(request.Start, out var start)) return new FetchResult(0, 1, "the origin's archive does not have this node");
        // What else was asked for lies in the store already, where whoever asked looks next.
        sink.Deliver(start);
        return new FetchResult(1, 0, null);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Task<string?>[] making;
        lock (_gate) making = [.. _making.Values];
        await Task.WhenAll(making);
        _stop.Dispose();
    }

    /// <returns>Null when the tree is here now; otherwise why it is not.</returns>
    private async Task<string?> MadeAsync(Cid root, CancellationToken cancellationToken)
    {
        if (find(root) is not null) await Task.Delay(PeersFirst, time, cancellationToken);
        if (find(root) is not { } package) return "the origin has no archive for this root";
        Task<string?> making;
        lock (_gate)
        {
            if (!_making.TryGetValue(root, out making!)) _making[root] = making = Task.Run(() => MakeAsync(root, package));
        }
        return await making.WaitAsync(cancellationToken);
    }

    private async Task<string?> MakeAsync(Cid root, OriginPackage package)
    {
        try
        {
            var made = await origin.MakeAsync(package, progress: null, _stop.Token);
            _ = LetGoAsync(made);
            if (made.Root == root) return null;
            logger.OriginDisagrees(package.Name, package.Version, root.ToString(), made.Root.ToString());
            return $"the origin's archive of {package.Name} {package.Version} unpacks to another root, {made.Root}: who recorded {root} lied";
        }
        catch (Exception e) when (e is ContentUnavailableException or OperationCanceledException)
        {
            return e.Message;
        }
        finally
        {
            lock (_gate) _making.Remove(root);
        }
    }

    private async Task LetGoAsync(MadeTree made)
    {
        using (made)
        {
            await Task.Delay(HeldFor, time, _stop.Token).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }
}
